"""Turns: one at a time, whoever has waited longest next, and nobody waits for ever."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from hansa.node.turns import Hold, Turns


async def settle() -> None:
    """Lets everybody go on who can."""
    for _ in range(10):
        await asyncio.sleep(0)


@given(st.lists(st.lists(st.sampled_from("abcd"), unique=True, max_size=3).map(sorted), max_size=8))
def test_no_two_hold_one_turn_and_each_gets_its_own(wishes: list[list[str]]) -> None:
    async def all_of_them() -> None:
        turns, held, served = Turns(), set[str](), 0

        async def one(names: list[str]) -> None:
            nonlocal served
            async with turns.of(*names, ""):
                assert not held & set(names)
                held.update(names)
                await asyncio.sleep(0)
                held.difference_update(names)
                served += 1

        await asyncio.wait_for(asyncio.gather(*map(one, wishes)), 5)
        assert served == len(wishes)
        assert all(turns.free(name) for name in "abcd")

    asyncio.run(all_of_them())


async def test_whoever_has_waited_longest_is_next() -> None:
    turns, order = Turns(), []

    async def one(number: int) -> None:
        async with turns.of("a"):
            order.append(number)
            await asyncio.sleep(0)

    await asyncio.gather(*(one(number) for number in range(5)))
    assert order == list(range(5))


async def test_one_that_waits_no_more_holds_nobody_up() -> None:
    turns = Turns()
    await turns.take("a")
    waiting = [asyncio.create_task(turns.take("a")) for _ in range(3)]
    await settle()
    waiting[0].cancel()
    await settle()
    turns.give("a")
    waiting[1].cancel()  # it was handed the turn, and has not noticed yet
    await settle()
    assert waiting[2].done() and not waiting[2].cancelled()
    assert not turns.free("a")
    turns.give("a")
    assert turns.free("a")


async def test_a_turn_serves_several_things_until_the_last_of_them_is_done() -> None:
    turns = Turns()
    hold = Hold(turns)
    await hold.take(["a", "b"])
    assert hold.take_free(["b", "c"])
    hold.give(["a", "b"])
    assert (turns.free("a"), turns.free("b"), turns.free("c")) == (True, False, False)
    hold.give(["b", "c"])
    assert turns.free("b") and turns.free("c")


async def test_a_turn_that_another_one_holds_or_waits_for_is_not_taken_at_once() -> None:
    turns = Turns()
    hold = Hold(turns)
    await turns.take("theirs")
    assert not hold.take_free(["mine", "theirs"])
    assert turns.free("mine")
    await hold.take(["mine"])
    waiting = asyncio.create_task(turns.take("mine"))
    await settle()
    assert not hold.take_free(["mine"])
    hold.give(["mine"])
    await waiting
    assert not hold.take_free(["mine"])


async def test_who_waits_for_several_and_gives_up_keeps_none() -> None:
    turns = Turns()
    hold = Hold(turns)
    await turns.take("b")
    waiting = asyncio.create_task(hold.take(["a", "b"]))
    await settle()
    waiting.cancel()
    await settle()
    assert turns.free("a")
    turns.give("b")
    assert turns.free("b")
