"""Attack 68, the restored backup: an old state of one's own store reuses no number and brings nothing back."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from hansa.kernel.errors import Fault, HansaError
from hansa.kernel.instant import MINUTE
from hansa.skills.model import SkillState
from tests.node.world import DOUBLE, SLUG, World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, "sqlite")
    yield made
    made.close()


def backup(world: World, node) -> Path:
    node.store.close()
    kept = world.folder / "backup.db"
    shutil.copy(world.folder / node.name / "hansa.db", kept)
    return kept


def restore(world: World, node, kept: Path):
    node.store.close()
    shutil.copy(kept, world.folder / node.name / "hansa.db")
    return world.restart(node)


async def test_after_a_restore_no_number_is_used_twice(world: World) -> None:
    hub, a = world.settle("hub", "hub"), world.settle("a")
    world.invite(hub, a)
    for skill in (SLUG, DOUBLE):
        world.table.teach(skill)
    kept = backup(world, a)
    a = world.restart(a)
    await a.publish(SLUG, hub)
    world.clock.advance(MINUTE)
    a = restore(world, a, kept)
    await a.publish(DOUBLE, hub)
    assert [one.row.state for one in await a.deliver()] == []
    assert hub.store.feed_mark()[0] == 2
    assert hub.refusals() == {}
    assert [row.dealing for row in hub.store.ledger()] == []


async def test_after_a_restore_what_was_taken_back_goes_again_with_the_next_pull(world: World) -> None:
    hub, a = world.settle("hub", "hub"), world.settle("a")
    world.invite(hub, a)
    world.table.teach(SLUG)
    await a.publish(SLUG, hub)
    await a.subscribe(hub)
    kept = backup(world, a)
    a = world.restart(a)
    await a.ask("skill.remove", id=SLUG.id)
    await a.deliver()
    assert hub.row(SLUG).state is SkillState.REMOVED
    a = restore(world, a, kept)
    assert a.row(SLUG).state is SkillState.ADMITTED
    await a.pull(hub)
    assert a.row(SLUG).state is SkillState.REMOVED
    assert a.node.find(SLUG.intent) == []


async def test_a_hub_that_was_restored_is_named_for_what_it_shows(world: World) -> None:
    hub, a, b = world.settle("hub", "hub"), world.settle("a"), world.settle("b")
    world.invite(hub, a)
    for skill in (SLUG, DOUBLE):
        world.table.teach(skill)
    await a.publish(SLUG, hub)
    kept = backup(world, hub)
    hub = world.restart(hub)
    await b.subscribe(hub)
    await a.publish(DOUBLE, hub)
    await b.pull(hub)
    hub = restore(world, hub, kept)
    with pytest.raises(HansaError, match="rollback"):
        await b.pull(hub)
    assert b.holds(DOUBLE)


@pytest.mark.parametrize("where", [0, 20, 5000, 20_000])
async def test_a_file_that_was_damaged_is_not_opened_or_not_served(world: World, where: int) -> None:
    a = world.settle("a")
    await a.add(SLUG)
    a.store.close()
    path = world.folder / "a" / "hansa.db"
    data = bytearray(path.read_bytes())
    for offset in range(where, where + 40):
        data[offset] ^= 0xFF
    path.write_bytes(data)
    try:
        a = world.restart(a)
        shown = (await a.ask("skill.show", id=SLUG.id)).value
    except HansaError as error:
        assert isinstance(error, Fault) or "corrupt" in str(error) or "no skill" in str(error)
    else:
        assert shown["result"]["text"] == SLUG.result.text
