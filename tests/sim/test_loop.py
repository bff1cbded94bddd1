"""The loop under virtual time: order, jumps, processes, and what it refuses."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from hansa.sim.loop import Process, Stuck, VirtualLoop


@pytest.fixture
def loop() -> Iterator[VirtualLoop]:
    made = VirtualLoop()
    yield made
    made.close()


def test_a_day_passes_in_a_few_steps(loop: VirtualLoop) -> None:
    loop.run_until_complete(loop.sleep(86_400_000))
    assert loop.now_ms == 86_400_000
    assert loop.time() == 86_400.0
    assert loop.steps < 10


def test_what_is_due_at_once_runs_in_the_order_in_which_it_was_set(loop: VirtualLoop) -> None:
    said: list[int] = []
    for number in range(5):
        loop.call_later(1, said.append, number)
    loop.call_later(0.5, said.append, 99)
    loop.call_soon(said.append, 100)
    loop.run_until(2_000)
    assert said == [100, 99, 0, 1, 2, 3, 4]
    assert loop.now_ms == 2_000


def test_a_timer_that_was_cancelled_does_not_fire(loop: VirtualLoop) -> None:
    said: list[int] = []
    timer = loop.call_later(1, said.append, 1)
    assert timer.when() == 1.0 and not timer.cancelled()
    timer.cancel()
    assert timer.cancelled()
    loop.run_until(2_000)
    assert said == []


def test_what_asyncio_offers_works(loop: VirtualLoop) -> None:
    async def later(ms: int, value: str) -> str:
        await loop.sleep(ms)
        return value

    async def work() -> list[str]:
        lock, said, full = asyncio.Lock(), [], asyncio.Queue[int](1)
        async with lock, asyncio.timeout(5):
            said += await asyncio.gather(later(2_000, "a"), later(1_000, "b"))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.Event().wait(), 3)
        await full.put(1)
        assert asyncio.get_running_loop() is loop
        async with asyncio.TaskGroup() as group:
            group.create_task(loop.sleep(1_000))
        return said

    assert loop.run_until_complete(work()) == ["a", "b"]
    assert loop.now_ms == 6_000


def test_waiting_for_what_never_comes_is_told(loop: VirtualLoop) -> None:
    with pytest.raises(Stuck, match="nothing will ever happen"):
        loop.run_until_complete(asyncio.Event().wait())


def test_a_loop_that_only_wakes_itself_is_told(loop: VirtualLoop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hansa.sim.loop.STANDSTILL", 1_000)

    left = iter(range(5_000))

    def again() -> None:
        if next(left, None) is not None:
            loop.call_soon(again)

    again()
    with pytest.raises(Stuck, match="time stands still"):
        loop.run_until(1)


def test_threads_sockets_and_children_are_refused(loop: VirtualLoop) -> None:
    async def threads() -> None:
        await asyncio.to_thread(print)

    async def sockets() -> None:
        await asyncio.open_connection("127.0.0.1", 1)

    async def children() -> None:
        await asyncio.create_subprocess_exec("true")

    for work in (threads, sockets, children):
        with pytest.raises(NotImplementedError, match="under virtual time"):
            loop.run_until_complete(work())
    with pytest.raises(NotImplementedError):
        loop.call_soon_threadsafe(print)


def test_it_runs_inside_another_loop_and_gives_it_back(loop: VirtualLoop) -> None:
    async def outer() -> None:
        mine = asyncio.get_running_loop()
        loop.run_until(10)
        assert asyncio.get_running_loop() is mine

    asyncio.run(outer())


def test_it_does_not_run_inside_itself(loop: VirtualLoop) -> None:
    loop.call_soon(loop.run_until, 5)
    with pytest.raises(RuntimeError, match="running already"):
        loop.run_until(10)


def test_an_error_in_a_call_ends_the_run(loop: VirtualLoop) -> None:
    loop.call_soon(lambda: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        loop.run_until(1)


def test_an_error_that_nobody_waits_for_is_remembered(loop: VirtualLoop) -> None:
    async def fail() -> None:
        raise ValueError("nobody hears this")

    async def forget() -> None:
        task = asyncio.get_running_loop().create_task(fail())
        await asyncio.wait([task])

    loop.run_until_complete(forget())
    assert [one for one in loop.unhandled if "nobody hears this" in one]


# ---- processes


async def tell(loop: VirtualLoop, said: list[Any], times: int) -> None:
    try:
        for number in range(times):
            said.append((loop.now_ms, number))
            await loop.sleep(100)
    except asyncio.CancelledError:
        said.append("cancelled")
        raise


def test_a_paused_process_goes_on_where_it_was(loop: VirtualLoop) -> None:
    process, said = Process("one"), []
    loop.spawn(process, tell(loop, said, 3))
    loop.run_until(150)
    loop.pause(process)
    loop.pause(process)
    loop.run_until(5_000)
    assert said == [(0, 0), (100, 1)]
    loop.resume(process)
    loop.resume(process)
    loop.run_until(6_000)
    assert said == [(0, 0), (100, 1), (5_000, 2)]
    assert not process.tasks


@pytest.mark.parametrize("paused", [False, True])
def test_a_killed_process_is_cancelled_and_its_timers_never_fire(loop: VirtualLoop, paused: bool) -> None:
    process, said = Process("one"), []
    loop.spawn(process, tell(loop, said, 9))
    loop.post(500_000, process.context, said.append, "timer")
    other: list[Any] = []
    loop.spawn(Process("two"), tell(loop, other, 9))
    loop.run_until(50)
    if paused:
        loop.pause(process)
        loop.run_until(600)
    loop.kill(process)
    loop.run_until(2_000)
    assert said == [(0, 0), "cancelled"]
    assert len(other) == 9


def test_what_a_process_begins_is_its_own(loop: VirtualLoop) -> None:
    process, said = Process("one"), []

    async def begin() -> None:
        asyncio.get_running_loop().create_task(tell(loop, said, 9))

    loop.spawn(process, begin())
    loop.run_until(50)
    assert len(process.tasks) == 1
    loop.kill(process)
    loop.run_until(500)
    assert said == [(0, 0), "cancelled"]
