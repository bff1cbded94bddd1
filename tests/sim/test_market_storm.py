"""Trading in a storm: whatever is killed, cut off, paused or lost, nothing is lent twice, and nothing half paid."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from hansa.entrypoints.simulation import Linked, Workshop, remembering
from hansa.kernel.errors import HansaError
from hansa.kernel.instant import HOUR, MINUTE
from hansa.kernel.rng import Rng
from hansa.market.lease import peak
from hansa.market.lease_states import HOLDS, State
from hansa.market.messages import Offered, Requested
from hansa.market.model import Window
from hansa.node.lease_list import LeaseList
from hansa.node.rows import PeerRow, PutPeer
from hansa.sim.faults import DRAWS, Nemesis
from hansa.sim.world import World
from tests.attacks.specimens import scaled
from tests.sim.market_world import COMPUTE, market
from tests.sim.test_network import core, me

NODES = 4
ACTIVE_S = 30
FAULTS = tuple(kind for kind in DRAWS if kind not in ("old backup", "clock", "strobe"))
"""A lender that is put back to an old copy has forgotten what it granted: it grants no work on that (the fence)."""


def up(world: World) -> Iterator[int]:
    for one in world.residents:
        if isinstance(one.inhabitant, Linked) and not one.paused:
            yield one.number


def looks(world: World) -> None:
    """Looks every half second whether somebody has lent more than it has."""
    for number in up(world):
        book, now = market(world, number).lender.book, core(world, number).now()
        held = [one.ask for one in book.all() if one.state in HOLDS]
        offered = sum(one.amount for one in market(world, number).stall.offers(now).values())
        assert peak(held, Window(now, now + 24 * HOUR)) <= offered
    world.after(500, looks, world)


def trades(world: World, rng: Rng, count: int) -> None:
    """Has nodes offer and ask for things, at instants of chance."""

    def do(number: int, which: int) -> None:
        if number not in list(up(world)):
            return
        now = core(world, number).now()
        stall, draw = market(world, number).stall, rng.child("trade", which)

        async def trade(_: Any) -> None:
            if which % 3 == 0:
                amount = 100 * (1 + draw.below(20))
                await stall.offer(
                    Offered(resource=COMPUTE, amount=amount, price=draw.below(50), begins=now, ends=now + HOUR,
                            free=amount)
                )  # fmt: skip
            else:
                await stall.ask_for(
                    Requested(number=which, resource=COMPUTE, amount=100 * (1 + draw.below(15)), least=1, urgency=0,
                              most=100, begins=now, ends=now + 3 * MINUTE, lasts=MINUTE // (1 + draw.below(3)))
                )  # fmt: skip

        async def try_it(inhabitant: Any) -> None:
            with suppress(HansaError):  # a full disk, say
                await trade(inhabitant)

        world.spawn(number, try_it)

    for which in range(count):
        at = rng.below(ACTIVE_S * 1000)
        world.after(at, do, which % NODES if which % 3 else which // 3 % 2, which)


def storm(seed: int) -> World:
    world = World(seed, NODES, Workshop())
    for one in world.residents:
        others = [other.keys.node_id for other in world.residents if other is not one]
        one.store.commit([[PutPeer(PeerRow(other, invited=True)) for other in others]])
    world.start()
    trades(world, Rng(seed).child("trades"), 40)
    Nemesis(world.rng.child("nemesis"), NODES, FAULTS, ACTIVE_S // 3, ACTIVE_S * 1000).unleash(world)
    world.after(500, looks, world)
    world.run(ACTIVE_S)
    world.heal()
    world.run(6 * 60)
    return world


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(scaled(4)))
def test_nothing_is_lent_twice_and_both_ends_agree_on_what_is_owed(seed: int) -> None:
    with remembering():
        world = storm(seed)
        assert not world.violations
        settled = 0
        for number in range(NODES):
            book = market(world, number).lender.book
            assert all(one.is_over for one in book.all())
            assert not list(LeaseList(core(world, number)).open())
            settled += sum(one.state is State.SETTLED for one in book.all())
            for other in range(NODES):
                if other != number:
                    whom, mine = me(world, other), market(world, number).balances
                    assert mine.of(whom) == -market(world, other).balances.of(me(world, number))
                    assert mine.recount().between(me(world, number), whom) == mine.of(whom)
        assert settled
        world.close()
