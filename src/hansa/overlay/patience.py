"""How long to wait for an answer, as measured."""

from __future__ import annotations


class Patience:
    """How long an answer may take, from how long answers took: RFC 6298's timer, in milliseconds.

    Attributes:
        wait: how long to wait now.
    """

    __slots__ = ("_least", "_mean", "_most", "_spread", "wait")

    def __init__(self, first: int, least: int, most: int) -> None:
        """Begins with what to wait at first, and the bounds of it."""
        self._least, self._most = least, most
        self._mean, self._spread = first * 8 // 3, first * 4 // 6
        self.wait = first

    def measured(self, took: int) -> None:
        """Takes one measurement: a gain of 1/8 for the mean and of 1/4 for the spread, four spreads above the mean."""
        off = abs(took - self._mean // 8)
        self._spread += off - self._spread // 4
        self._mean += took - self._mean // 8
        self.wait = max(self._least, min(self._most, self._mean // 8 + self._spread))
