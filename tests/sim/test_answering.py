"""Whoever takes a skill back sees who has acted on it, without any hub: acknowledgements go along routes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hansa.identity import envelope
from hansa.kernel.ids import ContentId, NodeId
from hansa.kernel.instant import DAY, SECOND, Instant
from hansa.kernel.verdict import Reason
from hansa.node.answering import AT_ONCE, Answering
from hansa.node.outbox import node_in, over_links
from hansa.node.recall_status import RecallStatus
from hansa.node.rows import Change, OutboxRow, PutOutbox, PutSubscription, SubscriptionRow
from hansa.overlay.doing import Doing, Happened
from hansa.sim.workload import specimen
from hansa.sim.world import World
from hansa.skills.messages import ACKNOWLEDGEMENT, TOMBSTONE, tombstone_body
from tests.sim.test_network import Chain, chain, core, me, net
from tests.sim.worlds import say


def recalled(nodes: int = 4, seconds: float = 15, prepare: Any = None) -> World:
    """Returns a row of nodes, the first of which recalled a skill that all of them had."""
    world = chain(nodes, Chain(), seconds=40)
    say(world, 0)
    world.run(3)
    if prepare:
        prepare(world)
    say(world, 0, kind=TOMBSTONE, body=tombstone_body(specimen(1).id, "it lies", recall=True))
    world.run(seconds)
    return world


def acknowledged(world: World, number: int = 0) -> list[NodeId]:
    row = world.residents[number].store.skill(specimen(1).id)
    assert row is not None
    found: Any = RecallStatus(core(world, number)).of(row)["acknowledged"]
    return sorted(one["instance_id"] for one in found)


def outbox(world: World, number: int) -> list[tuple[str, str]]:
    store = world.residents[number].store
    return [(row.url, row.state) for state in ("pending", "delivered", "refused", "dropped")
            for row in store.outbox(state)]  # fmt: skip


def test_all_holders_say_so_to_whoever_recalled_it_and_nobody_else_hears() -> None:
    world = recalled()
    assert acknowledged(world) == sorted(me(world, number) for number in (1, 2, 3))
    for number in (1, 2, 3):
        assert acknowledged(world, number) == [me(world, number)]
        assert outbox(world, number) == [(over_links(me(world, 0)), "delivered")]
    assert not world.violations


def test_what_was_not_delivered_is_sent_after_a_restart() -> None:
    world = recalled(3, 2.5)
    world.crash(0)
    world.run(20)
    world.crash(2)
    world.restart(2)
    world.restart(0)
    world.run(90)
    assert acknowledged(world) == sorted(me(world, number) for number in (1, 2))


def test_where_no_way_is_known_gossip_does_not_carry_it() -> None:
    def lost(world: World) -> None:
        for number in (1, 2, 3):
            net(world, number).parts.routes.ways = lambda whom, now: []  # type: ignore[method-assign]

    world = recalled(4, 15, lost)
    assert acknowledged(world) == []
    assert acknowledged(world, 1) == [me(world, 1)]
    assert outbox(world, 3) == [(over_links(me(world, 0)), "pending")]


@pytest.mark.parametrize(("report", "says"), [("none", False), ("all", True)])
def test_whoever_reports_nothing_says_nothing_over_links_either(report: str, says: bool) -> None:
    def subscribed(world: World) -> None:
        source = SubscriptionRow("http://elsewhere", me(world, 1), report=report)
        world.residents[2].store.commit([[PutSubscription(source)]])

    world = recalled(3, 15, subscribed)
    assert (me(world, 2) in acknowledged(world)) is says


def test_whoever_is_told_as_a_source_is_not_told_twice() -> None:
    def subscribed(world: World) -> None:
        world.residents[2].store.commit([[PutSubscription(SubscriptionRow("http://zero", me(world, 0), report="all"))]])

    world = recalled(3, 15, subscribed)
    assert [url for url, _ in outbox(world, 2)] == ["http://zero"]


# ---- when what is sent


def at(ms: int) -> Instant:
    return Instant(1_000_000 + ms)


class Bench:
    """An acknowledgement that waits at a node, and routes that note what they are to carry."""

    def __init__(self) -> None:
        self.world = recalled(3, 3)
        self.core = core(self.world, 1)
        self.store = self.world.residents[1].store
        (self.id,) = [ContentId(row.id) for row in self.store.records_about(specimen(1).id, ACKNOWLEDGEMENT)]
        self.whom = me(self.world, 0)
        self.row = OutboxRow(self.id, over_links(self.whom), "pending", at=self.core.now())
        self.store.commit([[PutOutbox(self.row)]])
        self.carried: list[str] = []
        self.changes: list[Change] = []
        self.made = Answering(self.core, self, lambda effects: self.changes.extend(effects.changes))  # type: ignore[arg-type]

    def carry(self, raw: bytes, whom: NodeId, now: Instant) -> Any:
        self.carried.append(envelope.read(raw).id)
        return Doing()

    def states(self) -> list[str]:
        return [one.row.state for one in self.changes if isinstance(one, PutOutbox)]


def test_it_is_sent_again_ever_more_rarely_until_somebody_says_that_it_came() -> None:
    bench = Bench()
    counts = []
    for second in range(200):
        bench.made.tick(at(second * SECOND))
        counts.append(len(bench.carried))
    assert 3 <= counts[-1] <= 4
    bench.made.came(Happened("delivered", bench.whom, f"{'0' * 64}"))
    bench.made.came(Happened("delivered", me(bench.world, 2), bench.id))
    bench.made.came(Happened("all ways failed", bench.whom, bench.id))
    bench.made.came(Happened("refused", bench.whom, f"{bench.id} {Reason.RATE.code}"))
    assert bench.states() == []
    bench.made.came(Happened("delivered", bench.whom, bench.id))
    assert bench.states() == ["delivered"]


def test_what_is_refused_for_good_is_not_sent_again() -> None:
    bench = Bench()
    bench.made.tick(at(0))
    bench.made.came(Happened("refused", bench.whom, f"{bench.id} unknown_skill"))
    assert bench.states() == ["refused"]
    assert bench.changes[0].row.reason == "unknown_skill"  # type: ignore[union-attr]


def test_it_is_given_up_after_a_week() -> None:
    bench = Bench()
    bench.made.tick(at(0))
    bench.core.clock.offset_ms += 8 * DAY
    bench.made.tick(at(10 * SECOND))
    assert bench.states() == ["dropped"]
    assert bench.carried == []


def test_what_is_damaged_is_not_sent() -> None:
    bench = Bench()
    bench.store.damage(bench.id, 300)
    bench.made.tick(at(0))
    bench.made.tick(at(10 * SECOND))
    assert (bench.states(), bench.carried) == (["refused"], [])


def test_what_the_operator_dropped_is_not_sent() -> None:
    bench = Bench()
    bench.made.tick(at(0))
    bench.store.commit([[PutOutbox(OutboxRow(bench.id, over_links(bench.whom), "dropped"))]])
    before = len(bench.carried)
    bench.made.tick(at(60 * SECOND))
    assert len(bench.carried) == before


def test_not_all_are_sent_in_one_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench()
    bench.made.tick(at(0))
    (((_, url), letter),) = bench.made._letters.items()
    many = range(AT_ONCE + 5)
    bench.made._letters = {(ContentId(str(number)), url): replace(letter, due=at(0)) for number in many}
    bench.made.tick(at(SECOND))
    assert len(bench.carried) == AT_ONCE


def test_an_address_of_the_overlay_names_a_node_and_others_do_not() -> None:
    assert node_in(over_links(NodeId("did:key:zA"))) == "did:key:zA"
    assert node_in("http://a") is None
