"""Clocks of a world's nodes: each wrong in its own way, and none of them the machine's."""

from __future__ import annotations

from hansa.kernel.instant import Instant
from hansa.sim.loop import VirtualLoop

START = 1_760_000_000_000
"""When each world begins (milliseconds UTC)."""


class NodeClock:
    """Implements `node.ports.Clock` by virtual time and an error of its own.

    Attributes:
        offset_ms: how far it is wrong now.
    """

    def __init__(self, loop: VirtualLoop, offset_ms: int = 0, drift_ppm: int = 0) -> None:
        """Makes a clock.

        Args:
            drift_ppm: microseconds that it gains in a second.
        """
        self._loop = loop
        self._drift_ppm = drift_ppm
        self.offset_ms = offset_ms

    def now(self) -> Instant:
        """Returns what this clock shows."""
        us = self._loop.now_us
        return Instant(START + self.offset_ms + (us + us * self._drift_ppm // 1_000_000) // 1_000)

    def stopwatch_us(self) -> int:
        """Returns virtual microseconds: they only go forward, however the clock is set."""
        return self._loop.now_us

    def jump(self, ms: int) -> None:
        """Sets it forward, or back below zero."""
        self.offset_ms += ms


def true_now(loop: VirtualLoop) -> Instant:
    """Returns what a right clock would show."""
    return Instant(START + loop.now_ms)
