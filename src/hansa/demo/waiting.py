"""Looking until word has arrived, and how long that took."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE_SECONDS = 20.0
"""How long is waited for word to arrive; what takes longer is told as a failure."""

LOOK_SECONDS = 0.05


def until(holds: Callable[[], bool]) -> float | None:
    """Looks until something holds; returns after how many seconds it did, or None."""
    started = time.perf_counter()
    while (passed := time.perf_counter() - started) < PATIENCE_SECONDS:
        if holds():
            return round(passed, 1)
        time.sleep(LOOK_SECONDS)
    return None


def after(seconds: float | None) -> str:
    """Returns that time in words."""
    return f"{seconds:.1f} s" if seconds is not None else f"more than {PATIENCE_SECONDS:g} s"
