"""How long the answer of a neighbour may take, from how long its answers took: RFC 6298, section 2.

    first:  mean = r, spread = r / 2
    later:  spread = 3/4 · spread + 1/4 · |mean - r|,  mean = 7/8 · mean + 1/8 · r
    wait = mean + 4 · spread, within bounds

A fixed wait is too long between two machines of one house, and too short over a satellite, where each ping would send
helpers out in vain.
"""

from __future__ import annotations

from dataclasses import dataclass

from hansa.kernel.ids import NodeId


@dataclass(slots=True)
class _Trip:
    mean: float
    spread: float


class RoundTrips:
    """Waits by neighbour, in milliseconds."""

    def __init__(self, first_ms: int, soonest_ms: int, latest_ms: int) -> None:
        """Begins with nothing measured.

        Args:
            first_ms: the wait where nothing was measured.
            soonest_ms, latest_ms: the bounds of the others.
        """
        self._first = first_ms
        self._soonest = soonest_ms
        self._latest = latest_ms
        self._trips: dict[NodeId, _Trip] = {}

    def measured(self, whom: NodeId, took_ms: int) -> None:
        """An answer took so long, there and back."""
        trip = self._trips.get(whom)
        if trip is None:
            self._trips[whom] = _Trip(took_ms, took_ms / 2)
            return
        trip.spread += (abs(trip.mean - took_ms) - trip.spread) / 4
        trip.mean += (took_ms - trip.mean) / 8

    def wait_ms(self, whom: NodeId) -> int:
        """Returns how long to wait for the next answer."""
        trip = self._trips.get(whom)
        if trip is None:
            return self._first
        return max(self._soonest, min(self._latest, round(trip.mean + 4 * trip.spread)))

    def forget(self, whom: NodeId) -> None:
        """Somebody is no neighbour any more."""
        self._trips.pop(whom, None)
