"""Bytes and messages per link over the last 10 seconds (S18), and since the link stands."""

from __future__ import annotations

from dataclasses import dataclass

from hansa.kernel.ids import NodeId
from hansa.kernel.instant import SECOND, Instant

SPAN = 10
"""Seconds of the window."""


@dataclass(frozen=True, slots=True)
class Flow:
    """What went over a link in a window: messages and bytes, each way; the totals since it stands."""

    messages_in: int
    bytes_in: int
    messages_out: int
    bytes_out: int
    total_in: int
    total_out: int


class _Counts:
    __slots__ = ("seconds", "total_in", "total_out", "values")

    def __init__(self) -> None:
        self.seconds = [-1] * SPAN
        self.values = [[0, 0, 0, 0] for _ in range(SPAN)]
        self.total_in = self.total_out = 0

    def at(self, second: int) -> list[int]:
        place = second % SPAN
        if self.seconds[place] != second:
            self.seconds[place] = second
            self.values[place] = [0, 0, 0, 0]
        return self.values[place]


class Traffic:
    """Counts what goes over links, second by second; ten seconds of each link are kept.

    >>> traffic = Traffic()
    >>> traffic.received(NodeId("a"), 100, Instant(1_000))
    >>> traffic.flow(NodeId("a"), Instant(1_500)).bytes_in, traffic.flow(NodeId("a"), Instant(11_000)).bytes_in
    (100, 0)
    """

    def __init__(self) -> None:
        """Begins with no links."""
        self._links: dict[NodeId, _Counts] = {}

    def received(self, peer: NodeId, size: int, now: Instant) -> None:
        """Counts one message from a neighbour, of so many bytes."""
        counts = self._links.setdefault(peer, _Counts())
        values = counts.at(now // SECOND)
        values[0] += 1
        values[1] += size
        counts.total_in += size

    def sent(self, peer: NodeId, size: int, now: Instant) -> None:
        """Counts one message to a neighbour, of so many bytes."""
        counts = self._links.setdefault(peer, _Counts())
        values = counts.at(now // SECOND)
        values[2] += 1
        values[3] += size
        counts.total_out += size

    def lost(self, peer: NodeId) -> None:
        """Forgets a link that ended."""
        self._links.pop(peer, None)

    def flow(self, peer: NodeId, now: Instant) -> Flow:
        """Returns what went over a link in the ten seconds that end with the running one; zeros for no link."""
        counts = self._links.get(peer) or _Counts()
        since = now // SECOND - SPAN
        live = [values for second, values in zip(counts.seconds, counts.values, strict=True) if second > since]
        sums = [sum(values[place] for values in live) for place in range(4)]
        return Flow(sums[0], sums[1], sums[2], sums[3], counts.total_in, counts.total_out)

    def flows(self, now: Instant) -> dict[NodeId, Flow]:
        """Returns `flow` for each link."""
        return {peer: self.flow(peer, now) for peer in self._links}
