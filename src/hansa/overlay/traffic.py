"""What goes over each link: messages and bytes in a window of ten seconds (S18), for quotas, health and metrics."""

from __future__ import annotations

from dataclasses import dataclass

from hansa.kernel.ids import NodeId
from hansa.kernel.instant import SECOND, Instant

WINDOW_MS = 10 * SECOND

MAX_PEERS = 1_024
"""Links that are counted; of more, the one that was quiet longest is forgotten."""

_SLOTS = WINDOW_MS // SECOND


@dataclass(frozen=True, slots=True)
class Rates:
    """What went over a link in the last ten seconds."""

    messages_in: int = 0
    bytes_in: int = 0
    messages_out: int = 0
    bytes_out: int = 0

    @property
    def bytes(self) -> int:
        """Both directions."""
        return self.bytes_in + self.bytes_out

    @property
    def bytes_per_second(self) -> int:
        """Both directions, as a rate."""
        return self.bytes * SECOND // WINDOW_MS


class _Ring:
    """Counts by second, of the last ten seconds; a slot that is older is emptied when it is met."""

    __slots__ = ("_counts", "_latest")

    def __init__(self) -> None:
        self._counts = [[0, 0, 0, 0] for _ in range(_SLOTS)]
        self._latest = 0

    def roll(self, second: int) -> int:
        """Empties the slots between the last second and this one; returns the slot of now."""
        for late in range(max(self._latest + 1, second - _SLOTS + 1), second + 1):
            self._counts[late % _SLOTS] = [0, 0, 0, 0]
        self._latest = max(self._latest, second)
        return self._latest % _SLOTS

    def add(self, second: int, column: int, size: int) -> None:
        counts = self._counts[second % _SLOTS if second == self._latest else self.roll(second)]
        counts[column] += 1
        counts[column + 1] += size

    def total(self, second: int) -> Rates:
        self.roll(second)
        return Rates(*(sum(column) for column in zip(*self._counts, strict=True)))


class Traffic:
    """Counters of all links.

    >>> traffic, peer = Traffic(), NodeId("did:key:zA")
    >>> traffic.heard(peer, 1_000, Instant(0))
    >>> [traffic.rates(peer, Instant(at)).bytes_in for at in (9_999, 10_000)]
    [1000, 0]
    """

    def __init__(self) -> None:
        """Begins with nothing counted."""
        self._rings: dict[NodeId, _Ring] = {}

    def sent(self, peer: NodeId, size: int, now: Instant) -> None:
        """Counts a message to a neighbour; `size` in bytes."""
        self._ring(peer).add(now // SECOND, 2, size)

    def heard(self, peer: NodeId, size: int, now: Instant) -> None:
        """Counts a message from a neighbour; `size` in bytes."""
        self._ring(peer).add(now // SECOND, 0, size)

    def rates(self, peer: NodeId, now: Instant) -> Rates:
        """Returns what went over a link in the ten seconds up to now."""
        ring = self._rings.get(peer)
        return ring.total(now // SECOND) if ring else Rates()

    def all(self, now: Instant) -> dict[NodeId, Rates]:
        """Returns the counts of every link that something went over."""
        return {peer: ring.total(now // SECOND) for peer, ring in self._rings.items()}

    def forget(self, peer: NodeId) -> None:
        """Drops a link's counters."""
        self._rings.pop(peer, None)

    def _ring(self, peer: NodeId) -> _Ring:
        ring = self._rings.pop(peer, None) or _Ring()
        self._rings[peer] = ring  # last in order: used last
        if len(self._rings) > MAX_PEERS:
            del self._rings[next(iter(self._rings))]
        return ring
