"""Each checker bites: a node that breaks one promise is found out, and a sound one is not."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import msgspec
import pytest

from hansa.conduct.ledger import KIND as RECEIPT
from hansa.conduct.ledger import Dealing, Receipt
from hansa.entrypoints.simulation import Workshop
from hansa.kernel.rng import Rng
from hansa.sim.disk import Point
from hansa.sim.workload import HARNESS, specimen
from hansa.sim.world import World
from hansa.skills import messages
from hansa.skills.model import Evidence, Outcome
from tests.sim import worlds
from tests.sim.worlds import CULPRIT, NaiveWorkshop, say, small, take_back


def promises(world: World) -> set[str]:
    """Returns which promises were found broken, and at which nodes: no sound node is blamed."""
    assert {one.node for one in world.violations} <= {CULPRIT}, world.violations
    return {one.promise for one in world.violations}


def spoken(world: World) -> None:
    """A skill, a finding with its receipt by the culprit, a tombstone: something for every checker to look at."""
    first = say(world, 0, 1)
    world.run(2)
    assert first[0] is not None
    skill = specimen(1)
    digest = hashlib.sha256(b"finding").hexdigest()
    me = world.residents[CULPRIT].keys.node_id
    found = Evidence(skill.id, me, HARNESS, "simulated", Outcome.PASS, 35, 35, 1, 1, digest, "", 0)
    evidence = say(world, CULPRIT, kind=messages.EVIDENCE, body=messages.evidence_body(found))
    world.run(2)
    if evidence and evidence[0] is not None:
        author = world.residents[0].keys.node_id
        records = (first[0].id, evidence[0].id)
        receipt = Receipt(dealing=Dealing.SKILL_REPROVED, subject=author, skill=skill.id, records=records)
        say(world, CULPRIT, kind=RECEIPT, body=msgspec.to_builtins(receipt))
        world.run(2)
    say(world, 0, 2)
    world.run(2)
    take_back(world, 0, 2)
    world.run(2)
    say(world, 2, 3)
    world.run(5)


def killed_after_saying(world: World) -> None:
    said = say(world, CULPRIT, 1)
    world.crash_in_write(CULPRIT, Point.BEFORE)
    world.run(2)
    assert said or isinstance(world.workshop, NaiveWorkshop)


def damaged(world: World) -> None:
    say(world, CULPRIT, 1)
    world.run(2)
    world.damage(CULPRIT, Rng(1))
    world.restart(0)
    world.crash(0)
    world.residents[0].store = world.workshop.contents(0)  # it asks for everything anew
    world.checker.on_restore(0)
    world.restart(0)
    world.run(5)


@pytest.mark.parametrize(
    ("workshop", "story", "broken"),
    [
        (worlds.AcknowledgesEarly, killed_after_saying, "L1"),
        (worlds.LosesWhatItPromised, lambda world: (say(world, CULPRIT), world.run(2)), "L1"),
        (worlds.HalfABatch, spoken, "L1"),
        (worlds.NeverTakes, spoken, "L3"),
        (worlds.CountsTwice, spoken, "L4"),
        (worlds.EntersTwice, spoken, "L4"),
        (worlds.Resurrects, spoken, "L6"),
        (worlds.ForgetsTombstones, spoken, "L6"),
        (worlds.SwallowsMessages, spoken, "L7"),
        (worlds.CountsFatesTwice, spoken, "L7"),
        (worlds.ServesAnything, damaged, "L8"),
    ],
)
def test_a_broken_promise_is_found(
    workshop: Callable[[], Workshop], story: Callable[[World], object], broken: str
) -> None:
    world = small(workshop=workshop())
    story(world)
    world.checker.check_end() if broken in ("L3", "L6", "L7") else world.checker.check()
    assert broken in promises(world)
    world.close()


@pytest.mark.parametrize("story", [spoken, killed_after_saying, damaged])
def test_a_sound_world_breaks_none(story: Callable[[World], object]) -> None:
    world = small()
    story(world)
    world.heal()
    if story is not damaged:  # nobody gives a damaged record back yet
        assert world.converge(within=10) is not None
        world.checker.check_end()
    assert not world.violations
    world.close()


def test_more_fates_than_messages_end_a_run_at_once() -> None:
    world = small(workshop=worlds.CountsFatesTwice())
    before = world.loop.now_ms
    for skill in range(3):
        say(world, 0, skill)
        world.run(2)
    assert promises(world) == {"L7"} and world.loop.now_ms - before < 6_000
    world.close()


def test_frames_that_do_not_add_up_are_found() -> None:
    world = small()
    world.net.counts.sent += 1
    world.checker.check()
    assert [one.promise for one in world.violations] == ["L7"]
    world.close()


def test_an_error_that_nobody_heard_of_is_found() -> None:
    world = small()
    world.loop.call_exception_handler({"message": "a task ended", "exception": ValueError("x")})
    world.checker.check()
    assert [one.promise for one in world.violations] == ["fault"]
    world.close()
