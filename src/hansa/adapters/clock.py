"""Clocks: the machine's, and one that only moves when told to."""

from __future__ import annotations

import time

from hansa.kernel.instant import Instant


class SystemClock:
    """Implements `node.ports.Clock` with the machine's clock. The only place that reads the wall clock."""

    def now(self) -> Instant:
        """Returns the present instant."""
        return Instant(time.time_ns() // 1_000_000)

    def stopwatch_us(self) -> int:
        """Returns microseconds of a clock that only moves forward, for measuring."""
        return time.perf_counter_ns() // 1_000


class ManualClock:
    """A clock for tests and the simulator.

    >>> clock = ManualClock(1_000)
    >>> clock.advance(500)
    >>> clock.now(), clock.stopwatch_us()
    (1500, 500000)
    """

    def __init__(self, start: int = 0) -> None:
        self._now = start
        self._elapsed_us = 0

    def now(self) -> Instant:
        """Returns the instant it has been moved to."""
        return Instant(self._now)

    def stopwatch_us(self) -> int:
        """Returns the microseconds it has been moved forward since it was made."""
        return self._elapsed_us

    def advance(self, ms: int) -> None:
        """Moves it on by `ms` milliseconds; below zero only the wall clock moves, as when a clock is set back."""
        self._now += ms
        self._elapsed_us += max(0, ms) * 1_000
