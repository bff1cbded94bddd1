"""A world: crashes at each point of a write, old backups, disks, clocks, pauses, and faults that all end."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansa.kernel.errors import DiskFull, Fault
from hansa.kernel.ids import ContentId
from hansa.kernel.instant import HOUR
from hansa.kernel.rng import Rng
from hansa.sim.clock import START, NodeClock
from hansa.sim.disk import Disk, Point, Trouble
from hansa.sim.faults import DRAWS, Cut, Nemesis
from hansa.sim.journal import Journal
from hansa.sim.loop import Process, VirtualLoop
from hansa.sim.scenario import SCENARIOS
from hansa.sim.workload import specimen
from hansa.sim.world import World
from hansa.skills.model import SkillState
from tests.sim.worlds import say, small, take_back


def holds(world: World, number: int, skill: int = 1) -> bool:
    return world.residents[number].store.skill(specimen(skill).id) is not None


@pytest.mark.parametrize("point", Point)
def test_a_kill_in_a_write_keeps_all_of_it_or_nothing(point: Point) -> None:
    world = small()
    world.crash_in_write(1, point)
    said = say(world, 1)
    world.run(1)
    assert said == [] and not world.residents[1].up  # nobody was told
    assert holds(world, 1) is (point is Point.AFTER)
    world.restart(1)
    assert world.converge(within=10) is not None
    assert holds(world, 0) is (point is Point.AFTER)
    world.checker.check_end()
    assert not world.violations
    world.close()


def test_what_was_acknowledged_outlives_its_process_and_travels_on() -> None:
    world = small()
    world.partition([(1,), (0, 2)])
    said = say(world, 1)
    world.run(1)
    assert said[0] is not None
    world.crash(1)
    world.crash(1)
    world.run(1)
    world.heal()
    assert world.converge(within=10) is not None and all(holds(world, number) for number in range(3))
    world.close()


def test_what_is_said_while_a_node_is_down_reaches_it_later() -> None:
    world = small()
    world.crash(1)
    say(world, 0)
    assert say(world, 1) == []
    world.run(5)
    assert holds(world, 2) and not holds(world, 1) and not world.checker.converged()
    world.restart(1)
    world.restart(1)
    assert world.converge(within=10) is not None and holds(world, 1)
    world.close()


def test_an_old_backup_comes_back_to_the_present_and_nothing_rises_from_it() -> None:
    world = small()
    said = say(world, 1)
    world.run(2)
    assert said[0] is not None
    world.back_up(2)
    take_back(world, 1)
    say(world, 2, 2)
    world.run(3)
    world.restore(2)
    assert world.residents[2].store.skill_state(specimen(1).id) is SkillState.QUARANTINED
    assert world.converge(within=10) is not None
    world.checker.check_end()
    assert not world.violations
    assert world.residents[2].store.skill_state(specimen(1).id) is SkillState.REMOVED and holds(world, 2, 2)
    world.close()


def test_nothing_is_restored_without_a_backup() -> None:
    world = small()
    world.restore(1)
    assert world.residents[1].starts == 1
    world.close()


@pytest.mark.parametrize("trouble", Trouble)
def test_a_bad_disk_refuses_and_keeps_nothing(trouble: Trouble) -> None:
    world = small()
    disk = world.residents[1].disk
    assert disk is not None
    disk.trouble = trouble
    said = say(world, 1)
    world.run(2)
    assert said == [None] and not holds(world, 1)
    assert sum(world.history.refused.values()) == 1
    world.heal()
    say(world, 1)
    assert world.converge(within=10) is not None
    world.run(1)
    assert holds(world, 0) and not world.violations
    world.close()


def test_writes_that_wait_go_together_and_a_dead_process_writes_nothing() -> None:
    loop, made = VirtualLoop(), []
    process = Process("one")
    disk = Disk(loop, Rng(1), process)
    outcomes = [disk.write([[]], lambda batches: made.append(loop.now_us) or [None]) for _ in range(5)]
    loop.run_until(100)
    assert len(made) == 5 and len(set(made)) == 2 and disk.writes == 5
    assert all(one.done() for one in outcomes)  # type: ignore[attr-defined]
    process.alive = False
    assert disk.write([[]], lambda batches: made.append(0) or [None]).cancelled()  # type: ignore[attr-defined]


def test_errors_of_a_disk_are_typed_and_an_empty_batch_has_none() -> None:
    loop = VirtualLoop()
    disk = Disk(loop, Rng(1), Process("one"))
    for trouble, kind in ((Trouble.FULL, DiskFull), (Trouble.IO_ERROR, Fault)):
        disk.trouble = trouble

        async def write() -> list[object]:
            return list(await disk.write([["change"], []], lambda _: [None]))  # type: ignore[list-item]

        error, nothing = loop.run_until_complete(write())
        assert isinstance(error, kind) and nothing is None


def test_a_paused_node_hears_all_of_it_later() -> None:
    world = small()
    world.pause(1, 2.0)
    world.pause(1, 9.0)
    say(world, 0)
    world.run(1)
    assert not holds(world, 1) and holds(world, 2)
    world.run(3)
    assert holds(world, 1) and world.residents[0].inhabitant is not None
    world.close()


def test_a_node_that_is_paused_for_long_loses_its_links_and_finds_its_way_back() -> None:
    world = small()
    world.pause(1, 30.0)
    world.run(15)
    assert not world.net.hosts[0].links.keys() & {1}
    say(world, 0)
    world.run(20)
    assert world.converge(within=10) is not None and holds(world, 1)
    world.close()


def test_what_a_clock_says_that_is_ahead_waits_for_its_time() -> None:
    world = small()
    world.residents[1].clock.jump(HOUR)
    said = say(world, 1)
    world.run(5)
    assert said[0] is not None and holds(world, 1) and not holds(world, 0)
    world.heal()
    assert world.converge(within=1) == 0  # it is nobody's fault, and not asked for
    world.close()


@given(st.integers(-10_000, 10_000), st.integers(-100, 100), st.integers(0, 10**7))
def test_a_clock_is_wrong_as_told_and_its_stopwatch_is_not(offset: int, drift: int, ms: int) -> None:
    loop = VirtualLoop()
    clock = NodeClock(loop, offset, drift)
    loop.run_until(ms)
    assert abs(clock.now() - START - offset - ms - ms * drift / 10**6) <= 1
    before = clock.stopwatch_us()
    clock.jump(-HOUR)
    assert clock.stopwatch_us() == before == ms * 1000


# ---- faults


@given(st.integers(0, 10_000), st.integers(2, 9), st.sampled_from(sorted(DRAWS)))
def test_every_fault_ends_before_the_quiet(seed: int, nodes: int, kind: str) -> None:
    plan = Nemesis(Rng(seed), nodes, [kind], 10, 20_000).plan
    assert len(plan) == 10
    assert all(0 <= begin < end <= 20_000 for begin, end, _, _ in plan)
    assert plan == Nemesis(Rng(seed), nodes, [kind], 10, 20_000).plan


@pytest.mark.parametrize("nodes", range(2, 9))
def test_partitions_have_the_shape_of_their_name(nodes: int) -> None:
    def cut(name: str) -> set[tuple[int, int]]:
        fault = DRAWS[name](Rng(nodes), nodes, 1_000)
        assert isinstance(fault, Cut)
        return set(fault.pairs)

    everybody = {(a, b) for a in range(nodes) for b in range(nodes) if a != b}
    half = nodes // 2
    assert len(cut("halves")) == 2 * half * (nodes - half)
    assert len(cut("isolated")) == 2 * (nodes - 1)
    assert len({a for a, _ in cut("one way")}) == 1 and len(cut("one way")) == nodes - 1
    around = everybody - cut("ring")
    assert all(sum(a == one for a, _ in around) == min(2, nodes - 1) for one in range(nodes))
    through = everybody - cut("bridge")
    assert any(sum(a == one for a, _ in through) == nodes - 1 for one in range(nodes))
    for name in ("halves", "isolated", "ring", "bridge"):
        assert {(b, a) for a, b in cut(name)} == cut(name)


def test_every_kind_of_fault_is_in_the_storm_and_does_something() -> None:
    assert set(SCENARIOS["storm"].kinds) == set(DRAWS)
    for name, draw in DRAWS.items():
        world = small()
        say(world, 0)
        world.run(1)
        before = world.journal.count
        fault = draw(Rng(name), 3, 2_000)
        fault.begin(world)
        say(world, 1, 2)
        world.run(2)
        fault.end(world)
        assert world.journal.count > before
        world.heal()
        assert world.converge(within=60) is not None, name
        world.checker.check_end()
        assert not world.violations, name
        world.close()


# ---- the journal


def test_a_journal_is_known_by_its_lines_alone() -> None:
    loop = VirtualLoop()
    one, other = Journal(loop), Journal(loop, kept=None)
    for number in range(1_500):
        one.note(number, "x")
        other.note(number, "x")
        if number % 7 == 0:
            other.tail()
    assert one.digest == other.digest and (len(one.tail()), len(other.tail())) == (200, 1_500)
    other.note(1, "y")
    assert one.digest != other.digest and other.tail()[-1] == "0 1 y"


def test_a_damaged_record_is_not_served_and_the_same_bit_flips_back() -> None:
    world = small()
    say(world, 1)
    world.run(2)
    (id_,) = world.residents[1].store.record_ids("", 10)
    store = world.residents[1].store
    before = store.record(ContentId(id_))
    store.damage(id_, 40)
    assert store.record(ContentId(id_)) != before
    store.damage(id_, 40)
    assert store.record(ContentId(id_)) == before
    world.damage(0, Rng(3))
    world.close()


def test_lossy_worlds_agree_as_well() -> None:
    from hansa.sim.net import Params as Net
    from hansa.sim.world import Params

    params = replace(Params(), net=Net(loss=0.3, duplicated=0.2, reordered=0.2, lossy=True))
    world = small(nodes=4, params=params)
    for number in range(8):
        say(world, number % 4, number)
    world.run(5)
    assert world.converge(within=60) is not None
    world.checker.check_end()
    assert not world.violations
    world.close()
