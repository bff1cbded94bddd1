"""As of when a task decides: of its first turn, not of what came to be known while it held it."""

from __future__ import annotations

import asyncio

from hansa.node.as_of import deciding, since
from hansa.node.turns import Turns


async def test_who_holds_no_turn_decides_as_of_now() -> None:
    assert since(7) == 7
    with deciding(3):
        assert since(7) == 3
    assert since(7) == 7


async def test_the_first_of_several_turns_counts() -> None:
    turns = Turns()
    turns.seen = lambda: 3
    async with turns.of("a"):
        turns.seen = lambda: 9
        async with turns.of("b"):
            assert since(9) == 3
        assert since(9) == 3
    assert since(9) == 9


async def test_a_turn_that_was_waited_for_counts_from_when_it_came() -> None:
    turns, found = Turns(), []
    turns.seen = lambda: 3
    await turns.take("a")

    async def wait() -> None:
        async with turns.of("a"):
            found.append(since(99))

    waiting = asyncio.create_task(wait())
    await asyncio.sleep(0)
    turns.seen = lambda: 8
    turns.give("a")
    await waiting
    assert found == [8]


async def test_a_task_that_was_begun_within_a_turn_decides_for_itself() -> None:
    async def look() -> int:
        return since(9)

    with deciding(3):
        assert await asyncio.create_task(look()) == 9
        assert await look() == 3
