"""Attack 50, over the wire: a lender that says what does not follow, or says it twice.

Passes when a lease is paid for once, at one cost, after it was granted, taken and metered in that order; and whatever
else its lender says is refused, changes nothing, and is not kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hansa.conduct.ledger import Dealing
from hansa.kernel.instant import DAY, MINUTE, SECOND
from hansa.kernel.resources import Resource
from hansa.market.lease_states import State
from hansa.node.lease_list import LeaseList
from tests.node.trading import a_need, an_offer, asks, brings, lends, market, pair, settles, the, word, works
from tests.node.world import Resident, World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


def owes(borrower: Resident, lender: Resident) -> int:
    return -market(borrower).balances.of(lender.id)


async def test_a_lease_that_is_metered_twice_is_paid_once(world: World) -> None:
    lender, borrower, loan = await lends(world)
    assert await word(lender, borrower, loan, State.METERED, cost=100) == "lease"
    for cost in (100, 7):
        assert await word(lender, borrower, loan, State.METERED, cost=cost) == "no_lease"
    assert owes(borrower, lender) == 100
    assert [one.dealing for one in borrower.store.receipts_of(lender.id)] == [Dealing.LEASE_HONOURED]


@pytest.mark.parametrize(
    ("state", "fields"),
    [
        (State.GRANTED, {}),
        (State.ACTIVE, {}),
        (State.SETTLED, {"cost": 0}),
        (State.RELEASED, {}),
        (State.LAPSED, {}),
        (State.METERED, {"fence": 1, "cost": 0}),
    ],
)
async def test_what_does_not_follow_from_an_active_lease_changes_nothing(
    world: World, state: State, fields: dict[str, int]
) -> None:
    lender, borrower, loan = await lends(world)
    kept = len(borrower.store.records_about(loan.ask.id))
    assert await word(lender, borrower, loan, state, **fields) == "no_lease"
    assert the(borrower, loan.ask.id) == loan
    assert len(borrower.store.records_about(loan.ask.id)) == kept
    assert owes(borrower, lender) == 0


@pytest.mark.parametrize("state", [State.ACTIVE, State.METERED, State.SETTLED, State.BROKEN, State.RELEASED])
async def test_nothing_is_paid_for_what_was_not_granted_and_taken(world: World, state: State) -> None:
    lender, borrower = pair(world)
    await market(lender).stall.offer(an_offer(lender))
    loan = await asks(borrower, lender)
    assert await word(lender, borrower, loan, state, cost=1) == "no_lease"
    world.clock.advance(30 * SECOND)
    await works(borrower)  # gives it up
    assert await word(lender, borrower, loan, State.GRANTED) == "lease"
    assert await word(lender, borrower, the(borrower, loan.ask.id), State.METERED, cost=1) == "no_lease"
    assert owes(borrower, lender) == 0


async def test_a_settled_lease_does_not_come_back_also_after_a_restart(world: World) -> None:
    lender, borrower, loan = await lends(world)
    await settles(world, lender, borrower)
    cost = owes(borrower, lender)
    assert cost
    for state in (State.GRANTED, State.ACTIVE, State.METERED):
        assert await word(lender, borrower, the(borrower, loan.ask.id), state, cost=5) == "duplicate"
    world.restart(borrower)
    assert not list(LeaseList(borrower.node.core).open())
    assert await word(lender, borrower, the(borrower, loan.ask.id), State.METERED, cost=5) == "duplicate"
    assert owes(borrower, lender) == cost
    accounts = market(borrower).balances.recount()
    assert accounts.between(lender.id, borrower.id) == cost


async def test_settled_at_another_cost_than_was_agreed_to_is_refused(world: World) -> None:
    lender, borrower, loan = await lends(world)
    await word(lender, borrower, loan, State.METERED, cost=100)
    held = the(borrower, loan.ask.id)
    assert await word(lender, borrower, held, State.SETTLED, cost=99) == "no_lease"
    assert await word(lender, borrower, held, State.SETTLED, cost=100) == "lease"


async def test_who_says_that_it_is_broken_after_it_was_agreed_to_is_owed_nothing(world: World) -> None:
    lender, borrower, _ = await lends(world)
    world.clock.advance(11 * MINUTE)
    await works(lender)
    await brings(lender, borrower)  # agrees, and its letter is under way for longer than a day
    assert owes(borrower, lender) > 0
    world.clock.advance(DAY + MINUTE)
    await works(lender)
    await brings(lender, borrower)
    assert owes(borrower, lender) == market(lender).balances.of(borrower.id) == 0
    assert market(borrower).balances.recount().between(lender.id, borrower.id) == 0


async def test_what_costs_nothing_makes_nobody_known(world: World) -> None:
    lender, borrower, _ = await lends(world, price=0)
    await settles(world, lender, borrower)
    assert [one.state for one in market(lender).lender.book.all()] == [State.SETTLED]
    assert not lender.store.receipts_of(borrower.id) and not borrower.store.receipts_of(lender.id)


async def test_more_copies_than_were_asked_for_are_not_paid(world: World) -> None:
    lender, borrower = pair(world)
    kind = Resource.LEARNED_PATTERNS
    await market(lender).stall.offer(an_offer(lender, 10, 5, kind))
    loan = await asks(borrower, lender, a_need(borrower, 1, resource=kind))
    await word(lender, borrower, loan, State.GRANTED)
    known = tuple(one.record for one in borrower.store.outbox("pending"))  # ids of what the borrower surely holds
    assert len(known) == 2
    loan = the(borrower, loan.ask.id)
    assert await word(lender, borrower, loan, State.METERED, used=2, cost=10, records=known) == "no_lease"
    assert await word(lender, borrower, loan, State.METERED, used=1, cost=5, records=known) == "no_lease"
    assert owes(borrower, lender) == 0
