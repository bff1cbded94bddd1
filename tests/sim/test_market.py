"""Nodes that lend to each other over the overlay, under virtual time: from an offer to a settled lease (M5 to M8)."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from hansa.entrypoints.simulation import Linked
from hansa.kernel.instant import HOUR, MINUTE
from hansa.kernel.resources import Resource
from hansa.market.leases import State
from hansa.market.messages import Offered, Requested
from hansa.node.market import Market
from hansa.sim.world import World
from tests.sim.test_network import chain, core, me

COMPUTE = Resource.COMPUTATIONAL_POWER


def market(world: World, number: int) -> Market:
    inhabitant = world.residents[number].inhabitant
    assert isinstance(inhabitant, Linked)
    return inhabitant.node.market


def done(world: World, work: Coroutine[Any, Any, Any]) -> Any:
    """Returns what a coroutine comes to in a world."""
    task = world.loop.create_task(work)
    world.run(1)
    return task.result()


def offers(world: World, number: int, amount: int, price: int = 0, hours: int = 8) -> None:
    now = core(world, number).now()
    one = Offered(resource=COMPUTE, amount=amount, price=price, begins=now, ends=now + hours * HOUR, free=amount)
    done(world, market(world, number).stall.offer(one))


def needs(world: World, number: int, amount: int, most: int = 0, minutes: int = 10, which: int = 1) -> None:
    now = core(world, number).now()
    one = Requested(
        number=which, resource=COMPUTE, amount=amount, least=1, urgency=0, most=most, begins=now,
        ends=now + 2 * HOUR, lasts=minutes * MINUTE,
    )  # fmt: skip
    done(world, market(world, number).stall.ask_for(one))


def test_what_one_offers_and_another_needs_becomes_a_lease_that_is_taken_and_settled() -> None:
    world = chain(3)
    offers(world, 0, 4000, price=60)
    needs(world, 2, 1000, most=100)
    world.run(10)
    (lease,) = market(world, 0).lender.book.all()
    assert (lease.state, lease.ask.borrower, lease.ask.amount) == (State.ACTIVE, me(world, 2), 1000)
    (loan,) = market(world, 2).borrower.loans.values()
    assert loan.lease is not None and (loan.lease.state, loan.lease.fence) == (State.ACTIVE, lease.fence)
    world.run(11 * 60)
    (lease,) = market(world, 0).lender.book.all()
    assert lease.state is State.SETTLED
    assert lease.cost == 1000 * 60 * 250 // 1000 // 6  # a quarter of ten minutes
    assert market(world, 0).lender._balances.of(me(world, 2)) == lease.cost
    assert market(world, 2).lender._balances.of(me(world, 0)) == -lease.cost
