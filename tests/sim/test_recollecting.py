"""A node that was restored from a backup learns from its neighbours what it has said since, and then goes on."""

from __future__ import annotations

from hansa.kernel.instant import Instant
from hansa.node.rows import Change, PutSubscription, SubscriptionRow
from hansa.overlay.frames import Mine
from hansa.sim.disk import Trouble
from hansa.sim.workload import specimen
from hansa.sim.world import World
from hansa.skills.model import SkillState
from tests.sim.restored import Star, feed, restored, state
from tests.sim.test_network import core, me, net
from tests.sim.worlds import say


def test_its_neighbours_bring_back_what_it_said_in_its_order_and_it_goes_on() -> None:
    world, before = restored(4)
    assert core(world, 0).asks_first
    world.run(15)
    assert not core(world, 0).asks_first
    assert feed(world) == before
    assert (state(world, 1), state(world, 3)) == (SkillState.REMOVED, SkillState.QUARANTINED)
    said = say(world, 0, 4)
    world.run(2)
    assert said[0] is not None
    assert world.residents[3].store.skill(specimen(4).id) is not None
    assert not world.violations


def test_nothing_of_its_own_is_taken_before_all_of_it_is_here() -> None:
    world, before = restored(4)
    world.run(3)
    assert core(world, 0).asks_first
    assert len(feed(world)) == 2
    world.run(12)
    assert feed(world) == before


def test_it_signs_under_numbers_above_all_that_it_has_used() -> None:
    world, _ = restored(4)
    numbers = [row.seq for row in world.residents[1].store.records_after(me(world, 0), -1)]
    world.residents[0].clock.offset_ms -= 60_000
    world.run(3)
    assert core(world, 0).asks_first
    assert core(world, 0).numbering.last >= max(numbers)
    world.run(12)
    said = say(world, 0, 4)
    world.run(1)
    assert said[0] is not None
    row = world.residents[0].store.record(said[0].id)
    assert row is not None
    assert row.seq > max(numbers)


def test_a_source_among_its_peers_must_have_answered_as_well() -> None:
    def subscribed(world: World) -> list[Change]:
        return [PutSubscription(SubscriptionRow("http://gone", me(world, 3)))]

    workshop = Star()
    world, before = restored(4, workshop, subscribed)
    workshop.barred[me(world, 3)] = None
    world.run(25)
    assert core(world, 0).asks_first
    workshop.barred.clear()
    world.run(25)
    assert not core(world, 0).asks_first
    assert feed(world) == before


def test_what_is_held_comes_in_when_the_operator_goes_on_without_it() -> None:
    def down(world: World) -> list[Change]:
        world.crash(2)
        return []

    world, before = restored(3, None, down)
    world.run(5)
    assert len(feed(world)) == 2
    world.spawn(0, lambda inhabitant: inhabitant.node.recovery.go_on("the operator goes on"))
    world.run(10)
    assert sorted(feed(world)) == sorted(before)


def test_a_full_disk_puts_it_off() -> None:
    world, before = restored(3)
    world.run(2)
    disk = world.residents[0].disk
    assert disk is not None
    disk.trouble = Trouble.FULL
    world.run(20)
    assert core(world, 0).asks_first
    disk.trouble = None
    world.run(20)
    assert not core(world, 0).asks_first
    assert feed(world) == before


def test_an_answer_of_many_pages_is_whole(monkeypatch) -> None:
    monkeypatch.setattr("hansa.node.recollecting.PAGE", 1)
    world, before = restored(3)
    world.run(20)
    assert feed(world) == before


def test_it_waits_for_neighbours_that_are_not_there_yet() -> None:
    def down(world: World) -> list[Change]:
        world.crash(2)
        return []

    world, before = restored(3, None, down)
    world.run(20)
    assert core(world, 0).asks_first
    world.restart(2)
    world.run(30)
    assert not core(world, 0).asks_first
    assert feed(world) == before


def test_a_node_that_was_not_restored_asks_nobody_and_listens_to_no_answer() -> None:
    world, _ = restored(3)
    world.run(15)
    found = net(world, 0).words.recollecting
    assert not core(world, 0).asks_first
    assert not found.linked(me(world, 1), Instant(world.loop.now_ms)).sends
    assert not found.tick(Instant(world.loop.now_ms)).sends


def test_whoever_asks_too_often_is_blamed() -> None:
    world, _ = restored(3)
    world.run(5)
    now = net(world, 1).now()
    answers = [net(world, 1).words.recollecting.heard(me(world, 0), Mine(0), now) for _ in range(10)]
    assert [len(one.blames) for one in answers] == [0] * 8 + [1] * 2
    assert len(answers[0].sends) == 1
