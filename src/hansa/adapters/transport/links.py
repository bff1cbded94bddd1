"""Which links stand: one to each node, and of two that were made at once, both ends keep the same one.

Of two nodes the one with the lower id decides. It gives each link to the other a number, higher than the last, in the
signed proof or the sealed welcome; the other takes a link when its number is higher than the one that stands. So both
end with the same link, in whatever order the news reach them. Rules of the one that decides:

1. a link to a process that began anew always replaces the one to the process before it
2. no second link while one that it began itself is being made, or while one stands that is younger than `settle_ms`
3. else a new one replaces the one that stands: who asks for it has lost that one, and only this end does not know yet
"""

from __future__ import annotations

import asyncio
import itertools

from hansa.adapters.transport.link import Link
from hansa.adapters.transport.params import Params
from hansa.identity.handshake import Session
from hansa.kernel.errors import Refused
from hansa.kernel.ids import NodeId
from hansa.kernel.verdict import Reason


class Links:
    """The links of one node, by the other end."""

    def __init__(self, params: Params) -> None:
        """Has none."""
        self._params = params
        self._standing: dict[NodeId, Link] = {}
        self._making: dict[NodeId, asyncio.Future[None]] = {}
        self._awaited: dict[NodeId, list[asyncio.Future[None]]] = {}
        self._numbers = itertools.count(1)

    def __len__(self) -> int:
        """Returns how many links stand."""
        return len(self._standing)

    def to(self, peer: NodeId, boot: bytes | None = None) -> Link | None:
        """Returns the link to a node; with `boot`, only one to that very process."""
        link = self._standing.get(peer)
        return link if link is None or boot is None or boot == link.boot else None

    def all(self) -> list[Link]:
        """Returns the links that stand."""
        return list(self._standing.values())

    def number(self) -> int:
        """Returns the number of a new link that this node decides about."""
        return next(self._numbers)

    def is_made_to(self, peer: NodeId) -> asyncio.Future[None] | None:
        """Returns what is done when the link that this node is making to another stands, or failed."""
        return self._making.get(peer)

    def make(self, peer: NodeId) -> asyncio.Future[None]:
        """Notes that this node is making a link to another."""
        made = self._making[peer] = asyncio.get_running_loop().create_future()
        return made

    def made(self, peer: NodeId) -> None:
        """Notes that it stands, or failed."""
        done = self._making.pop(peer, None)
        if done is not None:
            done.set_result(None)

    def check_taken(self, me: NodeId, session: Session, now: float) -> None:
        """Decides about a link that the other end began, whose node is proved.

        Raises:
            Refused: DUPLICATE, one to that node stands or is being made; CROWDED, no place is left.
        """
        old = self._standing.get(session.peer)
        if old is None:
            incoming = sum(not link.dialled for link in self._standing.values())
            if len(self) >= self._params.max_links or incoming >= self._params.max_incoming:
                raise Refused(Reason.CROWDED, "no place for another link")
        if old is not None and old.boot != session.boot:  # 1
            return
        if me < session.peer:
            young = old is not None and now - old.since < self._params.settle_ms / 1000
            if young or session.peer in self._making:  # 2
                raise Refused(Reason.DUPLICATE, "there is a link to that node")
        elif old is not None and old.order >= session.order:
            raise Refused(Reason.DUPLICATE, "there is a newer link to that node")

    def check_made(self, link: Link) -> bool:
        """Says whether a link that this node began is to stand, now that it is proved and welcome."""
        old = self._standing.get(link.peer)
        return old is None or old.boot != link.boot or old.order < link.order

    def put(self, link: Link) -> None:
        """Has a link stand; the one before has ended."""
        self._standing[link.peer] = link
        for one in self._awaited.pop(link.peer, []):
            if not one.done():
                one.set_result(None)

    async def appears(self, peer: NodeId) -> None:
        """Waits until a link to a node stands."""
        if peer not in self._standing:
            waiting = asyncio.get_running_loop().create_future()
            self._awaited.setdefault(peer, []).append(waiting)
            try:
                await waiting
            finally:
                left = [one for one in self._awaited.get(peer, []) if one is not waiting]
                self._awaited[peer] = left
                if not left:
                    del self._awaited[peer]

    def drop(self, link: Link) -> bool:
        """Forgets a link; says whether it stood."""
        if self._standing.get(link.peer) is not link:
            return False
        del self._standing[link.peer]
        return True
