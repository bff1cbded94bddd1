"""How far this node may trust its own ears: Lifeguard's local health multiplier (Dadgar et al. 2017, section IV).

A node that is starved of CPU sees everybody else fail. What hints at that raises a score: probes that nobody answers,
helpers that owe even a "silent", being doubted by others, a clock tick that came late. Probes that are answered lower
it. All timers of probes are multiplied by the score plus one, so a slow node asks slower before it accuses.
"""

from __future__ import annotations

from dataclasses import dataclass

MOST = 8
"""The highest score: timers are at most nine times as long."""


@dataclass(slots=True)
class Awareness:
    """The score, from 0 (healthy) to `MOST`."""

    score: int = 0

    def worse(self, by: int = 1) -> None:
        """Something hints that this node is slow."""
        self.score = min(MOST, self.score + by)

    def better(self) -> None:
        """A probe was answered in time."""
        self.score = max(0, self.score - 1)

    def scaled(self, milliseconds: int) -> int:
        """Returns a timer as long as this node's health asks for."""
        return milliseconds * (self.score + 1)
