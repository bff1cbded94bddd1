"""Tombstones: what is taken back goes everywhere it went, and stays gone (threats 19, 21)."""

from __future__ import annotations

import pytest

from hansa.admission.service import Via
from hansa.kernel.errors import Refused
from hansa.kernel.verdict import Reason
from hansa.skills.importing.draft import Draft
from hansa.skills.model import Claim, SkillState
from tests.node.world import SLUG, Resident, World, skill_message


def league(world: World) -> tuple[Resident, Resident, Resident]:
    hub, a, b = world.settle("hub", "hub"), world.settle("a"), world.settle("b")
    world.invite(hub, a, b)
    world.table.teach(SLUG)
    return hub, a, b


async def submit(node: Resident, raw: bytes, path: str = "/skills") -> tuple[int, str]:
    async with node.http() as http:
        answer = await http.post(path, content=raw)
        return answer.status_code, answer.json().get("reason", "")


async def test_a_tombstone_follows_its_skill_to_every_subscriber(world: World) -> None:
    hub, a, b = league(world)
    await a.publish(SLUG, hub)
    await b.subscribe(hub)
    await b.sync(hub)
    assert b.node.find(SLUG.intent) != []

    removed = await a.ask("skill.remove", id=SLUG.id, why="wrong for empty titles")
    await a.deliver()
    await b.sync(hub)

    assert removed.value["told"] == [hub.url]
    for node in (a, hub, b):
        assert node.row(SLUG).state is SkillState.REMOVED
        assert node.store.tombstone(SLUG.id).why == "wrong for empty titles"
        assert node.node.finder.find(SLUG.intent, states=tuple(SkillState)) == []
    assert (await b.node.execute(SLUG.intent, "('X',)")).how == "unsolved"
    async with hub.http() as http:
        gone = (await http.get("/revocations")).json()
        assert gone["revocations"][0]["trace_id"] == SLUG.id
        assert gone["count"] == 1
        assert (await http.get("/skills")).json()["skills"] == []


async def test_what_was_removed_does_not_come_back_by_any_way_not_even_after_a_restart(world: World) -> None:
    hub, a, b = league(world)
    await a.publish(SLUG, hub)
    await b.subscribe(hub)
    await b.sync(hub)
    await a.ask("skill.remove", id=SLUG.id)
    await a.deliver()
    await b.sync(hub)
    for _ in range(2):
        again = skill_message(a.key, SLUG).raw
        assert await submit(hub, again) == (410, "tombstoned")
        for node in (b, hub, a):
            with pytest.raises(Refused) as caught:
                await node.node.inbox.receive(again, Via.FILE)
            assert caught.value.reason is Reason.TOMBSTONED
        with pytest.raises(Refused) as caught:
            await a.node.shelf.add(Draft(SLUG, Claim(), "again"))
        assert caught.value.reason is Reason.TOMBSTONED
        hub, a, b = (world.restart(one) for one in (hub, a, b))
    assert b.node.finder.find(SLUG.intent, states=tuple(SkillState)) == []
    assert (await b.ask("skill.list", states=["removed"])).value["count"] == 1


async def test_the_old_record_again_is_refused_too(world: World) -> None:
    hub, a, _ = league(world)
    publication = await a.publish(SLUG, hub)
    raw = hub.store.record(publication.record).envelope
    await a.ask("skill.remove", id=SLUG.id)
    await a.deliver()
    assert await submit(hub, raw) == (409, "duplicate")
    assert hub.row(SLUG).state is SkillState.REMOVED


async def test_only_who_passed_a_skill_on_can_take_it_back(world: World) -> None:
    hub, a, b = league(world)
    await a.publish(SLUG, hub)
    tombstone = b.say("tombstone", {"skill": SLUG.id, "why": "mine now"})
    assert await submit(hub, tombstone.raw, "/records") == (400, "not_author")
    assert hub.row(SLUG).state is SkillState.QUARANTINED
    unknown = b.say("tombstone", {"skill": "0" * 64, "why": ""})
    assert await submit(hub, unknown.raw, "/records") == (404, "unknown_skill")


async def test_a_skill_that_another_still_stands_by_stays(world: World) -> None:
    hub, a, b = league(world)
    await a.publish(SLUG, hub)
    await b.publish(SLUG, hub)
    await a.ask("skill.remove", id=SLUG.id)
    await a.deliver()
    assert hub.row(SLUG).state is SkillState.QUARANTINED
    assert hub.store.tombstone(SLUG.id) is None
    assert await submit(hub, skill_message(a.key, SLUG).raw) == (410, "tombstoned")
    await b.ask("skill.remove", id=SLUG.id)
    await b.deliver()
    assert hub.row(SLUG).state is SkillState.REMOVED


async def test_removing_what_was_never_passed_on_tells_nobody(world: World) -> None:
    hub, a, _ = league(world)
    await a.subscribe(hub)
    await a.add(SLUG)
    removed = await a.ask("skill.remove", id=SLUG.id)
    assert removed.value["told"] == []
    assert a.store.outbox() == []
    assert a.store.feed_mark() == (0, "")


async def test_taking_back_twice_changes_nothing(world: World) -> None:
    hub, a, _ = league(world)
    await a.publish(SLUG, hub)
    for expected in ((201, ""), (409, "duplicate")):
        tombstone = a.say("tombstone", {"skill": SLUG.id, "why": ""})
        assert await submit(hub, tombstone.raw, "/records") == expected
    assert len(hub.store.tombstones()) == 1


async def test_nobody_else_can_take_away_ones_own_skill(world: World) -> None:
    """Everybody has the starter pack: who publishes it and takes it back must not empty everybody's shelf."""
    hub, mallory, b = league(world)
    await b.add(SLUG)
    await b.prove(SLUG)
    await b.subscribe(hub)
    assert (await submit(hub, skill_message(mallory.key, SLUG).raw))[0] == 201
    assert (await submit(hub, mallory.say("tombstone", {"skill": SLUG.id, "why": ""}).raw, "/records"))[0] == 201
    await b.sync(hub)
    assert b.row(SLUG).state is SkillState.ADMITTED
    assert b.node.find(SLUG.intent) != []


async def test_nobody_can_make_anothers_content_unpublishable(world: World) -> None:
    """Threat 19: Mallory is first with what A is about to publish, and takes it back at once."""
    hub, a, b = league(world)
    mallory = world.settle("mallory")
    world.invite(hub, mallory)
    await submit(hub, skill_message(mallory.key, SLUG).raw)
    await submit(hub, mallory.say("tombstone", {"skill": SLUG.id, "why": ""}).raw, "/records")
    await a.publish(SLUG, hub)
    await b.subscribe(hub)
    await b.sync(hub)
    assert b.node.find(SLUG.intent) != []


async def test_what_its_author_took_back_may_come_from_another_and_is_proved_anew(world: World) -> None:
    """A tombstone binds its author and the operator who set it, not whoever else stands by the content."""
    hub, a, b = league(world)
    await a.publish(SLUG, hub)
    await b.subscribe(hub)
    await b.sync(hub)
    await a.ask("skill.remove", id=SLUG.id)
    await a.deliver()
    await b.sync(hub)
    c = world.settle("c")
    world.invite(hub, c)
    assert await submit(hub, skill_message(c.key, SLUG).raw) == (201, "")
    assert hub.row(SLUG).state is SkillState.QUARANTINED
    await b.pull(hub)
    assert b.row(SLUG).state is SkillState.QUARANTINED
    assert b.node.find(SLUG.intent) == []


async def test_what_another_stands_by_again_is_no_longer_listed_as_gone(world: World) -> None:
    hub, a, b = league(world)
    await a.publish(SLUG, hub)
    await a.ask("skill.remove", id=SLUG.id)
    await a.deliver()
    assert await submit(hub, skill_message(b.key, SLUG).raw) == (201, "")
    async with hub.http() as http:
        assert SLUG.id in [one["trace_id"] for one in (await http.get("/skills")).json()["skills"]]
        assert (await http.get("/revocations")).json()["count"] == 0
