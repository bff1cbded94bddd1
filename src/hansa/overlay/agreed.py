"""Since when a neighbour and this node held the same: what was taken since then is what it may lack.

Comparing by prefixes finds any difference, and takes the longer the more is held, for what is missing lies everywhere.
After a partition it is known better: everything that was taken since both last held the same. That is named at once,
each id once to each neighbour, and comparing goes on with whatever is different still.
"""

from __future__ import annotations

from dataclasses import dataclass

from hansa.kernel.ids import NodeId
from hansa.kernel.instant import ALWAYS, Instant

REMEMBERED = 1 << 16
"""Ids that are remembered in the order in which they were taken."""

MOST_NAMED = 1 << 12
"""Ids that are named at once; where more were taken, comparing is left to find what is missing."""

MAX_PEERS = 1_024


@dataclass(slots=True)
class _Peer:
    """A neighbour: the place up to which both held the same, that up to which it was told, and since when it is."""

    same: int
    told: int
    since: Instant = ALWAYS


class Agreed:
    """What was taken in which order, and how far each neighbour is known to have come."""

    def __init__(self) -> None:
        """Knows of nobody."""
        self._order: list[bytes] = []
        self._start = 0
        self._peers: dict[NodeId, _Peer] = {}

    @property
    def _end(self) -> int:
        return self._start + len(self._order)

    def taken(self, id_: bytes) -> None:
        """Notes an id that is held from now on."""
        self._order.append(id_)
        if len(self._order) > 2 * REMEMBERED:
            gone = len(self._order) - REMEMBERED
            del self._order[:gone]
            self._start += gone

    def same(self, peer: NodeId) -> None:
        """Notes that a neighbour holds what is held here now."""
        self._peers.pop(peer, None)
        self._peers[peer] = _Peer(self._end, self._end)
        if len(self._peers) > MAX_PEERS:
            del self._peers[next(iter(self._peers))]

    def linked(self, peer: NodeId) -> None:
        """Has a neighbour told anew what was taken since: what it was told before may have been lost."""
        if known := self._peers.get(peer):
            known.told, known.since = known.same, ALWAYS

    def news(self, peer: NodeId, now: Instant) -> list[bytes]:
        """Returns what was taken since a neighbour held the same, and it was not told of; it counts as told then."""
        known = self._peers.get(peer)
        if known is None or self._end - known.told > MOST_NAMED:  # beyond that some may be forgotten, too
            return []
        found = self._order[known.told - self._start :]
        known.told = self._end
        if found and known.since == ALWAYS:
            known.since = now
        return found

    def told_since(self, peer: NodeId) -> Instant:
        """Returns since when a neighbour is being told what it may lack; `ALWAYS` where it is not."""
        known = self._peers.get(peer)
        return known.since if known is not None else ALWAYS
