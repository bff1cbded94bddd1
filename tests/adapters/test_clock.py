"""Two clocks, one contract."""

from __future__ import annotations

import time

from hansa.adapters.clock import ManualClock, SystemClock
from hansa.kernel.instant import DAY


def test_system_clock_tells_milliseconds_utc() -> None:
    before = time.time_ns() // 1_000_000
    now = SystemClock().now()
    assert before <= now <= time.time_ns() // 1_000_000


def test_system_stopwatch_counts_microseconds_forward() -> None:
    clock = SystemClock()
    started, reference = clock.stopwatch_us(), time.perf_counter_ns()
    while time.perf_counter_ns() - reference < 2_000_000:
        pass
    assert 1_000 <= clock.stopwatch_us() - started < 60_000_000


def test_manual_clock_moves_when_told() -> None:
    clock = ManualClock(1_000)
    assert (clock.now(), clock.stopwatch_us()) == (1_000, 0)
    clock.advance(DAY)
    assert (clock.now(), clock.stopwatch_us()) == (1_000 + DAY, DAY * 1_000)


def test_manual_clock_set_back_keeps_its_stopwatch() -> None:
    clock = ManualClock(10_000)
    clock.advance(5)
    clock.advance(-3_000)
    assert (clock.now(), clock.stopwatch_us()) == (7_005, 5_000)
