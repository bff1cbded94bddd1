"""Packets under way: what was sent, which way, until when an answer is waited for, and which way is tried next.

Each try has a packet id of its own, so that a late answer is credited to the way that it came by. The next way is, in
order: one without a relay that lost most of what it got, one that shares fewest relays with those that failed, one
without a link that was said to be gone, the one of most merit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from hansa.kernel.ids import ContentId, NodeId
from hansa.kernel.instant import Instant
from hansa.overlay.paths import Path, Way

BEGINNING = Instant(0)


@dataclass(slots=True)
class Flight:
    """One envelope on its way to one node.

    Attributes:
        tried: packet id to the path of each try, in order; the last one is under way.
        gone: links that a try was said to have got stuck at.
        due: when the last try counts as lost.
    """

    envelope: ContentId
    raw: bytes
    whom: NodeId
    tried: dict[bytes, Path] = field(default_factory=dict)
    gone: dict[tuple[NodeId, NodeId], None] = field(default_factory=dict)
    due: Instant = BEGINNING

    @property
    def last(self) -> tuple[bytes, Path]:
        """The try that is under way: its packet id and its path."""
        return next(reversed(self.tried.items()))

    def next_way(self, ways: Sequence[Way], shuns: Callable[[NodeId], bool]) -> Way | None:
        """Returns which of the ways to try now; None when each of them was tried."""
        failed = [relay for path in self.tried.values() for relay in path[1:-1]]
        fresh = [way for way in ways if way.path not in self.tried.values()]

        def order(way: Way) -> tuple[int, int, int, float]:
            return (
                sum(shuns(relay) for relay in way.relays),
                sum(relay in failed for relay in way.relays),
                sum(edge in self.gone for edge in way.edges),
                -way.merit,
            )

        return min(fresh, key=order, default=None)


class Flights:
    """All packets under way, up to a number and a sum of bytes."""

    def __init__(self, most: int, most_bytes: int) -> None:
        """Begins with none."""
        self._most = most
        self._most_bytes = most_bytes
        self._bytes = 0
        self._flights: dict[tuple[ContentId, NodeId], Flight] = {}
        self._packets: dict[bytes, Flight] = {}

    def __len__(self) -> int:
        """Counts envelopes under way."""
        return len(self._flights)

    def __iter__(self) -> Iterator[Flight]:
        """Goes through them in the order in which they began; they may end meanwhile."""
        return iter(list(self._flights.values()))

    def begin(self, envelope: ContentId, raw: bytes, whom: NodeId) -> Flight | None:
        """Returns a new flight; None when there is no room."""
        if len(self._flights) >= self._most or self._bytes + len(raw) > self._most_bytes:
            return None
        flight = self._flights[envelope, whom] = Flight(envelope, raw, whom)
        self._bytes += len(raw)
        return flight

    def of(self, envelope: ContentId, whom: NodeId) -> Flight | None:
        """Returns the flight of an envelope to a node."""
        return self._flights.get((envelope, whom))

    def by_packet(self, packet: bytes) -> Flight | None:
        """Returns the flight that one of whose tries has this id."""
        return self._packets.get(packet)

    def tries(self, flight: Flight, packet: bytes, path: Path, due: Instant) -> None:
        """Notes that another try is under way."""
        flight.tried[packet] = path
        flight.due = due
        self._packets[packet] = flight

    def end(self, flight: Flight) -> None:
        """Forgets a flight that arrived, or that was given up."""
        del self._flights[flight.envelope, flight.whom]
        self._bytes -= len(flight.raw)
        for packet in flight.tried:
            del self._packets[packet]
