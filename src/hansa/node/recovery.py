"""After an old backup was restored: asking the sources what this node has said since, before it says anything new.

A backup lacks what was published and taken back after it was made. Going on from it at once would show subscribers a
history other than the one they walked, and bring skills back that were removed (goal L6, threat 68). So the store
carries a mark; while it is there, nothing lasting is signed (`Core.seal`).

1. Each source's feed is walked from its beginning, checked as in any pull, for records whose author is this node.
2. Once every source has answered, those that are not here are taken in, in the order of their numbers: into the feed
   again, and with their tombstones.
3. The mark goes, and with it every invitation: which of them were used or taken back since, the copy does not know.
   An operator can take it away without asking.

Where the node has neighbours in the overlay they are asked as well (`recollecting`): enough of them will do, too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

from hansa.admission.service import Via
from hansa.identity import envelope
from hansa.identity.peek import named_number
from hansa.kernel.errors import Refused
from hansa.kernel.ids import ContentId, NodeId
from hansa.kernel.verdict import Box
from hansa.node.core import ASK_FIRST, Core
from hansa.node.driver import Effects
from hansa.node.inbox import Inbox
from hansa.node.membership import DropInvitations
from hansa.node.rows import PutMark
from hansa.node.subscribing import Subscriber
from hansa.overlay.recollection import needed


class Found(NamedTuple):
    """A record of this node's own that others still have, and the neighbour that brought it; "" for a source."""

    raw: bytes
    source: str = ""


class Recovery:
    """Brings back what this node has said."""

    def __init__(self, core: Core, inbox: Inbox, subscriber: Subscriber) -> None:
        """Works for one node."""
        self._core = core
        self._inbox = inbox
        self._subscriber = subscriber
        self._asked: dict[str, list[bytes]] = {}

    async def ask(self, url: str) -> list[ContentId]:
        """Asks one source; once all of them have answered, takes in what is missing here and goes on as usual.

        Returns:
            The records that came back.

        Raises:
            Unavailable: no answer. Refused: the source contradicts itself. The mark stays.
        """
        if not self._core.asks_first:
            return []
        self._asked[url] = await self._subscriber.said_by_me(url)
        if any(one.url not in self._asked for one in self._core.store.subscriptions()):
            return []
        return await self._take(data for found in self._asked.values() for data in found)

    async def go_on(self, note: str) -> None:
        """Takes the mark away; nothing happens when there is none."""
        await go_on(self._core, note)
        self._asked.clear()

    async def _take(self, found: Iterable[bytes]) -> list[ContentId]:
        taken = await bring_back(self._core, self._inbox, (Found(data) for data in found))
        await self.go_on(f"every source was asked; {len(taken)} of this node's own records came back")
        return taken


async def go_on(core: Core, note: str) -> None:
    """Takes the mark away; nothing happens when there is none."""
    if not core.asks_first:
        return
    void = tuple(one.id for one in core.store.invitations())
    effects = Effects([PutMark(ASK_FIRST, ""), DropInvitations(void)])
    effects.changes.append(core.driver.note(ContentId(core.me), Box.STORE, None, None, note))
    await core.driver.perform(effects)
    core.asks_first = False


def whom_to_ask(core: Core) -> tuple[list[NodeId], list[NodeId]]:
    """Returns whom the operator knows, and the sources among them."""
    sources = [one.peer for one in core.store.subscriptions()]
    peers = [one.id for one in core.store.peers() if one.invited and not one.banned]
    return [one for one in dict.fromkeys([*peers, *sources]) if one != core.me], sources


def outlook(core: Core, answered: Collection[NodeId] = ()) -> dict[str, int | bool] | None:
    """Returns what a restored node waits for; None where it waits for nothing.

    Args:
        answered: the neighbours that have answered so far.
    """
    if not core.asks_first:
        return None
    known, sources = whom_to_ask(core)
    return {
        "sources": len(sources),
        "known": len(known),
        "needed": needed(len(known)),
        "answered": sum(one in answered for one in known),
        "only_by_hand": not sources and len(known) < needed(len(known)),
    }


async def bring_back(core: Core, inbox: Inbox, found: Iterable[Found]) -> list[ContentId]:
    """Takes in what this node has said, in the order of its numbers; returns what was not here."""
    messages = {one.id: (one, source) for one, source in ((envelope.read(raw), source) for raw, source in found)}
    taken = []
    for message, source in sorted(messages.values(), key=lambda one: (named_number(one[0]), one[0].id)):
        if core.store.record(message.id) is not None:
            continue
        via = Via.LINK if source else Via.FEED
        try:
            taken.append((await inbox.receive(message.raw, via, source or "its sources, after a restore")).id)
        except Refused:
            continue  # noted and counted where every refusal is
    core.numbering.used(core.store.last_seq(core.me))
    return taken
