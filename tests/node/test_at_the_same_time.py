"""Several things at once: one finding, one record, one ban, whoever is faster."""

from __future__ import annotations

import asyncio

import pytest

from hansa.adapters.sandbox.process import ProcessSandbox
from hansa.admission.service import Via
from hansa.kernel.errors import Refused, UsageError
from hansa.skills.messages import EVIDENCE, SKILL
from hansa.skills.model import Origin, SkillState
from tests.node.world import START, Resident, World, meanwhile, multiplier, skill_message

SKILLS = [multiplier(n) for n in range(2, 10)]


async def prove_all(node: Resident) -> int:
    return len([one async for one in node.node.prove_waiting(Origin.PEER)])


async def stocked(world: World, hubs: int = 2, sandbox=None) -> tuple[list[Resident], Resident]:
    a, b = world.settle("a"), world.settle("b", sandbox=sandbox)
    sources = [world.settle(f"hub{n}", "hub") for n in range(hubs)]
    for hub in sources:
        world.invite(hub, a)
        await b.subscribe(hub)
    for skill in SKILLS:
        world.table.teach(skill)
        message = skill_message(a.key, skill)
        for hub in sources:
            async with hub.http() as http:
                assert (await http.post("/skills", content=message.raw)).status_code == 201
    return sources, b


def findings(node: Resident) -> list[tuple[int, int]]:
    return [
        (len(node.store.records_about(skill.id, EVIDENCE)), len(node.store.receipts_about(skill.id)))
        for skill in SKILLS
    ]


async def test_pulls_and_proofs_at_once_leave_one_finding_and_one_receipt_each(world: World) -> None:
    sources, b = await stocked(world)
    await asyncio.gather(
        *(b.pull(hub) for hub in sources), *(b.pull(hub) for hub in sources),
        *(prove_all(b) for _ in range(3)), *(b.ask("sync", url=hub.url) for hub in sources),
    )  # fmt: skip
    await asyncio.gather(prove_all(b), prove_all(b), prove_all(b))
    assert findings(b) == [(1, 1)] * len(SKILLS)
    assert {b.row(skill).state for skill in SKILLS} == {SkillState.ADMITTED}
    assert [len(b.store.records_about(skill.id, SKILL)) for skill in SKILLS] == [1] * len(SKILLS)
    assert b.node.core.counters.balanced


async def test_whoever_asks_for_a_proof_that_is_under_way_gets_that_one(world: World) -> None:
    _, b = await stocked(world, hubs=1)
    await b.pull(world.residents[2])
    world.table.closed = asyncio.Event()
    jobs = len(world.table.jobs)
    asked = [asyncio.create_task(b.prove(SKILLS[0])) for _ in range(5)]
    asked.append(asyncio.create_task(b.prove(SKILLS[0])))
    asked[-1].cancel()
    world.table.closed.set()
    proofs = await asyncio.gather(*asked, return_exceptions=True)
    assert len({id(one) for one in proofs[:-1]}) == 1
    assert isinstance(proofs[-1], asyncio.CancelledError)
    assert len(world.table.jobs) == jobs + 1
    assert findings(b)[0] == (1, 1)


async def test_who_stops_waiting_half_way_loses_no_finding(world: World) -> None:
    _, b = await stocked(world, hubs=1)
    await b.pull(world.residents[2])
    async for _ in b.node.prove_waiting(Origin.PEER):
        break
    await prove_all(b)
    assert findings(b) == [(1, 1)] * len(SKILLS)


async def test_with_the_real_sandbox_as_well(sqlite_world: World, sandbox: ProcessSandbox) -> None:
    sources, b = await stocked(sqlite_world, sandbox=sandbox)
    await asyncio.gather(*(b.pull(hub) for hub in sources), prove_all(b), prove_all(b))
    await asyncio.gather(prove_all(b), prove_all(b))
    assert [found for found, _ in findings(b)] == [1] * len(SKILLS)


async def test_one_message_pushed_many_times_at_once_is_taken_once(world: World) -> None:
    hub, a = world.settle("hub", "hub"), world.settle("a")
    world.invite(hub, a)
    message = skill_message(a.key, SKILLS[0])

    async def push() -> int:
        async with hub.http() as http:
            return (await http.post("/skills", content=message.raw)).status_code

    assert sorted(await asyncio.gather(*(push() for _ in range(10)))) == [201] + [409] * 9
    assert hub.store.feed_mark()[0] == 1
    assert hub.node.core.counters.balanced


async def test_two_messages_under_one_number_at_once_are_not_both_taken(world: World) -> None:
    hub, a = world.settle("hub", "hub"), world.settle("a")
    world.invite(hub, a)
    rivals = [skill_message(a.key, skill, seq=7) for skill in SKILLS]
    fates = await asyncio.gather(*(hub.node.inbox.receive(one.raw, Via.HTTP) for one in rivals), return_exceptions=True)
    refused = [fate.reason.code for fate in fates if isinstance(fate, Refused)]
    assert refused == ["equivocation"] * (len(rivals) - 1)
    assert hub.store.feed_mark()[0] == 1


async def test_deliveries_at_once_bring_a_record_once(world: World) -> None:
    hub, a = world.settle("hub", "hub"), world.settle("a")
    world.invite(hub, a)
    for skill in SKILLS:
        world.table.teach(skill)
        await a.add(skill)
        await a.prove(skill)
        await a.node.publisher.publish(a.row(skill), (hub.url,))
    await asyncio.gather(a.deliver(), a.deliver(), a.deliver())
    assert hub.store.feed_mark()[0] == len(SKILLS)
    assert a.store.outbox() == []
    assert len(a.store.outbox("delivered")) == len(SKILLS)


async def test_a_greeting_does_not_undo_a_ban(sqlite_world: World) -> None:
    b, a = sqlite_world.settle("b"), sqlite_world.settle("a")
    greeting = a.say("hello", {"versions": ["1.0"]}, expires=START + 1000)
    await meanwhile(sqlite_world, b.ask("peer.set", id=a.id, banned=True), b.node.greeted(greeting.raw, ""))
    assert b.store.peer(a.id).banned


async def test_one_greeting_twice_at_once_is_answered_once(sqlite_world: World) -> None:
    b, a = sqlite_world.settle("b"), sqlite_world.settle("a")
    greeting = a.say("hello", {"versions": ["1.0"]}, expires=START + 1000)
    fates = await meanwhile(sqlite_world, *(b.node.greeted(greeting.raw, "") for _ in range(2)))
    assert sum(isinstance(fate, Refused) for fate in fates) == 1


async def test_one_skill_under_two_numbers_at_once_is_one_publication(sqlite_world: World) -> None:
    hub, a = sqlite_world.settle("hub", "hub"), sqlite_world.settle("a")
    sqlite_world.invite(hub, a)
    twice = [skill_message(a.key, SKILLS[0]) for _ in range(2)]
    await meanwhile(sqlite_world, *(hub.node.inbox.receive(one.raw, Via.HTTP) for one in twice))
    assert len(hub.store.records_about(SKILLS[0].id, SKILL)) == 1


async def test_a_skill_that_comes_with_its_tombstone_does_not_come_back(sqlite_world: World) -> None:
    hub, a, c = sqlite_world.settle("hub", "hub"), sqlite_world.settle("a"), sqlite_world.settle("c")
    sqlite_world.invite(hub, a, c)
    await hub.node.inbox.receive(skill_message(a.key, SKILLS[0]).raw, Via.HTTP)
    tombstone = a.say("tombstone", {"skill": SKILLS[0].id, "why": ""})
    again = skill_message(a.key, SKILLS[0])
    fates = await meanwhile(
        sqlite_world,
        hub.node.inbox.receive(tombstone.raw, Via.HTTP),
        hub.node.inbox.receive(again.raw, Via.HTTP),
    )
    assert isinstance(fates[1], Refused)


async def test_a_proof_does_not_bring_back_what_is_being_removed(sqlite_world: World) -> None:
    a = sqlite_world.settle("a")
    sqlite_world.table.teach(SKILLS[0])
    await a.add(SKILLS[0])
    await meanwhile(sqlite_world, a.ask("skill.remove", id=SKILLS[0].id), a.prove(SKILLS[0]))
    assert a.row(SKILLS[0]).state is SkillState.REMOVED


async def test_a_proof_that_ends_after_a_removal_does_not_bring_it_back(world: World) -> None:
    a = world.settle("a")
    world.table.teach(SKILLS[0])
    await a.add(SKILLS[0])
    world.table.closed = asyncio.Event()
    proof = asyncio.create_task(a.prove(SKILLS[0]))
    while not world.table.jobs:
        await asyncio.sleep(0)
    await a.ask("skill.remove", id=SKILLS[0].id)
    world.table.closed.set()
    with pytest.raises(UsageError, match="removed can't be proved"):
        await proof
    assert a.row(SKILLS[0]).state is SkillState.REMOVED


async def test_a_removal_during_a_proof_does_not_stop_the_proving_of_the_others(world: World) -> None:
    """A tombstone that comes in by one way while a skill that came by another is being proved."""
    (hub,), b = await stocked(world, hubs=1)
    await b.pull(hub)
    world.table.closed = asyncio.Event()
    proving = asyncio.create_task(prove_all(b))
    while not world.table.jobs:
        await asyncio.sleep(0)
    first = next(skill for skill in SKILLS if skill.result.text == world.table.jobs[0].code)
    a = next(one for one in world.residents if one.name == "a")
    await b.node.inbox.receive(a.say("tombstone", {"skill": first.id, "why": ""}).raw, Via.FEED)
    world.table.closed.set()
    await proving
    states = [b.row(skill).state for skill in SKILLS if skill is not first]
    assert states == [SkillState.ADMITTED] * (len(SKILLS) - 1)
