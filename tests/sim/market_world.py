"""Worlds whose nodes trade: what tests of the market offer, ask for and look at."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from hansa.entrypoints.simulation import Linked
from hansa.kernel.instant import HOUR, MINUTE
from hansa.kernel.resources import Resource
from hansa.market.lease import Lease, peak
from hansa.market.lease_states import HOLDS
from hansa.market.messages import Offered, Requested
from hansa.market.model import Window
from hansa.node.borrowing import Loan
from hansa.node.market import Market
from hansa.sim.world import World
from tests.sim.test_network import core, me

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


def offers(world: World, number: int, amount: int, price: int = 0, hours: int = 8) -> Offered:
    """Has a node put computing time on offer."""
    now = core(world, number).now()
    one = Offered(resource=COMPUTE, amount=amount, price=price, begins=now, ends=now + hours * HOUR, free=amount)
    done(world, market(world, number).stall.offer(one))
    return one


def needs(
    world: World, number: int, amount: int, most: int = 0, minutes: int = 10, which: int = 1, least: int = 1
) -> None:
    """Has a node ask for computing time."""
    now = core(world, number).now()
    one = Requested(
        number=which, resource=COMPUTE, amount=amount, least=least, urgency=0, most=most, begins=now,
        ends=now + 2 * HOUR, lasts=minutes * MINUTE,
    )  # fmt: skip
    done(world, market(world, number).stall.ask_for(one))


def lent(world: World, number: int) -> list[Lease]:
    """Returns what a node has lent."""
    return market(world, number).lender.book.all()


def loans(world: World, number: int) -> list[Loan]:
    """Returns what a node has asked for, but what came to nothing."""
    return [one for one in market(world, number).borrower.loans.values() if one.lease is not None]


def owed(world: World, lender: int, borrower: int) -> tuple[int, int]:
    """Returns what a borrower owes by the lender's balance, and by its own."""
    return (
        market(world, lender).balances.of(me(world, borrower)),
        -market(world, borrower).balances.of(me(world, lender)),
    )


def most_lent(world: World, number: int) -> int:
    """Returns the most units that a node has lent at one instant."""
    held = [one.ask for one in lent(world, number) if one.state in HOLDS]
    return peak(held, Window(core(world, number).now(), core(world, number).now() + 24 * HOUR))
