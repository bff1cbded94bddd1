"""How work grows with its input: a test that asks for milliseconds fails on a busy machine, this does not."""

from __future__ import annotations

import time
from collections.abc import Callable

TRIES = 15
QUIET = 5  # tries after which a good answer is believed


def growth(work: Callable[[str], object], piece: str, times: int) -> float:
    """Returns how much more CPU `work` takes when `piece` is repeated four times as often: 4 if linear, 16 if squared.

    The least of several tries counts on both sides, for others use the machine too.
    """
    few, many = float("inf"), float("inf")
    for number in range(TRIES):
        few = min(few, _cpu(work, piece * times))
        many = min(many, _cpu(work, piece * (4 * times)))
        if number >= QUIET and many < 6 * few:
            break
    return many / few


def _cpu(work: Callable[[str], object], text: str) -> int:
    started = time.thread_time_ns()
    work(text)
    return max(1, time.thread_time_ns() - started)
