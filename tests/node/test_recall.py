"""Recalls: a warning that follows a skill to copies and to what comes from it, and is acknowledged by its holders."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hansa.admission.service import Via
from hansa.identity.envelope import Signed
from hansa.kernel.errors import DiskFull, NotFound, Refused, UsageError
from hansa.kernel.ids import ContentId
from hansa.kernel.verdict import Reason
from hansa.node.core import ASK_FIRST
from hansa.node.rows import ALL, DropSubscription, PutMark
from hansa.skills.importing.draft import Draft
from hansa.skills.messages import ACKNOWLEDGEMENT, TOMBSTONE, tombstone_body
from hansa.skills.model import Claim, Skill, SkillState
from tests.attacks.specimens import key
from tests.node.owner import Owner
from tests.node.world import SLUG, START, Resident, World, as_checked, meanwhile, multiplier, skill_message, speak

Q, A, R, X = SkillState.QUARANTINED, SkillState.ADMITTED, SkillState.REFUSED, SkillState.REMOVED
HELD = Reason.ANCESTOR_RECALLED.code
CHILD = multiplier(3, lineage=(SLUG.id,))
GRANDCHILD = multiplier(4, lineage=(CHILD.id,))
OTHER = multiplier(5)
WHY = "it drops letters with accents"


def league(world: World, *names: str) -> tuple[Resident, ...]:
    """Returns a hub, and nodes that may push to it and subscribe to it."""
    hub, *nodes = world.settle("hub", "hub"), *(world.settle(name) for name in names or ("a", "b"))
    world.invite(hub, *nodes)
    for skill in (SLUG, CHILD, GRANDCHILD, OTHER):
        world.table.teach(skill)
    return hub, *nodes


async def recall(node: Resident, skill: Skill, why: str = WHY) -> Any:
    return (await node.ask("recall", id=skill.id, why=why)).value


async def status(node: Resident, skill: Skill) -> dict[str, Any]:
    found = (await node.ask("recall.status", id=skill.id)).value["recalls"]
    assert len(found) == 1
    return dict(found[0])


def stands(node: Resident, skill: Skill) -> tuple[SkillState, str]:
    row = node.row(skill)
    return row.state, row.reason


def finds(node: Resident, skill: Skill) -> bool:
    return skill.id in [one.row.id for one in node.node.find(skill.intent)]


async def push(node: Resident, raw: bytes, path: str = "/records") -> tuple[int, str]:
    async with node.http() as http:
        answer = await http.post(path, content=raw)
        return answer.status_code, answer.json().get("reason", "")


def acknowledgements(node: Resident, skill: Skill = SLUG) -> list[str]:
    return [one.author for one in node.store.records_about(skill.id, ACKNOWLEDGEMENT)]


async def test_a_recall_reaches_holders_and_what_they_made_and_comes_back_as_acknowledgements(world: World) -> None:
    hub, a, b, c = league(world, "a", "b", "c")
    await a.publish(SLUG, hub)
    for node in (a, b, c):
        await node.subscribe(hub)
    await b.sync(hub)
    await b.publish(CHILD, hub)
    await c.sync(hub)
    await c.publish(GRANDCHILD, hub)
    await c.publish(OTHER, hub)
    assert {node.row(SLUG).state for node in (a, b, c)} == {A}
    assert stands(c, CHILD)[0] is A

    done = await recall(a, SLUG)
    assert (done["told"], done["delivered"]) == ([hub.url], 1)
    for node in (b, c, a):
        await node.sync(hub)

    for node in (a, b, c, hub):
        assert node.row(SLUG).state is X
    for node in (hub, b, c):
        assert [stands(node, skill) for skill in (CHILD, GRANDCHILD)] == [(Q, HELD)] * 2
    assert c.row(OTHER).state is A
    assert not finds(b, CHILD)
    await a.pull(hub)
    seen = await status(a, SLUG)
    assert {one["instance_id"]: one["removed"] for one in seen["acknowledged"]} == {b.id: True, c.id: True}
    assert {one["instance_id"]: one["derivatives"] for one in seen["acknowledged"]} == {b.id: 2, c.id: 2}
    assert seen["missing"] == []
    assert (await a.ask("recall.status")).ok
    assert seen["why"] == WHY


async def test_who_has_not_acknowledged_is_named_and_the_command_says_no(world: World) -> None:
    hub, a, b = league(world)
    await a.publish(SLUG, hub)
    await a.subscribe(hub)
    await b.subscribe(hub, report="all")
    await b.sync(hub)
    await a.sync(hub)
    world.net.down.add(hub.url)
    await recall(a, SLUG)
    told = await a.ask("recall.status")
    (one,) = told.value["recalls"]
    assert not told.ok
    assert told.value["incomplete"] == 1
    assert [gone["url"] for gone in one["missing"] if not gone["instance_id"]] == [hub.url]
    assert [gone["known_by"] for gone in one["missing"] if gone["instance_id"] == b.id] == [
        ["has proved it", "signed a receipt"]
    ]
    world.net.down.clear()
    await a.deliver()
    await b.sync(hub)
    await a.pull(hub)
    assert (await a.ask("recall.status")).ok


async def test_what_was_neither_recalled_nor_taken_back_has_no_status(world: World) -> None:
    _, a, _ = league(world)
    await a.add(SLUG)
    with pytest.raises(NotFound, match="neither recalled nor taken back"):
        await a.ask("recall.status", id=SLUG.id)
    assert (await a.ask("recall.status")).value["recalls"] == []


async def test_a_recall_needs_a_reason_that_fits(world: World) -> None:
    _, a, _ = league(world)
    await a.add(SLUG)
    for why in ("", "  ", "x" * 501):
        with pytest.raises(UsageError):
            await recall(a, SLUG, why)
    assert a.row(SLUG).state is Q


# ---- copies


async def test_copies_go_and_nobody_brings_the_content_again(world: World) -> None:
    hub, a, b, c = league(world, "a", "b", "c")
    await a.publish(SLUG, hub)
    await b.publish(SLUG, hub)
    await recall(a, SLUG)
    assert hub.row(SLUG).state is X
    for _ in range(2):
        for node in (a, b, c):
            assert await push(hub, skill_message(node.key, SLUG).raw, "/skills") == (410, "tombstoned")
        hub = world.restart(hub)
    assert await push(hub, skill_message(c.key, OTHER).raw, "/skills") == (201, "")


async def test_what_only_was_taken_back_may_still_come_from_another(world: World) -> None:
    """The older, milder word keeps its meaning."""
    hub, a, b = league(world)
    await a.publish(SLUG, hub)
    await a.ask("skill.remove", id=SLUG.id)
    await a.deliver()
    assert await push(hub, skill_message(b.key, SLUG).raw, "/skills") == (201, "")


async def test_its_author_may_recall_what_it_took_back_before(world: World) -> None:
    hub, a, b = league(world)
    await a.publish(SLUG, hub)
    await a.ask("skill.remove", id=SLUG.id)
    await a.deliver()
    await push(hub, skill_message(b.key, SLUG).raw, "/skills")
    assert hub.row(SLUG).state is Q
    await recall(a, SLUG)
    assert hub.row(SLUG).state is X
    assert await push(hub, skill_message(b.key, SLUG).raw, "/skills") == (410, "tombstoned")
    again = a.say(TOMBSTONE, tombstone_body(SLUG.id, "once more", recall=True))
    assert await push(hub, again.raw) == (409, "duplicate")
    with pytest.raises(UsageError, match="recalled already"):
        await recall(a, SLUG)


async def test_a_recall_by_who_merely_passed_it_on_is_a_taking_back_and_no_more(world: World) -> None:
    """Threat 19: nobody silences another's content by passing it on and recalling it."""
    hub, a, mallory, c = league(world, "a", "mallory", "c")
    await a.publish(SLUG, hub)
    await c.subscribe(hub)
    await c.sync(hub)
    await c.publish(CHILD, hub)
    assert await push(hub, skill_message(mallory.key, SLUG).raw, "/skills") == (201, "")
    cry = mallory.say(TOMBSTONE, tombstone_body(SLUG.id, "wolf", recall=True))
    assert await push(hub, cry.raw) == (201, "")
    await c.sync(hub)
    assert hub.row(SLUG).state is Q
    assert c.row(SLUG).state is A
    assert stands(c, CHILD) == (A, "")
    assert stands(hub, CHILD) == (Q, "")
    assert (await c.ask("recall.status")).value["recalls"] == []


async def test_a_recall_by_who_merely_passed_it_on_keeps_nobody_from_bringing_it_again(world: World) -> None:
    """Also when it is the last word that takes the skill away: it does so as a taking back."""
    hub, a, mallory, c = league(world, "a", "mallory", "c")
    await a.publish(SLUG, hub)
    await push(hub, skill_message(mallory.key, SLUG).raw, "/skills")
    await a.ask("skill.remove", id=SLUG.id)
    await a.deliver()
    assert await push(hub, mallory.say(TOMBSTONE, tombstone_body(SLUG.id, "wolf", recall=True)).raw) == (201, "")
    assert hub.row(SLUG).state is X
    assert (await hub.ask("recall.status")).value["recalls"] == []
    assert await push(hub, skill_message(c.key, SLUG).raw, "/skills") == (201, "")
    assert await push(hub, skill_message(c.key, CHILD).raw, "/skills") == (201, "")
    assert stands(hub, CHILD) == (Q, "")


async def test_a_recall_by_who_never_passed_it_on_is_refused(world: World) -> None:
    hub, a, mallory = league(world, "a", "mallory")
    await a.publish(SLUG, hub)
    cry = mallory.say(TOMBSTONE, tombstone_body(SLUG.id, "wolf", recall=True))
    assert await push(hub, cry.raw) == (400, "not_author")
    assert hub.row(SLUG).state is Q


async def test_ones_own_copy_stays_and_so_does_what_comes_from_it(world: World) -> None:
    hub, a, b = league(world)
    await b.add(SLUG)
    await b.prove(SLUG)
    await b.add(CHILD)
    await b.prove(CHILD)
    await a.publish(SLUG, hub)
    await b.subscribe(hub)
    await b.sync(hub)
    await recall(a, SLUG)
    await b.sync(hub)
    assert (b.row(SLUG).state, b.row(CHILD).state) == (A, A)
    assert "this node's own" in (await b.ask("why", id=SLUG.id)).value["lines"][3]["text"]
    await a.subscribe(hub)
    await a.sync(hub)
    assert [one["removed"] for one in (await status(a, SLUG))["acknowledged"]] == [False]


async def test_an_operator_recalls_a_peers_skill_for_this_node_alone(world: World) -> None:
    hub, a, b = league(world)
    await a.publish(SLUG, hub)
    await b.subscribe(hub)
    await b.sync(hub)
    await b.add(CHILD)
    await b.prove(CHILD)
    done = await recall(b, SLUG)
    assert (done["told"], done["in_feed"], done["held"]) == ([], False, 1)
    assert b.row(SLUG).state is X
    assert stands(b, CHILD) == (Q, HELD)
    assert hub.row(SLUG).state is Q
    with pytest.raises(UsageError, match="final"):
        await b.ask("recall.lift", id=SLUG.id)


# ---- what comes from it


async def held_child(world: World) -> tuple[Resident, Resident, Resident]:
    """Returns a hub, an author that has recalled SLUG, and a node whose own CHILD is held for it."""
    hub, a, b = league(world)
    await a.publish(SLUG, hub)
    await b.subscribe(hub)
    await b.sync(hub)
    await b.publish(CHILD, hub)
    await recall(a, SLUG)
    await b.sync(hub)
    assert stands(b, CHILD) == (Q, HELD)
    return hub, a, b


async def test_no_proof_lets_a_held_skill_out_and_the_operator_does(world: World) -> None:
    _, _, b = await held_child(world)
    for _ in range(2):
        proof = await b.prove(CHILD)
        assert (proof.word, stands(b, CHILD)) == ("proved", (Q, HELD))
        b = world.restart(b)
    assert not finds(b, CHILD)
    assert (await b.node.execute(CHILD.intent, "(2,)")).how == "unsolved"
    with pytest.raises(Refused) as caught:
        await b.ask("publish", ids=[CHILD.id])
    assert caught.value.reason is Reason.ANCESTOR_RECALLED
    await b.ask("quarantine.settle", id=CHILD.id, approve=True, why="it does not use that part")
    assert stands(b, CHILD) == (A, "")
    await b.prove(CHILD)
    assert stands(b, CHILD) == (A, "")


async def test_a_held_skill_that_fails_its_proof_stays_held(world: World) -> None:
    """Refused, a later proof would lead out; held, it does not."""
    _, _, b = await held_child(world)
    world.table.teach(CHILD, as_checked(multiplier(7)))
    assert (await b.prove(CHILD)).word != "proved"
    assert stands(b, CHILD) == (Q, HELD)
    world.table.teach(CHILD)
    await b.prove(CHILD)
    assert stands(b, CHILD) == (Q, HELD)


async def test_what_was_refused_by_a_proof_is_held_too_and_what_a_person_refused_stays_refused(world: World) -> None:
    hub, a, b = league(world)
    await a.publish(SLUG, hub)
    await b.subscribe(hub)
    await b.sync(hub)
    world.table.teach(CHILD, as_checked(multiplier(7)))
    for skill in (CHILD, GRANDCHILD):
        await b.add(skill)
        await b.prove(skill)
    await b.node.shelf.expel(b.row(GRANDCHILD), Reason.SANDBOX_FILE, "when used")
    await b.ask("quarantine.settle", id=GRANDCHILD.id, approve=True)
    await b.ask("quarantine.settle", id=GRANDCHILD.id, approve=False)
    assert (b.row(CHILD).state, stands(b, GRANDCHILD)) == (R, (R, "operator_rejected"))
    await recall(a, SLUG)
    await b.sync(hub)
    assert stands(b, CHILD) == (Q, HELD)
    assert stands(b, GRANDCHILD) == (R, "operator_rejected")


async def test_the_operator_hears_of_what_this_node_passed_on(world: World) -> None:
    hub, _, b = await held_child(world)
    held = [one for one in b.node.core.driver.history if one.kind.code == "skill.held"]
    assert [(one.ref, one.fields["ancestor"], one.fields["published"]) for one in held] == [(CHILD.id, SLUG.id, 1)]
    (derived,) = (await status(b, SLUG))["derivatives"]
    assert (derived["own"], derived["published"], derived["reason"]) == (True, True, HELD)
    domain = (await b.ask("why", id=CHILD.id)).value["lines"][3]["text"]
    assert "this node passed it on" in domain
    assert HELD in domain
    assert [one.kind for one in b.store.records_after(b.id, 0)].count(TOMBSTONE) == 0
    assert b.store.outbox() == []
    assert stands(hub, CHILD) == (Q, HELD)


async def test_what_comes_later_is_held_as_it_comes(world: World) -> None:
    hub, a, b = league(world)
    await a.publish(SLUG, hub)
    await a.publish(OTHER, hub)
    await b.subscribe(hub)
    await b.sync(hub)
    await recall(a, SLUG)
    await b.sync(hub)
    b = world.restart(b)
    assert await push(hub, skill_message(a.key, CHILD).raw, "/skills") == (201, "")
    await b.sync(hub)
    assert stands(b, CHILD) == (Q, HELD)
    assert not finds(b, CHILD)
    own = multiplier(6, lineage=(CHILD.id, OTHER.id))
    world.table.teach(own)
    await b.add(own)
    await b.prove(own)
    assert stands(b, own) == (Q, HELD)


async def test_a_parent_that_comes_late_brings_the_recall_of_its_own_parent_along(world: World) -> None:
    """Recalled before the skill in between is here: nobody could know then what the grandchild comes from."""
    hub, a, b = league(world)
    await a.publish(SLUG, hub)
    assert await push(hub, skill_message(a.key, GRANDCHILD).raw, "/skills") == (201, "")
    await b.subscribe(hub)
    await b.sync(hub)
    await recall(a, SLUG)
    await b.sync(hub)
    assert stands(b, GRANDCHILD) == (A, "")
    assert await push(hub, skill_message(a.key, CHILD).raw, "/skills") == (201, "")
    await b.sync(hub)
    for node in (hub, b):
        assert stands(node, CHILD) == (Q, HELD)
        assert stands(node, GRANDCHILD) == (Q, HELD)


async def test_a_held_skill_that_was_removed_and_comes_back_is_held_again(world: World) -> None:
    hub, a, b, c = league(world, "a", "b", "c")
    await a.publish(SLUG, hub)
    await b.subscribe(hub)
    await b.sync(hub)
    await b.publish(CHILD, hub)
    await recall(a, SLUG)
    await b.ask("skill.remove", id=CHILD.id)
    await b.deliver()
    assert hub.row(CHILD).state is X
    assert await push(hub, skill_message(c.key, CHILD).raw, "/skills") == (201, "")
    assert stands(hub, CHILD) == (Q, HELD)


async def test_a_chain_as_long_as_any_is_followed_to_its_end(world: World) -> None:
    hub, a = league(world, "a")
    chain = [SLUG]
    for factor in range(100, 164):
        chain.append(multiplier(factor, lineage=(chain[-1].id,)))
    for skill in chain:
        assert (await push(hub, skill_message(a.key, skill).raw, "/skills"))[0] == 201
    await push(hub, a.say(TOMBSTONE, tombstone_body(SLUG.id, WHY, recall=True)).raw)
    assert {stands(hub, skill) for skill in chain[1:]} == {(Q, HELD)}


# ---- at the same time


async def test_a_proof_that_was_under_way_does_not_put_a_held_skill_to_use(sqlite_world: World) -> None:
    world = sqlite_world
    hub, a, b = league(world)
    await a.publish(SLUG, hub)
    await b.subscribe(hub)
    await b.sync(hub)
    await b.add(CHILD)
    cry = a.say(TOMBSTONE, tombstone_body(SLUG.id, WHY, recall=True)).raw
    await meanwhile(world, b.node.inbox.receive(cry, Via.FEED, hub.url), b.prove(CHILD))
    assert stands(b, CHILD) == (Q, HELD)


async def test_a_skill_that_comes_in_while_its_parent_is_recalled_is_held(sqlite_world: World) -> None:
    world = sqlite_world

    async def added(node: Resident, late: bool) -> None:
        for _ in range(20 * late):  # until the recall is decided on, and lies before the disk that stands still
            await asyncio.sleep(0)
        await node.add(CHILD)

    for first in (True, False):
        names = ("hub", "a", "b") if first else ("hub2", "a2", "b2")
        hub, a, b = world.settle(names[0], "hub"), world.settle(names[1]), world.settle(names[2])
        world.invite(hub, a, b)
        world.table.teach(SLUG)
        await a.publish(SLUG, hub)
        await b.subscribe(hub)
        await b.sync(hub)
        cry = a.say(TOMBSTONE, tombstone_body(SLUG.id, WHY, recall=True)).raw
        await meanwhile(world, b.node.inbox.receive(cry, Via.FEED, hub.url), added(b, first))
        assert stands(b, CHILD) == (Q, HELD)


async def test_a_recall_that_was_not_kept_holds_nothing(sqlite_world: World) -> None:
    world = sqlite_world
    _, b = league(world, "b")
    await b.add(SLUG)
    await b.prove(SLUG)
    await b.add(CHILD)
    await b.prove(CHILD)
    world.free_bytes = 0
    with pytest.raises(DiskFull):
        await recall(b, SLUG)
    world.free_bytes = 1 << 40
    assert (b.row(SLUG).state, b.row(CHILD).state) == (A, A)
    await b.add(GRANDCHILD)
    await b.prove(GRANDCHILD)
    assert b.row(GRANDCHILD).state is A


# ---- acknowledging


async def test_a_node_acknowledges_once_also_across_restarts(world: World) -> None:
    hub, a, b = league(world)
    await a.publish(SLUG, hub)
    await b.subscribe(hub)
    await b.sync(hub)
    await recall(a, SLUG)
    await b.pull(hub)
    assert [one.state for one in b.store.outbox()] == ["pending"]
    for _ in range(2):
        b = world.restart(b)
        for row in hub.store.feed(0, ALL):
            with pytest.raises(Refused):
                await b.node.inbox.receive(row.envelope, Via.FEED, hub.url)
        await b.sync(hub)
    assert acknowledgements(b) == [b.id]
    assert acknowledgements(hub) == [b.id]
    assert [one.place is not None for one in hub.store.records_about(SLUG.id, ACKNOWLEDGEMENT)] == [True]


async def test_it_is_said_with_what_was_done_or_not_at_all(sqlite_world: World) -> None:
    """A disk that fills up leaves the skill as it was, and nothing to be told."""
    world = sqlite_world
    hub, a, b = league(world)
    await a.publish(SLUG, hub)
    await b.subscribe(hub)
    await b.sync(hub)
    await recall(a, SLUG)
    world.free_bytes = 0
    with pytest.raises(DiskFull):
        await b.pull(hub)
    b = world.restart(b)
    assert (b.row(SLUG).state, acknowledgements(b), b.store.outbox()) == (A, [], [])
    world.free_bytes = 1 << 40
    await b.sync(hub)
    assert (b.row(SLUG).state, acknowledgements(hub)) == (X, [b.id])


async def test_after_a_restore_it_is_done_and_not_said_before_the_sources_were_asked(world: World) -> None:
    hub, a, b = league(world)
    await a.publish(SLUG, hub)
    await b.subscribe(hub)
    await b.sync(hub)
    await b.store.apply([PutMark(ASK_FIRST, "restored")])
    b = world.restart(b)
    await b.node.inbox.receive(a.say(TOMBSTONE, tombstone_body(SLUG.id, WHY, recall=True)).raw, Via.FILE)
    assert (b.row(SLUG).state, acknowledgements(b)) == (X, [])


async def test_a_plain_taking_back_is_acknowledged_too(world: World) -> None:
    hub, a, b = league(world)
    await a.publish(SLUG, hub)
    for node in (a, b):
        await node.subscribe(hub)
    await b.sync(hub)
    await a.ask("skill.remove", id=SLUG.id, why="old")
    await a.deliver()
    await b.sync(hub)
    await a.sync(hub)
    seen = await status(a, SLUG)
    assert (seen["recalled"], [one["instance_id"] for one in seen["acknowledged"]]) == (False, [b.id])
    assert (await a.ask("recall.status")).value["recalls"] == []


@pytest.mark.parametrize(("report", "says"), [("none", False), ("refutations", True), ("all", True)])
async def test_whoever_reports_nothing_acknowledges_nothing(world: World, report: str, says: bool) -> None:
    hub, a, b = league(world)
    await a.publish(SLUG, hub)
    await b.subscribe(hub, report=report)
    await b.sync(hub)
    await recall(a, SLUG)
    await b.sync(hub)
    assert b.row(SLUG).state is X
    assert acknowledgements(hub) == ([b.id] if says else [])


async def test_it_goes_to_where_the_skill_came_from_and_not_to_every_source(world: World) -> None:
    hub, a, b = league(world)
    other = world.settle("other", "hub")
    world.invite(other, b)
    await a.publish(SLUG, hub)
    for source in (hub, other):
        await b.subscribe(source)
    await b.sync(hub)
    await recall(a, SLUG)
    await b.pull(hub)
    assert [one.url for one in b.store.outbox()] == [hub.url]


async def test_without_a_source_nothing_is_said(world: World) -> None:
    hub, a, b = league(world)
    await a.publish(SLUG, hub)
    await b.subscribe(hub)
    await b.sync(hub)
    await recall(a, SLUG)
    await b.pull(hub)
    await b.store.apply([DropSubscription(hub.url)])
    raw = skill_message(a.key, OTHER).raw
    await b.node.inbox.receive(raw, Via.FILE)
    await b.node.inbox.receive(a.say(TOMBSTONE, tombstone_body(OTHER.id, WHY, recall=True)).raw, Via.FILE)
    assert acknowledgements(b, OTHER) == []
    assert b.row(OTHER).state is X


async def test_one_acknowledgement_of_each_author_and_only_of_a_tombstone_that_is_here(world: World) -> None:
    hub, a, b = league(world)
    await a.publish(SLUG, hub)
    await a.publish(OTHER, hub)
    gone = (await recall(a, SLUG))["record"]

    def said(tombstone: str = gone, skill: str = SLUG.id, **fields: Any) -> bytes:
        body = {"tombstone": tombstone, "skill": skill, "removed": True, "derivatives": 0} | fields
        return b.say(ACKNOWLEDGEMENT, body).raw

    claim = hub.store.records_about(SLUG.id, "skill")[0].id
    assert await push(hub, said("0" * 64)) == (404, "unknown_skill")
    assert await push(hub, said(claim)) == (404, "unknown_skill")
    assert await push(hub, said(skill=OTHER.id)) == (404, "unknown_skill")
    assert await push(hub, said(derivatives=-1)) == (400, "bad_body")
    assert await push(hub, said()) == (201, "")
    assert await push(hub, said(removed=False)) == (409, "duplicate")
    both = b"\n".join([said(), said()])
    async with hub.http() as http:
        answer = await http.post("/skills/bulk", content=both)
    assert [one["reason"] for one in answer.json()["answers"]] == ["duplicate", "duplicate"]
    assert acknowledgements(hub) == [b.id]


async def test_two_in_one_bulk_count_once(sqlite_world: World) -> None:
    hub, a, b = league(sqlite_world)
    await a.publish(SLUG, hub)
    gone = (await recall(a, SLUG))["record"]
    body = {"tombstone": gone, "skill": SLUG.id, "removed": True, "derivatives": 0}
    lines = [b.say(ACKNOWLEDGEMENT, body).raw for _ in range(2)]
    fates = await hub.node.inbox.receive_many(lines, Via.HTTP, "b")
    assert [getattr(one, "reason", None) for one in fates] == [None, Reason.DUPLICATE]
    assert acknowledgements(hub) == [b.id]


async def test_an_author_that_is_pushed_to_hears_of_it_directly(world: World) -> None:
    """No hub in between: B pulls from the author's own feed."""
    _, a, b = league(world)
    world.invite(a, b)
    await a.publish(SLUG)
    await b.subscribe(a)
    await b.sync(a)
    await recall(a, SLUG)
    await b.sync(a)
    seen = await status(a, SLUG)
    assert [one["instance_id"] for one in seen["acknowledged"]] == [b.id]
    assert seen["missing"] == []


# ---- lifting


async def test_an_operator_may_let_a_recall_not_bind_and_what_stood_by_others_is_proved_anew(world: World) -> None:
    hub, a, b, c = league(world, "a", "b", "c")
    await a.publish(SLUG, hub)
    await b.publish(SLUG, hub)
    await c.subscribe(hub)
    await c.sync(hub)
    await c.add(CHILD)
    await recall(a, SLUG)
    await c.sync(hub)
    assert c.row(SLUG).state is X
    assert (await c.ask("recall.lift", id=SLUG.id, why="read it")).value["state"] == "quarantined"
    assert stands(c, CHILD) == (Q, HELD)
    c = world.restart(c)
    await c.prove(SLUG)
    assert c.row(SLUG).state is A
    assert finds(c, SLUG)
    again = a.say(TOMBSTONE, tombstone_body(SLUG.id, "once more", recall=True)).raw
    with pytest.raises(Refused):
        await c.node.inbox.receive(again, Via.FEED, hub.url)
    assert c.row(SLUG).state is A
    with pytest.raises(UsageError, match="no recall of that skill binds"):
        await c.ask("recall.lift", id=SLUG.id)


async def test_what_is_lifted_and_stood_by_nobody_may_come_again_from_another(world: World) -> None:
    hub, a, b = league(world)
    await a.publish(SLUG, hub)
    await recall(a, SLUG)
    assert await push(hub, skill_message(b.key, SLUG).raw, "/skills") == (410, "tombstoned")
    assert (await hub.ask("recall.lift", id=SLUG.id)).value["state"] == "removed"
    assert await push(hub, skill_message(a.key, SLUG).raw, "/skills") == (410, "tombstoned")
    assert await push(hub, skill_message(b.key, SLUG).raw, "/skills") == (201, "")
    assert hub.row(SLUG).state is Q


# ---- keys that are revoked


async def takes(node: Resident, *messages: Signed) -> None:
    for one in messages:
        await node.node.inbox.receive(one.raw, Via.FEED)


async def test_a_recall_by_a_key_that_was_stolen_binds_no_more(world: World) -> None:
    (hub,) = league(world)[:1]
    ann, by = Owner(1), key(2)
    await takes(hub, ann.name(), ann.skill(SLUG, seq=START + 5), skill_message(by, SLUG), skill_message(by, CHILD))
    await takes(hub, ann.say(TOMBSTONE, tombstone_body(SLUG.id, "thief", recall=True), seq=START + 10))
    assert (hub.row(SLUG).state, stands(hub, CHILD)) == (X, (Q, HELD))
    await takes(hub, ann.name(new=True, until=START + 6))
    assert hub.row(SLUG).state is Q
    assert (await hub.ask("recall.status")).value["recalls"] == []
    assert stands(hub, CHILD) == (Q, HELD)
    await takes(hub, skill_message(key(3), SLUG))


async def test_a_recall_stands_when_the_taking_back_beside_it_is_void(world: World) -> None:
    """The store names one tombstone for a skill; when that one goes, the recall is named in its place."""
    (hub,) = league(world)[:1]
    ann, first = Owner(1), key(2)
    await takes(hub, skill_message(first, SLUG), ann.name(), ann.skill(SLUG, seq=START + 5))
    await takes(hub, speak(first, TOMBSTONE, tombstone_body(SLUG.id, "old")))
    await takes(hub, ann.say(TOMBSTONE, tombstone_body(SLUG.id, "thief"), seq=START + 10))
    warned = speak(first, TOMBSTONE, tombstone_body(SLUG.id, WHY, recall=True))
    await takes(hub, warned)
    await takes(hub, ann.name(new=True, until=START + 6))
    hub = world.restart(hub)
    assert hub.row(SLUG).state is X
    gone = hub.store.tombstone(SLUG.id)
    assert gone is not None
    assert (gone.record, gone.why) == (warned.id, WHY)
    with pytest.raises(Refused) as caught:
        await takes(hub, skill_message(key(3), SLUG))
    assert caught.value.reason is Reason.TOMBSTONED


async def test_a_skill_that_a_void_tombstone_took_away_comes_back_held(world: World) -> None:
    (hub,) = league(world)[:1]
    ann, first = Owner(1), key(2)
    await takes(hub, skill_message(first, SLUG), ann.name(), ann.skill(CHILD, seq=START + 5))
    await takes(hub, ann.say(TOMBSTONE, tombstone_body(CHILD.id, "thief"), seq=START + 10))
    await takes(hub, speak(first, TOMBSTONE, tombstone_body(SLUG.id, WHY, recall=True)))
    assert hub.row(CHILD).state is X
    await takes(hub, ann.name(new=True, until=START + 6))
    assert stands(hub, CHILD) == (Q, HELD)


# ---- ways in


async def test_what_is_recalled_does_not_come_back_by_any_way(world: World) -> None:
    hub, a, b, c = league(world, "a", "b", "c")
    await a.publish(SLUG, hub)
    await b.subscribe(hub)
    await b.sync(hub)
    await recall(a, SLUG)
    await b.sync(hub)
    again = skill_message(c.key, SLUG).raw
    for _ in range(2):
        for node in (hub, b, a):
            for via in (Via.FILE, Via.FEED):
                with pytest.raises(Refused) as caught:
                    await node.node.inbox.receive(again, via, hub.url)
                assert caught.value.reason is Reason.TOMBSTONED
            with pytest.raises(Refused) as caught:
                await node.node.shelf.add(Draft(SLUG, Claim(), "again"))
            assert caught.value.reason is Reason.TOMBSTONED
        hub, a, b = (world.restart(one) for one in (hub, a, b))
    async with hub.http() as http:
        assert (await http.get("/skills")).json()["skills"] == []
        (gone,) = (await http.get("/revocations")).json()["revocations"]
    assert (gone["trace_id"], gone["why"], gone["recalled"]) == (SLUG.id, WHY, True)
    assert (await b.ask("skill.show", id=SLUG.id)).value["taken_back"]["recalled"]
    assert b.store.tombstone(ContentId(SLUG.id)) is not None


async def test_an_older_nodes_tombstone_is_a_taking_back(world: World) -> None:
    hub, a, b = league(world)
    await a.publish(SLUG, hub)
    await b.publish(SLUG, hub)
    assert await push(hub, a.say(TOMBSTONE, {"skill": SLUG.id, "why": ""}).raw) == (201, "")
    assert hub.row(SLUG).state is Q
