"""Leases in advance over virtual days (M12): what is needed each day is leased before, where that is on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hansa.kernel.instant import HOUR, MINUTE, Instant
from hansa.market.lease_states import State
from hansa.market.messages import Offered
from hansa.market.model import Window
from hansa.market.usage import AHEAD, hour_of
from hansa.node.ahead import HOURS, Drawn
from hansa.node.node import Node
from hansa.node.orders import Placed
from hansa.sim.world import World
from tests.sim.market_world import COMPUTE, done, market
from tests.sim.test_network import chain, core, me

NOON = 12
SETTLES = 20


def node(world: World, number: int) -> Node:
    inhabitant = world.residents[number].inhabitant
    assert inhabitant is not None
    return inhabitant.node


def trading(ahead: bool, price: int = 60) -> World:
    """Returns two nodes at the beginning of an hour: one lends for a week, the other looks ahead or does not."""
    world = chain(2)
    for number in (0, 1):
        settings = market(world, number).settings
        market(world, number).settings = replace(settings, trading=replace(settings.trading, ahead=ahead))
    now = core(world, 0).now()
    offered = Offered(
        resource=COMPUTE, amount=4000, price=price, begins=now, ends=now + 8 * 24 * HOUR, free=4000
    )  # fmt: skip
    done(world, market(world, 0).stall.offer(offered))
    next_hour(world)
    return world


def next_hour(world: World) -> None:
    """Sets all clocks to the beginning of the next hour, and lets everybody do what is due."""
    now = core(world, 0).now()
    for one in world.residents:
        one.clock.jump(hour_of(now) + HOUR - one.clock.now())
    world.run(SETTLES)


def needs(world: World, amount: int = 1000, minutes: int = 30) -> Placed:
    """Has the second node ask for something now, for a while within the next hour."""
    now = core(world, 1).now()
    window = Window(now, Instant(now + 59 * MINUTE))
    placed: Placed = done(
        world, node(world, 1).orders.request(COMPUTE, amount, amount, 0, 100, window, minutes * MINUTE)
    )
    return placed


def hour_of_day(world: World) -> int:
    return core(world, 1).now() // HOUR % 24


def days(world: World, many: int, until: int = NOON) -> None:
    """Has so many noons go by at each of which something is needed, and ends at an hour of the day after them."""
    noons = 0
    while not (noons == many and hour_of_day(world) == until):
        if hour_of_day(world) == NOON and noons < many:
            assert needs(world).number, "nothing is leased ahead yet"
            noons += 1
            world.run(SETTLES)
        next_hour(world)


def leased_ahead(world: World) -> list[tuple[int, int, State | None]]:
    """Returns hour of the day, amount and state of what the second node was lent ahead of time."""
    loans = market(world, 1).borrower.loans.values()
    return [
        (one.ask.window.begins // HOUR % 24, one.ask.amount, one.lease.state if one.lease else None)
        for one in loans
        if one.request >= AHEAD
    ]


def test_what_is_needed_each_day_is_leased_before_the_hour() -> None:
    world = trading(ahead=True)
    days(world, 3, until=NOON - HOURS)
    assert leased_ahead(world) == [(NOON, 1000, State.ACTIVE)]
    (lease,) = [one for one in market(world, 0).lender.book.all() if one.ask.window.begins > core(world, 0).now()]
    assert (lease.ask.borrower, lease.ask.price, lease.ask.amount) == (me(world, 1), 60, 1000)
    (told,) = [one for one in core(world, 1).driver.history if one.kind.code == "request.ahead"]
    assert (told.fields["amount"], told.fields["expected"], told.fields["leased"]) == (1000, 1000, 0)
    story = node(world, 1).stories.why(told.ref[:12])
    assert "1000 of computational_power are expected to be needed, and 0 are leased" in str(story)
    while hour_of_day(world) != NOON:
        next_hour(world)
    assert len(leased_ahead(world)) == 1, "it is asked for once"
    placed = needs(world, 1400)
    (drawn,) = placed.drawn
    assert isinstance(drawn, Drawn)
    assert (drawn.lender, drawn.part.amount, placed.amount) == (me(world, 0), 1000, 400)
    again = needs(world, 200)
    assert (again.drawn, again.amount) == ((), 200), "what is drawn on is drawn on"


def test_without_the_setting_nothing_is_asked_for_ahead() -> None:
    world = trading(ahead=False)
    days(world, 3, until=NOON - 1)
    assert leased_ahead(world) == []
    assert not [one for one in core(world, 1).driver.history if one.kind.code == "request.ahead"]
    past, expected = _outlook(world)
    assert max(past) == 1000
    assert expected is not None and round(expected[0]) == 1000


def _outlook(world: World) -> tuple[tuple[int, ...], tuple[float, ...] | None]:
    one = node(world, 1)
    for _ in one.past.reading(Instant(0)):
        pass
    past, found = one.ahead.outlook(COMPUTE, 3)
    return past.asked, found.values if found else None


def test_what_nobody_draws_on_is_not_asked_for_for_ever() -> None:
    world = trading(ahead=True)
    days(world, 3, until=NOON - 1)
    assert len(leased_ahead(world)) == 1
    for _ in range(2 * 24):
        next_hour(world)
    past, _ = _outlook(world)
    assert past[-24:] == (0,) * 24
    asked = [one for one in core(world, 1).driver.history if one.kind.code == "request.ahead"]
    assert len(asked) <= 2


@pytest.mark.parametrize("price", [60, 0])
def test_it_is_never_paid_more_than_was_paid(price: int) -> None:
    world = trading(ahead=True, price=price)
    days(world, 3, until=NOON - HOURS)
    assert leased_ahead(world)
    assert {one.ask.price for one in market(world, 1).borrower.loans.values()} == {price}
