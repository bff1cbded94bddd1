"""The numbers that a node signs under: each is used once, and they rise with the clock.

Alone, a node numbers by milliseconds. Several processes of one node (`node.shared`) number by microseconds, each those
that leave its own remainder: no two ever choose the same, and what one says later has a higher number wherever it was
said. Whoever has numbered by microseconds goes on so, also alone.
"""

from __future__ import annotations

from hansa.kernel.instant import Instant
from hansa.node.ports import Clock

MOST = 64
"""Processes of one node that can number at the same time."""

FINE = 10**14
"""From here on a number counts microseconds: milliseconds get there in the year 5138."""

_PER_MS = 1_000


class Numbering:
    """Gives out numbers, each higher than the one before."""

    def __init__(self, clock: Clock, last: int) -> None:
        """Goes on after `last`."""
        self._clock = clock
        self._last = last
        self._place: int | None = None

    @property
    def last(self) -> int:
        """The highest number that may have been used: what follows is higher."""
        return max(self._last, self._at(self._clock.now()))

    def next(self) -> int:
        """Returns a number that this node has not used.

        It rises even when an old backup of the store was restored, so that none is used for two messages (threat 68).
        """
        self._last = max(self._last + 1, self._at(self._clock.now()))
        if self._place is not None:
            self._last += (self._place - self._last) % MOST
        return self._last

    def used(self, number: int) -> None:
        """Notes a number that was used: what follows is higher."""
        self._last = max(self._last, number)

    def share(self, place: int) -> None:
        """Numbers among others from now on.

        Args:
            place: which of the processes this is, below `MOST`; nobody else has it.
        """
        self._place = place

    def after(self, milliseconds: int) -> int:
        """Returns the highest number that this node can come to within a time, by its clock."""
        return self.last + milliseconds * self._unit

    @property
    def _unit(self) -> int:
        return _PER_MS if self._place is not None or self._last >= FINE else 1

    def _at(self, now: Instant) -> int:
        return int(now) * self._unit


def milliseconds(number: int) -> int:
    """Returns the time that a number stands for, in milliseconds UTC."""
    return number // _PER_MS if number >= FINE else number
