"""What a node shows of its leases, and what it takes for an order: flows over a relay, hours, balances, bad orders."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hansa.kernel.errors import NotFound, UsageError
from hansa.kernel.instant import HOUR, MINUTE, Instant
from hansa.kernel.resources import Resource
from hansa.market.lease_states import State
from hansa.market.messages import DEAREST, LONGEST_MS
from hansa.market.model import Window
from hansa.market.usage import AHEAD, ahead_number, hour_of
from hansa.node import ahead as ahead_
from hansa.node.driver import Effects
from hansa.node.flow_views import FlowViews, since
from hansa.node.node import Node
from hansa.node.rows import PutMark
from hansa.sim.world import World
from tests.sim.market_world import COMPUTE, done, market, needs, offers
from tests.sim.test_ahead import node
from tests.sim.test_network import chain, core, me, net


def read(one: Node) -> None:
    for _ in one.past.reading(Instant(0)):
        pass


def window(world: World, hours: int = 2, begins: int = 0) -> Window:
    now = core(world, 0).now()
    return Window(Instant(now + begins), Instant(now + begins + hours * HOUR))


def lent(nodes: int = 3) -> World:
    """Returns a row of nodes, of whom the last has borrowed of the first."""
    world = chain(nodes)
    offers(world, 0, 4000, price=60)
    needs(world, nodes - 1, 1000, most=100)
    world.run(10)
    return world


def test_flows_name_the_relay_that_nobody_gets_around() -> None:
    world = lent()
    one = node(world, 2)
    read(one)
    views = FlowViews(me(world, 2), one.past, one.ahead)
    shown = views.flows(since(core(world, 2).now(), 24), net(world, 2))
    assert shown["total"] == 1
    (pair,) = shown["pairs"]
    assert (pair["lender"], pair["borrower"], pair["transfers"]) == (me(world, 0), me(world, 2), 1)
    assert shown["distribution"] == {"computational_power": 1.0}
    assert shown["efficiency"] == 1.0
    (narrow,) = shown["bottlenecks"]
    assert (narrow["relay"], narrow["share"], narrow["only_to"]) == (me(world, 1), 1.0, [me(world, 0)])
    assert 0.5 < narrow["arrived"] < 1
    assert shown["optimal_routing"] == 1.0
    assert shown["sees"] == {"asked": 1, "copies": 0, "partners": 1, "known_nodes": 2}
    alone = views.flows(since(core(world, 2).now(), 24), None)
    assert (alone["total"], alone["bottlenecks"], alone["optimal_routing"]) == (1, [], None)


def test_hours_of_lender_and_borrower_say_the_same() -> None:
    world = lent(2)
    world.run(20 * 60)
    for one in world.residents:
        one.clock.jump(2 * HOUR)
    for number in (0, 1):
        read(node(world, number))
    gave, took = node(world, 0).ahead.hours(COMPUTE), node(world, 1).ahead.hours(COMPUTE)
    assert (gave.lent, gave.borrowed, gave.asked) == (took.borrowed, took.lent, (0,) * len(gave.lent))
    assert max(took.asked) == max(took.borrowed) == 1000
    assert node(world, 1).ahead.hours(Resource.MEMORY_CAPACITY).asked == ()
    assert node(world, 1).ahead.outlook(COMPUTE, 3)[1] is None, "too little is known"


def test_balances_that_are_not_what_was_signed_are_found() -> None:
    world = lent(2)
    world.run(12 * 60)
    balances = market(world, 1).balances
    (owed,) = [amount for _, amount in balances.all()]
    assert owed < 0
    *_, (counted, total, accounts) = balances.recounting()
    assert (counted, total, accounts.between(me(world, 1), me(world, 0))) == (1, 1, owed)
    done(world, core(world, 1).driver.perform(Effects([PutMark(f"balance {me(world, 0)}", "-1")])))
    assert balances.recount().between(me(world, 1), me(world, 0)) == owed != balances.of(me(world, 0))


# ---- orders


def order(world: World, amount: int = 1000, **given: Any) -> Any:
    told = {"least": 1, "urgency": 0, "most": 100, "window": window(world), "lasts": 30 * MINUTE} | given
    return done(world, node(world, 1).orders.request(COMPUTE, amount, **told))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"least": 1001}, "least that is of use"), ({"least": 0}, "least that is of use"),
        ({"urgency": 1001}, "urgency"), ({"urgency": -1}, "urgency"),
        ({"amount": 10**6, "most": DEAREST}, "too large"), ({"lasts": 3 * HOUR}, "lasts longer than its window"),
        ({"lasts": 0}, "lasts"), ({"lasts": LONGEST_MS + 1}, "no lease lasts longer"),
    ],
)  # fmt: skip
def test_a_request_that_nothing_can_meet_is_not_kept(given: dict[str, Any], told: str) -> None:
    world = chain(2, seconds=1)
    with pytest.raises(UsageError, match=told):
        order(world, **given)
    assert not market(world, 1).stall.requests(core(world, 1).now())


def test_a_window_is_still_to_come() -> None:
    world = chain(2, seconds=1)
    orders = node(world, 1).orders
    for begins, hours, told in ((-3 * HOUR, 2, "is past"), (-HOUR, 2, "begins in the past"), (HOUR, 0, "before it")):
        with pytest.raises(UsageError, match=told):
            order(world, window=window(world, hours, begins))
        with pytest.raises(UsageError, match=told):
            done(world, orders.offer(COMPUTE, 1, 0, window(world, hours, begins)))
    with pytest.raises(UsageError, match="too large"):
        done(world, orders.offer(COMPUTE, 2**26, DEAREST, window(world)))
    assert not market(world, 1).stall.is_open(core(world, 1).now())


def test_no_request_has_the_number_of_one_whose_leases_would_count_for_it() -> None:
    world = chain(2)
    offers(world, 0, 4000)
    assert [order(world).number, order(world).number] == [1, 2]
    world.run(10)
    now = core(world, 1).now()
    assert not market(world, 1).open_requests(now)
    for number in ("1", "2"):
        done(world, node(world, 1).orders.withdraw(number))
    assert order(world).number == 3


def test_few_digits_are_a_number_and_never_the_start_of_an_id() -> None:
    world = chain(2, seconds=1)
    placed = order(world)
    orders = node(world, 1).orders
    for text in ("", "2", placed.id[:1], placed.id[:3], "0" * 7, "x" * 64):
        with pytest.raises(NotFound, match="see hansa market list"):
            done(world, orders.withdraw(text))
    assert done(world, orders.withdraw(placed.id[:9])) == ("request", placed.id)


# ---- ahead of time


def test_what_was_not_leased_ahead_is_not_drawn_on() -> None:
    world = lent(2)
    (loan,) = market(world, 1).borrower.loans.values()
    assert loan.request < AHEAD
    assert node(world, 1).ahead.drawable(COMPUTE, 10, window(world), MINUTE) == []
    assert order(world, 10).drawn == ()


def test_only_so_many_requests_are_open_ahead_of_time_at_once() -> None:
    world = chain(2, seconds=1)
    one, now = node(world, 1).ahead, core(world, 1).now()
    hours = [Instant(hour_of(now) + at * HOUR) for at in range(1, 20)]

    done(world, one._ask(ahead_.Short(COMPUTE, Instant(hour_of(now)), 7, 7, 0, 0)))
    assert not market(world, 1).stall.requests(now), "that hour has begun"

    async def ask_all() -> None:
        for hour in hours:
            await one._ask(ahead_.Short(COMPUTE, hour, 5, 5, 0, 0))
            await asyncio.sleep(0)

    done(world, ask_all())
    asked = market(world, 1).stall.requests(now)
    assert len(asked) == ahead_.MAX_OPEN
    assert list(asked) == [ahead_number(COMPUTE, hour) for hour in hours[: ahead_.MAX_OPEN]]
    more = ahead_.Short(COMPUTE, hours[0], 9, 9, 0, 0)
    done(world, one._ask(more))
    assert market(world, 1).stall.requests(now)[ahead_number(COMPUTE, hours[0])].amount == 9
    done(world, one._ask(ahead_.Short(COMPUTE, hours[0], 7, 7, 0, 0)))
    assert market(world, 1).stall.requests(now)[ahead_number(COMPUTE, hours[0])].amount == 9


def test_what_was_read_once_is_the_same_when_it_is_read_again() -> None:
    world = lent(2)
    one = node(world, 1)
    read(one)
    first = one.past.transfers()
    assert [(each.state, each.request) for each in first] == [(State.ACTIVE, 1)]
    world.run(12 * 60)
    needs(world, 1, 500, most=100, which=2)
    world.run(10)
    read(one)
    latest = one.past.transfers()
    assert [(each.state, each.request) for each in latest] == [(State.ACTIVE, 2), (State.SETTLED, 1)]
    read(one)
    assert one.past.transfers() == latest
    read(node(world, 0))
    assert [each.request for each in node(world, 0).past.transfers()] == [0, 0], "their count is not the lender's"
