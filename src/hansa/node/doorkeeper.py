"""Letting nodes in by invitation: issuing codes, deciding on who comes with one, and the operator's word.

What becomes of a `join`, in order:

1. who is in already is told so: no use is taken, so a joiner whose answer was lost asks again
2. a store that may be an older copy lets nobody in: its invitations may have been used or taken back since
3. the proof fits no open invitation: who waits already is told so, anybody else is refused; a code that never was and
   one that is used up, expired or withdrawn are refused alike, and at the same cost
4. the invitation asks the operator: one use less, and the joiner waits; of those who wait there are `MAX_WAITING`
5. otherwise: one use less, and the joiner is in

4 and 5 are one batch each: the use is taken and the joiner is in, or neither, and both are on the disk before anybody
hears of it. Bans, replays, addressees, times and rates were judged before (`admission.service`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from hansa.admission.service import Admitted
from hansa.identity.envelope import Signed, Verified
from hansa.kernel.canonical import Json
from hansa.kernel.errors import NotFound, Refused, UsageError
from hansa.kernel.ids import NodeId
from hansa.kernel.verdict import Box, Reason, Verdict
from hansa.kernel.wire import parse
from hansa.node.core import LIVE_MS, Core
from hansa.node.driver import Effects
from hansa.node.events import Kind
from hansa.node.membership import DropInvitations, DropPeer, DropRequest, PutInvitation, PutRequest, RequestRow
from hansa.node.rows import PeerRow, PutPeer
from hansa.overlay import messages as overlay
from hansa.overlay.invitation import Invitation, find
from hansa.overlay.messages import Join, Outcome

MAX_INVITATIONS = 200
"""Each join is held against all of them."""

MAX_WAITING = 200
"""Whoever has a code with many uses could otherwise fill the store with keys that wait."""

TURN = "invitations"
"""Name of the turn in which invitations and requests change; held after that of the node concerned."""


class NotLetIn(Refused):
    """A join that is refused, with the message, so that the refusal can be signed for its author."""

    def __init__(self, reason: Reason, message: Verified) -> None:
        self.message = message
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class Known:
    """What this node knows of a node: whether it is a peer, and whether it waits to become one."""

    peer: PeerRow | None
    request: RequestRow | None


class Doorkeeper:
    """Issues invitations and decides on those who come with one."""

    def __init__(self, core: Core) -> None:
        """Works for one node."""
        self._core = core

    # ---- invitations

    async def issue(self, invitation: Invitation) -> None:
        """Keeps an invitation; where there are as many as there may be, the oldest closed ones go.

        Raises:
            UsageError: it makes no sense, or too many are open.
        """
        invitation.validate()
        async with self._core.turns.of(TURN):
            held, now = self._core.store.invitations(), self._core.now()
            closed = [one.id for one in held if not one.is_open(now)]
            if len(held) - len(closed) >= MAX_INVITATIONS:
                raise UsageError(f"{MAX_INVITATIONS} invitations are open: take one back with hansa peer withdraw ID")
            gone = closed[: max(0, len(held) + 1 - MAX_INVITATIONS)]
            await self._core.driver.perform(Effects([DropInvitations(tuple(gone)), PutInvitation(invitation)]))

    async def withdraw(self, id_or_prefix: str) -> Invitation:
        """Forgets an invitation: nobody comes in by it any more; who came in stays.

        Raises:
            NotFound: none starts with that, or more than one.
        """
        async with self._core.turns.of(TURN):
            held = {one.id: one for one in self._core.store.invitations()}
            id_ = _one_of(list(held), id_or_prefix, "invitation", "hansa peer invites")
            await self._core.driver.perform(Effects([DropInvitations((id_,))]))
        return held[id_]

    # ---- who comes

    def join(self, admitted: Admitted, source: str) -> tuple[str, Effects]:
        """Decides on a join; the caller holds the author's turn and `TURN`.

        Raises:
            Refused: RESTORED; NotLetIn: BAD_INVITATION, CROWDED. Nothing is kept of the joiner then.
        """
        message = admitted.message
        body = parse(message.body, Join)
        known = self.known(message.author)
        before = known.peer or PeerRow(message.author)
        met = replace(
            before, name=body.name, role=body.role, url=_address(body.url) or before.url,
            live_seq=message.header.seq, seen=admitted.at,
        )  # fmt: skip
        if known.peer is not None and known.peer.invited:  # 1
            return "", Effects([PutPeer(met)])
        if self._core.asks_first:  # 2
            raise Refused(Reason.RESTORED)
        now = admitted.at
        invitation = find(self._core.store.invitations(), body.proof, self._core.me, message.author, now)
        if known.request is not None and (invitation is None or invitation.ask):  # 3, 4
            return "", Effects([PutPeer(replace(met, url=""))])
        if invitation is None:  # 3
            raise NotLetIn(Reason.BAD_INVITATION, message)
        if invitation.ask and len(self._core.store.requests()) >= MAX_WAITING:  # 4
            raise NotLetIn(Reason.CROWDED, message)
        effects = Effects([PutInvitation(invitation.used(now))])
        kind = Kind.PEER_ASKED if invitation.ask else Kind.PEER_JOINED
        effects.changes += _asks(met, invitation, admitted) if invitation.ask else _comes_in(met, invitation)  # 5
        about = f"{'asks' if invitation.ask else 'came in'} by invitation {invitation.id} {invitation.note}".rstrip()
        effects.changes.append(self._core.driver.note(message.author, Box.ADMISSION, Verdict.ACCEPT, None, about))
        effects.show(kind, message.author, about, name=body.name, invitation=invitation.id)
        return "", effects

    def answer(self, join: Verified, reason: Reason | None = None) -> Signed:
        """Returns the signed answer to a join that was taken, or refused for a reason."""
        peer = self._core.store.peer(join.author)
        outcome = Outcome.ADMITTED if peer is not None and peer.invited else Outcome.WAITING
        settings = self._core.settings
        body: Json = {"to": join.id, "outcome": outcome.value, "name": settings.name, "role": settings.role}
        if reason is not None:
            body = {"to": join.id, "outcome": Outcome.REFUSED.value, "reason": reason.code}
        return self._core.seal(overlay.JOINED, body, recipient=join.author, expires_in=LIVE_MS)

    # ---- the operator's word

    async def approve(self, id_or_prefix: str) -> PeerRow:
        """Lets somebody in who asked.

        Raises:
            NotFound: nobody of that id asked. UsageError: it was banned meanwhile.
        """
        id_ = self._asker(id_or_prefix)
        async with self._core.turns.of(id_, TURN):
            known = self.known(NodeId(self._asker(id_)))
            request, met = known.request, known.peer or PeerRow(id_)
            assert request is not None  # noqa: S101 - the turn is held since it was found
            if met.banned:
                raise UsageError(f"{id_} is banned: hansa peer add lifts the ban and lets it in")
            row = replace(
                met, name=request.name, role=request.role, url=request.url, invited=True,
                per_minute=request.per_minute, note=request.note, invitation=request.invitation,
            )  # fmt: skip
            effects = Effects([PutPeer(row), DropRequest(id_)])
            effects.show(Kind.PEER_INVITED, id_, row.name)
            await self._core.driver.perform(effects)
        return row

    async def refuse(self, id_or_prefix: str) -> NodeId:
        """Forgets that somebody asked; the use that asking took stays taken.

        Raises:
            NotFound: nobody of that id asked.
        """
        id_ = self._asker(id_or_prefix)
        async with self._core.turns.of(id_, TURN):
            effects = Effects([DropRequest(self._asker(id_))])
            effects.show(Kind.PEER_REMOVED, id_, "asked, and was refused")
            await self._core.driver.perform(effects)
        return id_

    async def remove(self, id_or_prefix: str) -> NodeId:
        """Takes back that a node is in, and what is known of it; a ban stays.

        The number of its last live message stays as well: an old join that is sent again lets nobody in.

        Raises:
            NotFound: no such node is known here.
        """
        known = [row.id for row in self._core.store.peers()]
        id_ = NodeId(_one_of(known, id_or_prefix, "node", "hansa peer list"))
        async with self._core.turns.of(id_, TURN):
            row = self._core.store.peer(id_) or PeerRow(id_)
            kept = PeerRow(id_, row.name, row.role, banned=row.banned, live_seq=row.live_seq, seen=row.seen)
            unheard = row.live_seq < 0 and not row.banned
            effects = Effects([DropPeer(id_) if unheard else PutPeer(kept), DropRequest(id_)])
            effects.show(Kind.PEER_REMOVED, id_, row.name)
            await self._core.driver.perform(effects)
        return id_

    def known(self, id_: NodeId) -> Known:
        """Returns what is known of a node."""
        request = next((one for one in self._core.store.requests() if one.id == id_), None)
        return Known(self._core.store.peer(id_), request)

    def known_as(self, id_or_prefix: str) -> NodeId:
        """Returns the id of a node that was met, let in or banned, or that waits.

        Raises:
            NotFound: none starts so, or more than one.
        """
        ids = [row.id for row in self._core.store.peers()] + [one.id for one in self._core.store.requests()]
        return NodeId(_one_of(list(dict.fromkeys(ids)), id_or_prefix, "node", "hansa peer list"))

    def _asker(self, id_or_prefix: str) -> NodeId:
        asking = [one.id for one in self._core.store.requests()]
        return NodeId(_one_of(asking, id_or_prefix, "node that waits", "hansa peer requests"))


def _comes_in(met: PeerRow, invitation: Invitation) -> list[PutPeer | DropRequest]:
    row = replace(met, invited=True, per_minute=invitation.per_minute, note=invitation.note, invitation=invitation.id)
    return [PutPeer(row), DropRequest(row.id)]


def _asks(met: PeerRow, invitation: Invitation, admitted: Admitted) -> list[PutPeer | PutRequest]:
    request = RequestRow(
        met.id, met.name, met.role, met.url, invitation.id, invitation.note, invitation.per_minute, admitted.at
    )
    return [PutPeer(replace(met, url="")), PutRequest(request)]


def _address(url: str) -> str:
    """Returns what a node says is its address, where that looks like one."""
    return url if url.startswith(("http://", "https://")) and url.isprintable() else ""


def _one_of(ids: list[str] | list[NodeId], text: str, what: str, see: str) -> str:
    """Returns the one id that starts with a text.

    Raises:
        NotFound: none does, or more than one.
    """
    found = [one for one in ids if text and one.startswith(text)]
    if text in found:
        return text
    if len(found) != 1:
        raise NotFound(f"{'no' if not found else 'more than one'} {what} has an id that starts with {text}: see {see}")
    return found[0]
