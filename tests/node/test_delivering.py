"""Much in the outbox goes in bulk, under one signature, and each record is handled by the answer for it alone."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from hansa.identity import envelope
from hansa.kernel.ids import ContentId
from hansa.node import delivering
from hansa.node.ports import Answer
from hansa.node.rows import OutboxRow, PutOutbox, PutRecord
from hansa.node.shelf import record_row
from tests.attacks.specimens import key
from tests.node.world import Resident, World, multiplier, skill_message

SKILLS = [multiplier(n) for n in range(2, 8)]


async def stocked(world: World) -> tuple[Resident, Resident]:
    """Returns a hub and a node with published skills that wait for it."""
    hub, a = world.settle("hub", "hub"), world.settle("a")
    world.invite(hub, a)
    for skill in SKILLS:
        world.table.teach(skill)
        await a.add(skill)
        await a.prove(skill)
        await a.node.publisher.publish(a.row(skill), (hub.url,))
    return hub, a


def posts(world: World) -> list[str]:
    """Returns the paths that were posted to."""
    return [path for method, _, path in world.net.calls if method == "POST"]


async def test_what_waits_goes_in_one_bulk_under_one_signature(world: World) -> None:
    hub, a = await stocked(world)
    delivered = await a.deliver()
    assert [one.row.state for one in delivered] == ["delivered"] * len(SKILLS)
    assert posts(world) == ["/skills/bulk"]
    entries = [json.loads(row.envelope)["signatures"][0] for row in hub.store.feed(0, 10)]
    assert [one["batch"]["index"] for one in entries] == list(range(len(SKILLS)))
    assert len({one["sig"] for one in entries}) == 1
    assert [row.id for row in hub.store.feed(0, 10)] == [row.id for row in a.store.feed(0, 10)]
    assert await a.deliver() == []


async def test_one_alone_goes_by_itself(world: World) -> None:
    hub, a = world.settle("hub", "hub"), world.settle("a")
    world.invite(hub, a)
    world.table.teach(SKILLS[0])
    await a.publish(SKILLS[0], hub)
    assert posts(world) == ["/skills"]


async def test_a_third_node_takes_them_from_the_hub_one_by_one(world: World) -> None:
    hub, a = await stocked(world)
    await a.deliver()
    b = world.settle("b")
    await b.subscribe(hub)
    assert [one.reason for one in await b.pull(hub)] == [None] * len(SKILLS)


async def test_each_line_is_handled_by_its_own_answer(world: World) -> None:
    hub, a = await stocked(world)
    waiting = [row.record for row in a.store.outbox()]
    async with hub.http() as http:  # one came there before
        await http.post("/skills", content=a.store.record(waiting[0]).envelope)

    def busy_for_one(method: str, path: str, answer: Answer) -> Answer:
        whole = json.loads(answer.body)
        whole["answers"][1] = {"status": 409, "reason": "equivocation", "detail": "its number is used up"}
        whole["answers"][2] = {"status": 429, "reason": "rate_limited", "detail": "60 a minute"}
        return Answer(answer.status, json.dumps(whole).encode())

    world.net.twists[hub.url] = busy_for_one
    states = {one.row.record: (one.row.state, one.row.reason) for one in await a.deliver()}
    assert states[waiting[0]] == ("delivered", "")
    assert states[waiting[1]] == ("refused", "equivocation")
    assert states[waiting[2]][0] == "pending"
    assert {states[one] for one in waiting[3:]} == {("delivered", "")}
    world.net.twists.clear()
    (last,) = await a.deliver()
    assert (last.row.record, last.row.state) == (waiting[2], "delivered")


def wrong(change: Any) -> Any:
    """Returns a twist that changes the answers of a bulk only."""

    def twist(method: str, path: str, answer: Answer) -> Answer:
        if path != "/skills/bulk":
            return answer
        return Answer(200, msgspec.json.encode({"answers": change(json.loads(answer.body)["answers"])}))

    return twist


@pytest.mark.parametrize(
    "change",
    [lambda one: one[:-1], lambda one: [*one, one[0]], lambda one: [], lambda one: "yes", lambda one: [1] * len(one)],
)
async def test_an_answer_that_is_none_for_each_line_is_not_believed(world: World, change: Any) -> None:
    """Then each goes by itself; what the hub had taken is a duplicate there."""
    hub, a = await stocked(world)
    world.net.twists[hub.url] = wrong(change)
    assert [one.row.state for one in await a.deliver()] == ["delivered"] * len(SKILLS)
    assert posts(world) == ["/skills/bulk"] + ["/skills"] * len(SKILLS)
    assert hub.refusals() == {"duplicate": len(SKILLS)}


async def test_answers_for_other_records_acknowledge_nothing(world: World) -> None:
    hub, a = await stocked(world)
    world.net.twists[hub.url] = wrong(lambda lines: lines[1:] + lines[:1])
    assert "delivered" not in {one.row.state for one in await a.deliver()}


async def test_a_peer_without_a_door_for_bulks_gets_them_one_by_one(world: World) -> None:
    hub, a = await stocked(world)
    world.net.twists[hub.url] = lambda method, path, answer: Answer(404, b"{}") if "bulk" in path else answer
    assert [one.row.state for one in await a.deliver()] == ["delivered"] * len(SKILLS)


@pytest.mark.parametrize("status", [429, 503, 507])
async def test_a_peer_that_takes_nothing_now_is_asked_again_later(world: World, status: int) -> None:
    hub, a = await stocked(world)
    world.net.twists[hub.url] = lambda method, path, answer: Answer(status, b"{}")
    assert [one.row.state for one in await a.deliver()] == ["pending"] * len(SKILLS)
    assert posts(world) == ["/skills/bulk"]
    world.net.twists.clear()
    assert [one.row.state for one in await a.deliver()] == ["delivered"] * len(SKILLS)


async def test_a_bulk_stays_within_what_a_node_takes(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    hub, a = await stocked(world)
    sizes = [len(row.envelope) + 1_024 for row in a.store.feed(0, 10)]
    monkeypatch.setattr(delivering, "MAX_BULK_BYTES", 2 * max(sizes))
    assert [one.row.state for one in await a.deliver()] == ["delivered"] * len(SKILLS)
    assert posts(world) == ["/skills/bulk"] * 3
    monkeypatch.setattr(delivering, "MAX_BULK_BYTES", 1)
    more = multiplier(40)
    world.table.teach(more)
    await a.publish(more, hub)
    assert hub.holds(more)


async def test_a_record_that_is_gone_or_of_somebody_else_does_not_stop_the_others(world: World) -> None:
    hub, a = await stocked(world)
    theirs = skill_message(key(30), multiplier(50), seq=1)
    lost = ContentId("0" * 64)
    await a.store.apply(
        [PutRecord(record_row(envelope.read(theirs.raw), "", a.node.core.now())),
         PutOutbox(OutboxRow(theirs.id, hub.url, "pending")), PutOutbox(OutboxRow(lost, hub.url, "pending"))]
    )  # fmt: skip
    states = {one.row.record: (one.row.state, one.row.reason) for one in await a.deliver()}
    assert states.pop(lost) == ("refused", "corrupt")
    assert states.pop(theirs.id) == ("refused", "unknown_peer")
    assert set(states.values()) == {("delivered", "")}
