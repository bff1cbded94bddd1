"""Joining another node by its invitation; the other side is `doorkeeper`.

1. Whoever answers at the address is greeted, and its id must have the code's fingerprint: else nothing more is said.
2. A `join` goes to that id alone, with a proof of the code that is good for these two nodes only.
3. Its signed answer is believed when it answers this very join. Once it says "admitted", the inviter is a peer here
   and, unless told otherwise, a source: one batch. Before that nothing is kept. What it refused for want of an
   invitation waits to be brought to it again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from hansa.identity.envelope import Verified
from hansa.kernel.canonical import Json
from hansa.kernel.errors import Refused, UsageError
from hansa.kernel.ids import NodeId
from hansa.kernel.verdict import BY_CODE, Reason
from hansa.kernel.wire import parse
from hansa.node.answers import their_refusal
from hansa.node.core import LIVE_MS, Core
from hansa.node.driver import Effects
from hansa.node.events import Kind
from hansa.node.outbox import LIMIT
from hansa.node.rows import OutboxRow, PeerRow, PutMark, PutOutbox, PutPeer, PutSubscription, SubscriptionRow
from hansa.node.subscribing import Subscriber
from hansa.overlay import messages as overlay
from hansa.overlay.invitation import Code, fingerprint, proof
from hansa.overlay.messages import Joined, Outcome


@dataclass(frozen=True, slots=True)
class Joining:
    """What joining came to: admitted or waiting; and with whom.

    Attributes:
        tried_again: how many records wait for it again that it had refused from a stranger.
    """

    outcome: Outcome
    inviter: NodeId
    name: str
    role: str
    tried_again: int = 0


class Joiner:
    """Asks other nodes to be let in."""

    def __init__(self, core: Core, subscriber: Subscriber) -> None:
        """Works for one node."""
        self._core = core
        self._subscriber = subscriber

    async def look(self, url: str, code: Code) -> Verified:
        """Returns the welcome of the node at `url`, which has made the code; it is not joined, and nothing is kept.

        Raises:
            Unavailable, UsageError, Refused: WRONG_INVITER and others, see `join`.
        """
        return await self._met(url, code)

    async def join(
        self, url: str, code: Code, own_url: str = "", subscribe: bool = True, inviter: NodeId | None = None
    ) -> Joining:
        """Comes with a code to the node at `url`. Doing it again changes nothing, and takes no second use.

        Args:
            own_url: where this node answers; "" to say nothing of it.
            subscribe: pull from the inviter as well, once it has let this node in.
            inviter: who must answer, where somebody was shown and agreed to; None for whoever made the code.

        Raises:
            Unavailable: no answer, or this node does not go there. UsageError: it is this node itself.
            Refused: WRONG_INVITER, when another node answers there than the one that made the code; BAD_INVITATION and
                others, as the inviter says.
        """
        inviter = (await self._met(url, code, inviter)).author  # 1
        joined = await self._ask(url, inviter, code, own_url)  # 2
        if joined.outcome is Outcome.REFUSED:
            raise Refused(BY_CODE.get(joined.reason, Reason.BAD_INVITATION), f"says {url}")
        again = 0
        if joined.outcome is Outcome.ADMITTED:
            again = await self._keep(url, inviter, joined, subscribe)  # 3
        return Joining(joined.outcome, inviter, joined.name, joined.role, again)

    async def _met(self, url: str, code: Code, inviter: NodeId | None = None) -> Verified:
        welcome = await self._subscriber.greet(url, inviter)
        if welcome.author == self._core.me:
            raise UsageError(f"{url} is this node itself: join another one")
        if fingerprint(welcome.author) != code.fingerprint:
            raise Refused(Reason.WRONG_INVITER, f"{welcome.author} answers at {url}")
        return welcome

    async def _ask(self, url: str, inviter: NodeId, code: Code, own_url: str) -> Joined:
        settings = self._core.settings
        body: Json = {
            "proof": proof(code.secret, inviter, self._core.me),
            "name": settings.name,
            "role": settings.role,
            "url": own_url,
        }
        sealed = self._core.seal(overlay.JOIN, body, recipient=inviter, expires_in=LIVE_MS)
        answer = await self._core.caller.post(url, "/join", sealed.raw)
        if answer.status != 200:
            raise their_refusal(url, answer)
        message: Verified = await self._subscriber.answered(url, answer.body, overlay.JOINED, inviter)
        joined = parse(message.body, Joined)
        if joined.to != sealed.id:
            raise Refused(Reason.WRONG_RECIPIENT, "the answer is to another join")
        return joined

    async def _keep(self, url: str, inviter: NodeId, joined: Joined, subscribe: bool) -> int:
        async with self._core.turns.of(inviter, url):
            row = self._core.store.peer(inviter) or PeerRow(inviter)
            joiner = PutPeer(replace(row, name=joined.name, role=joined.role, invited=True, url=url))
            effects = Effects([joiner, PutMark(given_mark(url), inviter)])
            effects.show(Kind.PEER_INVITED, inviter, joined.name)
            if subscribe and all(one.url != url for one in self._core.store.subscriptions()):
                source = SubscriptionRow(url, inviter, at=self._core.now())
                effects.changes.append(PutSubscription(source))
                effects.show(Kind.SOURCE_SUBSCRIBED, inviter, url, url=url)
            again = [row for row in self._core.store.outbox("refused", LIMIT) if _was_strange(row, url)]
            effects.changes += [PutOutbox(replace(row, state="pending", reason="", tries=0)) for row in again]
            await self._core.driver.perform(effects)
        return len(again)


def given_mark(url: str) -> str:
    """Returns the mark of a store whose operator gave an address: joined there, or let somebody in with it."""
    return f"given {url.rstrip('/')}"


def _was_strange(row: OutboxRow, url: str) -> bool:
    return row.url == url and row.reason == Reason.UNKNOWN_PEER.code
