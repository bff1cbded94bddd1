"""Trying for others, and whom to ask to try: the `Reach` of a neighbour, answered by `Pong` or `Silent`.

A node that is no neighbour of the helper is dialled, once whoever asks. Who is known as dead here is not tried again. A
neighbour has so many favours at once, and a node that is not known here is nobody's favour: nobody can be made to dial
a third party that it never heard of.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hansa.kernel.ids import NodeId
from hansa.kernel.instant import NEVER, Instant
from hansa.kernel.rng import Rng
from hansa.overlay.calling import Calls
from hansa.overlay.detecting import Params
from hansa.overlay.doing import Doing
from hansa.overlay.frames import Ping, Pong, Reach, Silent
from hansa.overlay.member import Phase
from hansa.overlay.probing import Favour
from hansa.overlay.roster import Roster

_NONCES = 2**53


class Helping:
    """Favours under way."""

    def __init__(self, roster: Roster, calls: Calls, params: Params, rng: Rng) -> None:
        """Begins with none."""
        self._roster = roster
        self._calls = calls
        self._params = params
        self._rng = rng
        self._favours: dict[int, Favour] = {}

    def helpers(
        self, whom: NodeId, neighbours: Sequence[NodeId], used: Mapping[NodeId, None], count: int
    ) -> list[NodeId]:
        """Returns up to `count` to ask about somebody: its own neighbours first, then others, none of the used."""
        near, fresh = [], []
        if count <= 0:
            return []
        for one in self._rng.shuffled(neighbours):
            member = self._roster.get(one)
            if one == whom or member is None or member.phase is not Phase.ALIVE:
                continue
            if one in used:
                continue
            if self._roster.are_neighbours(one, whom):
                near.append(one)
            else:
                fresh.append(one)
        return (near + fresh)[:count]

    def asked(self, peer: NodeId, reach: Reach, now: Instant, linked: bool, doing: Doing) -> None:
        """A neighbour asks to try somebody; `linked` says whether that one is a neighbour as well."""
        member = self._roster.get(reach.whom)
        if member is None or member.phase is Phase.LEFT:
            return
        if sum(favour.asker == peer for favour in self._favours.values()) >= self._params.favours:
            return
        if not linked and member.phase is Phase.DEAD:
            doing.send(peer, Silent(reach.nonce))
            return
        nonce = self._rng.below(_NONCES)
        wait = self._params.favour_ms if linked else self._params.favour_dial_ms
        self._favours[nonce] = Favour(peer, reach.nonce, reach.whom, now + wait)
        if linked:
            doing.send(reach.whom, Ping(nonce))
        else:
            self._calls.place(reach.whom, member.urls, now, doing, urgent=True)

    def answered(self, peer: NodeId, nonce: int, doing: Doing) -> bool:
        """A neighbour sent a `Pong`; says whether it was about a favour."""
        favour = self._favours.get(nonce)
        if favour is None or favour.whom != peer:
            return False
        del self._favours[nonce]
        doing.send(favour.asker, Pong(favour.nonce))
        return True

    def shown(self, peer: NodeId, doing: Doing) -> None:
        """A link stands to somebody whom others may have asked for."""
        for nonce, favour in list(self._favours.items()):
            if favour.whom == peer:
                del self._favours[nonce]
                doing.send(favour.asker, Pong(favour.nonce))

    @property
    def due(self) -> int:
        """Before then nothing comes of `tick`."""
        return min((favour.until for favour in self._favours.values()), default=NEVER)

    def tick(self, now: Instant, doing: Doing) -> None:
        """Owns up where nothing was heard."""
        for nonce, favour in list(self._favours.items()):
            if now >= favour.until:
                del self._favours[nonce]
                doing.send(favour.asker, Silent(favour.nonce))
