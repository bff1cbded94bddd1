"""Attack 68, the restored backup: an old state of one's own store reuses no number and brings nothing back.

First with files that were copied by hand; then with `hansa store backup` and `restore`, whose store asks its sources
before it signs anything. Damage and lost logs are in `tests/store/test_checking.py` and `test_wal.py`.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from hansa.adapters import backup as backups
from hansa.admission.service import Via
from hansa.conduct.ledger import first_fault
from hansa.kernel.errors import Fault, HansaError, Refused
from hansa.kernel.ids import chain
from hansa.kernel.instant import MINUTE
from hansa.node.rows import DropSubscription
from hansa.skills.messages import SKILL, skill_body
from hansa.skills.model import SkillState
from tests.node.world import DOUBLE, SLUG, World, multiplier, true_claim


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


# ---- with hansa store backup and hansa store restore


async def backed_up(world: World, node) -> Path:
    folder = world.folder / f"backup-{len(list(world.folder.iterdir()))}"
    assert (await node.ask("store.backup", path=str(folder))).ok
    return folder


def put_back(world: World, node, folder: Path):
    node.store.close()
    backups.restore(world.folder / node.name, folder, node.id)
    return world.restart(node)


async def league(world: World):
    hub, a, c = world.settle("hub", "hub"), world.settle("a"), world.settle("c")
    world.invite(hub, a)
    for skill in (SLUG, DOUBLE, multiplier(7)):
        world.table.teach(skill)
    await a.subscribe(hub)
    await c.subscribe(a)
    return hub, a, c


async def test_a_restored_node_signs_nothing_before_its_sources_were_asked(world: World) -> None:
    hub, a, _ = await league(world)
    await a.publish(SLUG, hub)
    kept = await backed_up(world, a)
    await a.publish(DOUBLE, hub)
    world.clock.advance(MINUTE)
    a = put_back(world, a, kept)
    world.net.down.add(hub.url)
    assert not (await a.ask("sync")).ok
    before = a.store.last_seq(a.id)
    await a.add(multiplier(7))
    for name, arguments in [("prove", {"ids": [SLUG.id]}), ("skill.remove", {"id": SLUG.id})]:
        with pytest.raises(Refused, match="restored"):
            await a.ask(name, **arguments)
    with pytest.raises(Refused, match="restored"):
        a.node.core.seal("skill", {})
    assert a.store.last_seq(a.id) == before
    assert (await a.ask("status")).value["asks_first"]
    world.net.down.clear()
    assert (await a.ask("sync")).ok
    assert not (await a.ask("status")).value["asks_first"]
    assert (await a.ask("prove", ids=[multiplier(7).id])).ok
    assert (await a.ask("publish", ids=[multiplier(7).id])).ok


async def test_after_a_restore_the_feed_goes_on_where_its_subscribers_have_seen_it(world: World) -> None:
    """The backup's feed is shorter than what C has walked; what the hub still has makes it the same feed again."""
    hub, a, c = await league(world)
    await a.publish(SLUG, hub)
    kept = await backed_up(world, a)
    for skill in (DOUBLE, multiplier(7)):
        world.clock.advance(MINUTE)
        await a.publish(skill, hub)
    await c.pull(a)
    mark = a.store.feed_mark()
    a = put_back(world, a, kept)
    assert a.store.feed_mark()[0] == 1
    with pytest.raises(HansaError, match="rollback"):
        await c.pull(a)
    done = await a.ask("store.repair")
    assert done.ok
    assert len(done.value["came_back"]) == 2
    assert a.store.feed_mark() == mark
    assert await c.pull(a) == []
    assert [row.dealing for row in hub.store.ledger()] == []


async def test_after_a_restore_no_number_is_used_twice_and_nobody_sees_two_histories(world: World) -> None:
    hub, a, c = await league(world)
    kept = await backed_up(world, a)
    await a.publish(SLUG, hub)
    await c.pull(a)
    a = put_back(world, a, kept)
    assert (await a.ask("sync")).ok
    await a.publish(DOUBLE, hub)
    await c.pull(a)
    assert c.holds(DOUBLE)
    assert hub.refusals() == {}
    head = ""
    for row in a.store.feed(0, 10):
        head = chain(head, row.id)
    assert a.store.feed_mark() == (2, head)
    assert first_fault(row.entry for row in a.store.ledger()) is None


async def test_after_a_restore_no_number_comes_again_when_the_clock_was_set_back_too(world: World) -> None:
    hub, a, _ = await league(world)
    kept = await backed_up(world, a)
    world.clock.advance(MINUTE)
    await a.publish(SLUG, hub)
    number = a.store.last_seq(a.id)
    world.clock.advance(-MINUTE)
    a = put_back(world, a, kept)
    assert (await a.ask("sync")).ok
    assert a.node.core.numbering.last >= number


async def test_a_record_of_its_own_that_comes_back_late_keeps_its_number_for_itself(world: World) -> None:
    """Also when nobody waits for it any more: what is sealed in the same moment has another number."""
    hub, a, _ = await league(world)
    lost = a.say(SKILL, skill_body(multiplier(7), true_claim()), seq=a.node.core.numbering.last + 1)
    taken = await a.node.inbox.receive(lost.raw, Via.FEED, hub.url)
    assert taken.id == lost.id
    await a.publish(SLUG, hub)
    numbers = [row.seq for row in a.store.records_after(a.id, 0, 100)]
    assert len(dict.fromkeys(numbers)) == len(numbers)
    assert numbers[-1] > numbers[-2] >= a.store.record(lost.id).seq


async def test_what_was_taken_back_after_the_backup_does_not_rise_again(world: World) -> None:
    hub, a, c = await league(world)
    await a.publish(SLUG, hub)
    kept = await backed_up(world, a)
    await a.ask("skill.remove", id=SLUG.id)
    await a.deliver()
    a = put_back(world, a, kept)
    assert a.row(SLUG).state is SkillState.ADMITTED
    assert (await a.ask("store.repair")).ok
    assert a.row(SLUG).state is SkillState.REMOVED
    assert a.node.find(SLUG.intent) == []
    await c.pull(a)
    assert not c.holds(SLUG) or c.row(SLUG).state is not SkillState.ADMITTED
    again = put_back(world, a, kept)  # and once more from the same backup, by way of a plain sync
    assert (await again.ask("sync")).ok
    assert again.row(SLUG).state is SkillState.REMOVED


async def test_every_source_must_answer_or_the_operator_goes_on_without(world: World) -> None:
    hub, a, _ = await league(world)
    other = world.settle("other", "hub")
    await a.subscribe(other)
    await a.publish(SLUG, hub)
    kept = await backed_up(world, a)
    a = put_back(world, a, kept)
    world.net.down.add(other.url)
    assert not (await a.ask("sync")).ok
    assert not (await a.ask("store.repair")).ok
    assert a.node.core.asks_first
    a = world.restart(a)
    assert a.node.core.asks_first
    assert (await a.ask("store.repair", go_on=True)).ok
    assert not a.node.core.asks_first
    assert not world.restart(a).node.core.asks_first


async def test_a_node_without_sources_waits_for_its_operator(world: World) -> None:
    hub, a, _ = await league(world)
    await a.publish(SLUG, hub)
    await a.store.apply([DropSubscription(hub.url)])
    kept = await backed_up(world, a)
    a = put_back(world, a, kept)
    done = await a.ask("store.repair")
    assert not done.ok
    assert done.value["asks_first"]
    assert (await a.ask("store.repair", go_on=True)).ok


async def test_a_source_that_shows_others_records_as_ours_brings_nothing_in(world: World) -> None:
    hub, a, c = await league(world)
    world.invite(hub, c)
    world.table.teach(multiplier(8))
    await c.publish(multiplier(8), hub)
    kept = await backed_up(world, a)
    a = put_back(world, a, kept)
    done = await a.ask("store.repair")
    assert done.ok
    assert done.value["came_back"] == []
    assert a.store.feed_mark() == (0, "")
    assert not a.holds(multiplier(8))


async def test_a_source_that_withholds_its_feed_has_not_answered(world: World) -> None:
    """Its pages do not add up to its signed index: the mark stays."""
    hub, a, _ = await league(world)
    await a.publish(SLUG, hub)
    kept = await backed_up(world, a)
    await a.publish(DOUBLE, hub)
    a = put_back(world, a, kept)

    def twist(method: str, path: str, answer):
        if not path.startswith("/feed"):
            return answer
        page = json.loads(answer.body)
        page["items"] = []
        return type(answer)(200, json.dumps(page).encode())

    world.net.twists[hub.url] = twist
    assert not (await a.ask("store.repair")).ok
    assert a.node.core.asks_first
    assert not a.holds(DOUBLE)
