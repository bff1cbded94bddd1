"""A market between two nodes when things go wrong: late words, restarts, nonsense, a full disk, clocks that jump."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from hansa.adapters.store import checking
from hansa.kernel.errors import UsageError
from hansa.kernel.instant import DAY, HOUR, MINUTE, SECOND
from hansa.market.lease_states import State
from hansa.market.messages import Offers
from hansa.node.core import ASK_FIRST
from hansa.node.market import REFUSED_MS
from hansa.node.rows import PutMark
from hansa.node.stall import OFFERS
from tests.node.trading import (
    a_need,
    an_offer,
    asks,
    brings,
    lends,
    market,
    pair,
    says,
    settles,
    the,
    word,
    works,
)
from tests.node.world import World
from tests.store.test_checking import path_of


def missing(node: Any) -> int:
    return sum(one.amount for one in market(node).open_requests(node.clock.now()).values())


# ---- late words


async def test_what_was_granted_too_late_and_given_back_is_asked_for_again(world: World) -> None:
    lender, borrower = pair(world)
    await market(lender).stall.offer(an_offer(lender))
    await asks(borrower, lender)
    world.clock.advance(21 * SECOND)
    market(borrower).borrower.tick(world.clock.now())
    await brings(borrower, lender)
    await brings(lender, borrower)  # granted, and given back
    assert missing(borrower) == 100
    await brings(borrower, lender)
    await brings(lender, borrower)
    assert [one.state for one in market(lender).lender.book.all()] == [State.RELEASED]
    assert missing(borrower) == 100


async def test_a_grant_that_is_never_made_good_is_given_up_and_its_lender_asked_no_more(world: World) -> None:
    lender, borrower = pair(world)
    await market(lender).stall.offer(an_offer(lender))
    for _ in range(3):
        loan = await asks(borrower, lender)
        await word(lender, borrower, loan, State.GRANTED)
        world.clock.advance(MINUTE)
        await works(borrower)
        assert not the(borrower, loan.ask.id).counts
    many = len(market(borrower).borrower.loans)
    world.clock.advance(MINUTE)
    says(lender, borrower)
    await works(borrower)
    assert len(market(borrower).borrower.loans) == many == 3


async def test_a_lender_that_lets_what_was_taken_lapse_is_asked_no_more(world: World) -> None:
    lender, borrower = pair(world)
    await market(lender).stall.offer(an_offer(lender))
    for _ in range(5):
        loan = await asks(borrower, lender)
        if loan.lease is None:
            await word(lender, borrower, loan, State.GRANTED)
            await word(lender, borrower, the(borrower, loan.ask.id), State.LAPSED)
        world.clock.advance(3 * SECOND)
    assert len(market(borrower).borrower.loans) == 3


async def test_an_ask_that_was_held_back_on_the_way_is_not_granted_any_more(world: World) -> None:
    lender, borrower = pair(world)
    await market(lender).stall.offer(an_offer(lender))
    await asks(borrower, lender)
    world.clock.advance(6 * MINUTE)
    assert await brings(borrower, lender) == ["expired"]


async def test_a_lender_that_always_refuses_is_asked_ever_more_rarely(world: World) -> None:
    lender, borrower = pair(world)
    asked = 0
    for number in range(360):  # an hour
        offer = an_offer(lender, price=number % 50)  # another offer each time
        market(lender).stall._offers = {}
        await market(lender).stall.offer(offer)
        loans = len(market(borrower).borrower.loans)
        await asks(borrower, lender)
        new = list(market(borrower).borrower.loans.values())[loans:]
        asked += len(new)
        market(lender).stall._offers = {}
        await brings(borrower, lender)
        world.clock.advance(10 * SECOND)
    assert 3 < asked < 16


# ---- restarts


async def test_refusals_are_no_silence_also_after_a_restart(world: World) -> None:
    lender, borrower = pair(world)
    await market(lender).stall.offer(an_offer(lender, amount=100))
    says(lender, borrower)
    await market(lender).stall.withdraw_offer(next(iter(market(lender).stall.offers(world.clock.now()))))
    await market(borrower).stall.ask_for(a_need(borrower))
    await works(borrower)
    assert await brings(borrower, lender) == ["no_offer"]
    world.restart(borrower)
    (loan,) = market(borrower).borrower.loans.values()
    assert (loan.why, loan.failed) == ("no_offer", False)


async def test_a_request_that_was_met_is_not_asked_for_again_however_long_it_is_open(world: World) -> None:
    lender, borrower = pair(world)
    await market(lender).stall.offer(an_offer(lender))
    need = msgspec.structs.replace(a_need(borrower), ends=borrower.clock.now() + 9 * DAY)
    loan = await asks(borrower, lender, need)
    for _ in range(2):
        await brings(borrower, lender)
        await brings(lender, borrower)
    await settles(world, lender, borrower)
    assert the(borrower, loan.ask.id).is_over
    await works(borrower)
    world.clock.advance(3 * DAY)
    await works(borrower)
    assert missing(borrower) == 0
    world.restart(borrower)
    assert missing(borrower) == 0


async def test_a_lender_that_must_ask_first_goes_on_when_it_may(world: World) -> None:
    lender, _, _ = await lends(world)
    await lender.store.apply([PutMark(ASK_FIRST, "1")])
    lender.node.core.asks_first = True
    world.clock.advance(11 * MINUTE)
    await works(lender)
    assert [one.state for one in market(lender).lender.book.all()] == [State.ACTIVE]
    lender.node.core.asks_first = False
    await works(lender)
    assert [one.state for one in market(lender).lender.book.all()] == [State.METERED]


# ---- what makes no sense


@pytest.mark.parametrize("wrong", [{"begins": 2**52, "ends": 2**51}, {"amount": 0}, {"free": 2000}, {"topic": "x"}])
async def test_an_offer_that_makes_no_sense_is_refused_before_it_is_kept(world: World, wrong: dict[str, Any]) -> None:
    (lender,) = (world.settle("lender"),)
    with pytest.raises(UsageError):
        await market(lender).stall.offer(msgspec.structs.replace(an_offer(lender), **wrong))
    assert not market(lender).stall.said(world.clock.now())


@pytest.mark.parametrize("wrong", [{"least": 101}, {"lasts": 5 * HOUR}, {"lasts": 0}, {"urgency": 1001}])
async def test_a_request_that_makes_no_sense_is_refused_before_it_is_kept(world: World, wrong: dict[str, Any]) -> None:
    borrower = world.settle("borrower")
    with pytest.raises(UsageError):
        await market(borrower).stall.ask_for(msgspec.structs.replace(a_need(borrower), **wrong))
    assert not market(borrower).open_requests(world.clock.now())


async def test_a_node_starts_with_offers_in_its_store_that_make_no_sense(world: World) -> None:
    lender = world.settle("lender")
    wrong = msgspec.structs.replace(an_offer(lender), begins=2**52, ends=2**51)
    await lender.store.apply([PutMark(OFFERS, msgspec.json.encode(Offers(offers=(wrong,))).decode())])
    world.restart(lender)
    assert not market(lender).stall.said(world.clock.now())


# ---- what is said, and when


async def test_a_request_that_is_open_is_not_said_in_each_turn(world: World) -> None:
    borrower = world.settle("borrower")
    await market(borrower).stall.ask_for(a_need(borrower))
    said = 0
    for _ in range(50):
        said += says(borrower)
        world.clock.advance(200)
    assert said == 1


async def test_words_are_said_again_also_when_the_clock_was_set_back(world: World) -> None:
    lender, borrower = pair(world)
    await market(lender).stall.offer(an_offer(lender))
    assert says(lender) == 1
    world.clock.advance(-HOUR)
    assert says(lender) == 1
    assert says(lender) == 0
    await market(borrower).stall.ask_for(a_need(borrower))
    market(borrower)._cleared_at = world.clock.now() + HOUR
    await market(lender).stall.offer(an_offer(lender))
    await asks(borrower, lender)
    assert len(market(borrower).borrower.loans) == 1


async def test_on_a_full_disk_nothing_is_remembered_of_what_was_not_kept(sqlite_world: World) -> None:
    lender, borrower = pair(sqlite_world)
    await market(lender).stall.offer(an_offer(lender))
    await market(borrower).stall.ask_for(a_need(borrower))
    says(lender, borrower)
    sqlite_world.free_bytes = 0
    for _ in range(20):
        await works(borrower)
        sqlite_world.clock.advance(REFUSED_MS)
    assert not market(borrower).borrower.loans
    assert len(market(borrower).borrower._coming) <= 1


async def test_a_store_with_leases_is_sound(sqlite_world: World) -> None:
    lender, borrower, _ = await lends(sqlite_world)
    await settles(sqlite_world, lender, borrower)
    assert lender.store.receipts_of(borrower.id) and borrower.store.receipts_of(lender.id)
    for one in (lender, borrower):
        found = await asyncio.to_thread(checking.check, path_of(one), True)
        assert found.ok, found.damage
