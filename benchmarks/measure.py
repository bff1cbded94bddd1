"""Timing two things against each other: in turn, several rounds, the median of the ratios."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Target:
    """What a ratio has to be. Made by `at_most` and `at_least`."""

    factor: float
    faster: bool

    def holds(self, ratio: float) -> bool:
        """Says whether a ratio of times (ours by the reference's) meets the target."""
        return 1 / ratio >= self.factor if self.faster else ratio <= self.factor


def at_most(factor: float) -> Target:
    """Returns the target "at most so many times the reference's time"."""
    return Target(factor, faster=False)


def at_least(factor: float) -> Target:
    """Returns the target "at least so many times as fast as the reference"."""
    return Target(factor, faster=True)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table.

    Attributes:
        what: what was done, with the kind and size of what it was done to.
        per_second: how often it can be done in a second (median of the rounds).
        reference: what it is held against.
        ratio: its time divided by the reference's, median of the rounds; below 1 means faster.
        target: what the ratio should be; None where nothing was promised.
        low, high: the least and the greatest ratio of a round; 0 where they were not taken.
    """

    what: str
    per_second: float
    reference: str
    ratio: float
    target: Target | None = None
    low: float = 0.0
    high: float = 0.0


def against(
    what: str,
    mine: Callable[[], int],
    reference: str,
    other: Callable[[], int],
    rounds: int = 7,
    target: Target | None = None,
) -> Row:
    """Returns how `mine` fares against `other`.

    Args:
        mine, other: each does some work and returns how many times it did it.
    """
    mine(), other()  # warm-up
    pairs = [(_seconds_each(mine), _seconds_each(other)) for _ in range(rounds)]
    return row(what, pairs, reference, target)


def row(what: str, pairs: Sequence[tuple[float, float]], reference: str, target: Target | None = None) -> Row:
    """Returns the line of several rounds.

    Args:
        pairs: for each round, the seconds that ours and the reference took for one piece of work.
    """
    ratios = [mine / other for mine, other in pairs]
    speed = statistics.median(1 / mine for mine, _ in pairs)
    return Row(what, speed, reference, statistics.median(ratios), target, min(ratios), max(ratios))


def _seconds_each(work: Callable[[], int]) -> float:
    started = time.perf_counter()
    times = work()
    return (time.perf_counter() - started) / times
