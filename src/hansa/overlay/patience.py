"""How long an answer may take, from how long answers took: RFC 6298, section 2, in whole milliseconds.

    first:  mean = r, spread = r / 2
    later:  spread = 3/4 · spread + 1/4 · |mean - r|,  mean = 7/8 · mean + 1/8 · r
    wait = mean + 4 · spread, within bounds

A fixed wait is too long between two machines of one house, and too short over a satellite.
"""

from __future__ import annotations

from hansa.kernel.ids import NodeId


class Patience:
    """One such wait; it begins with a guess, and keeps eight times the mean and four times the spread.

    Attributes:
        wait: how long to wait now.
    """

    __slots__ = ("_least", "_mean", "_most", "_spread", "wait")

    def __init__(self, first: int, least: int, most: int) -> None:
        """Begins with what to wait at first, and the bounds of it."""
        self._least, self._most = least, most
        self._mean, self._spread = first * 8 // 3, first * 4 // 6
        self.wait = first

    @classmethod
    def of(cls, took: int, least: int, most: int) -> Patience:
        """Begins with a measurement instead of a guess."""
        made = cls(0, least, most)
        made._mean, made._spread = took * 8, took * 2
        made._bound()
        return made

    def measured(self, took: int) -> None:
        """Takes one measurement."""
        off = abs(took - self._mean // 8)
        self._spread += off - self._spread // 4
        self._mean += took - self._mean // 8
        self._bound()

    def _bound(self) -> None:
        self.wait = max(self._least, min(self._most, self._mean // 8 + self._spread))


class RoundTrips:
    """Such waits by neighbour."""

    def __init__(self, first_ms: int, soonest_ms: int, latest_ms: int) -> None:
        """Begins with nothing measured.

        Args:
            first_ms: the wait where nothing was measured.
            soonest_ms, latest_ms: the bounds of the others.
        """
        self._first, self._soonest, self._latest = first_ms, soonest_ms, latest_ms
        self._trips: dict[NodeId, Patience] = {}

    def measured(self, whom: NodeId, took_ms: int) -> None:
        """An answer took so long, there and back."""
        trip = self._trips.get(whom)
        if trip is None:
            self._trips[whom] = Patience.of(took_ms, self._soonest, self._latest)
        else:
            trip.measured(took_ms)

    def wait_ms(self, whom: NodeId) -> int:
        """Returns how long to wait for the next answer."""
        trip = self._trips.get(whom)
        return self._first if trip is None else trip.wait

    def forget(self, whom: NodeId) -> None:
        """Somebody is no neighbour any more."""
        self._trips.pop(whom, None)
