"""Timing two things against each other: in turn, several rounds, the median of the ratios."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table.

    Attributes:
        per_second: how often what is measured can be done in a second (median of the rounds).
        ratio: its time divided by the reference's, median of the rounds; below 1 means faster.
    """

    what: str
    per_second: float
    reference: str
    ratio: float


def against(what: str, mine: Callable[[], int], reference: str, other: Callable[[], int], rounds: int = 7) -> Row:
    """Returns how `mine` fares against `other`.

    Args:
        mine, other: each does some work and returns how many times it did it.
    """
    mine(), other()  # warm-up
    ratios, speeds = [], []
    for _ in range(rounds):
        a, b = _seconds_each(mine), _seconds_each(other)
        ratios.append(a / b)
        speeds.append(1 / a)
    return Row(what, statistics.median(speeds), reference, statistics.median(ratios))


def _seconds_each(work: Callable[[], int]) -> float:
    started = time.perf_counter()
    times = work()
    return (time.perf_counter() - started) / times


def print_table(rows: list[Row]) -> None:
    """Prints the rows; every figure is of this run."""
    width = max(len(row.what) for row in rows)
    print(f"{'what':<{width}}  {'per second':>11}  {'time against':>12}  reference")
    for row in rows:
        print(f"{row.what:<{width}}  {row.per_second:>11,.0f}  {row.ratio:>11.2f}x  {row.reference}")
