"""Publishing: the gates, what a dry run leaves behind, the outbox and its acknowledgements."""

from __future__ import annotations

import pytest

from hansa.kernel.errors import Refused, UsageError
from hansa.kernel.verdict import Reason
from hansa.node.ports import Answer
from hansa.skills.model import SkillState
from tests.node.world import DOUBLE, LIE, SLUG, Behaviour, World, make_skill, skill_message

SECRET = make_skill(
    "call_service", "TOKEN = 'ghp_" + "a1B2" * 9 + "'\n\ndef call_service(x):\n    return x\n", {"(1,)": "1"}
)
WITHOUT_STEPS = make_skill("halve", "def halve(x):\n    return x // 2\n", {"(4,)": "2"}, reasoning_path=())
WITHOUT_CHECKS = make_skill("negate", "def negate(x):\n    return -x\n", {})
WITHOUT_LICENCE = make_skill("square", "def square(x):\n    return x * x\n", {"(3,)": "9"}, license="")
CLOSED_LICENCE = make_skill("cube", "def cube(x):\n    return x ** 3\n", {"(3,)": "27"}, license="Proprietary")


def hub_and_a(world: World):
    hub, a = world.settle("hub", "hub"), world.settle("a")
    world.invite(hub, a)
    return hub, a


@pytest.mark.parametrize(
    ("skill", "proved", "expected"),
    [
        (SECRET, True, Reason.SECRET),
        (WITHOUT_STEPS, True, Reason.NO_REASONING),
        (WITHOUT_CHECKS, False, Reason.NO_CHECKS),
        (WITHOUT_LICENCE, True, Reason.NO_LICENSE),
        (CLOSED_LICENCE, True, Reason.NO_LICENSE),
        (SLUG, False, Reason.LOW_CONFIDENCE),
        (LIE, True, Reason.LOW_SCORE),
    ],
    ids=lambda one: one.intent if hasattr(one, "intent") else None,
)
async def test_a_shut_gate_keeps_a_skill_in_and_leaves_no_trace(world: World, skill, proved, expected) -> None:
    hub, a = hub_and_a(world)
    await a.subscribe(hub)
    if skill is not LIE:
        world.table.teach(skill)
    await a.add(skill)
    if proved:
        await a.prove(skill)
    before = len(a.store.records_about(skill.id))

    publication = await a.node.publisher.publish(a.row(skill))

    assert expected in [gate.reason for gate in publication.shut]
    assert (publication.record, publication.payload) == (None, b"")
    assert a.store.feed_mark() == (0, "")
    assert a.store.outbox() == []
    assert len(a.store.records_about(skill.id)) == before
    assert await a.deliver() == []
    assert not hub.holds(skill)


async def test_too_few_trials_are_not_enough_confidence(world: World) -> None:
    _, a = hub_and_a(world)
    world.table.teach(SLUG)
    await a.add(SLUG)
    await a.node.prover.prove(a.row(SLUG), trials=34)
    publication = await a.node.publisher.publish(a.row(SLUG))
    assert [gate.reason for gate in publication.shut] == [Reason.LOW_CONFIDENCE]


async def test_a_dry_run_shows_the_very_bytes_and_leaves_no_trace(world: World) -> None:
    hub, a = hub_and_a(world)
    await a.subscribe(hub)
    world.table.teach(SLUG)
    await a.add(SLUG)
    await a.prove(SLUG)
    records, journal, events = (
        a.store.records_about(SLUG.id),
        a.store.journal(SLUG.id),
        list(a.node.core.driver.history),
    )

    publication = await a.node.publisher.publish(a.row(SLUG), dry_run=True)

    assert publication.to == (hub.url,)
    assert SLUG.intent.encode() in publication.payload
    assert a.id.encode() in publication.payload
    assert a.store.records_about(SLUG.id) == records
    assert a.store.journal(SLUG.id) == journal
    assert list(a.node.core.driver.history) == events
    assert a.store.feed_mark() == (0, "")
    assert a.store.outbox() == []
    assert await a.deliver() == []
    assert hub.store.feed_mark() == (0, "")


async def test_publishing_again_changes_nothing(world: World) -> None:
    hub, a = hub_and_a(world)
    world.table.teach(SLUG)
    first = await a.publish(SLUG, hub)
    mark, calls = a.store.feed_mark(), len(world.net.calls)

    again = await a.node.publisher.publish(a.row(SLUG), (hub.url,))

    assert first.new
    assert not again.new
    assert (again.record, again.payload) == (first.record, first.payload)
    assert a.store.feed_mark() == mark == (1, mark[1])
    assert await a.deliver() == []
    assert len(world.net.calls) == calls
    assert hub.store.feed_mark()[0] == 1


@pytest.mark.parametrize(
    "url", ["harbour", "localhost:8470", "", "ftp://hub", "http://", "http://[::1", "http://a b\n"]
)
async def test_nothing_is_queued_for_what_is_no_address(world: World, url: str) -> None:
    _, a = hub_and_a(world)
    for proved in (False, True):
        if proved:
            world.table.teach(SLUG)
            await a.add(SLUG)
            await a.ask("prove", ids=[SLUG.id])
        with pytest.raises(UsageError, match="is not the address of a node: write it like"):
            await a.ask("publish", to=["http://hub", url])
    assert a.store.outbox() == []
    assert a.store.feed_mark()[0] == 0


async def test_a_second_address_gets_the_same_record(world: World) -> None:
    hub, a = hub_and_a(world)
    other = world.settle("other", "hub")
    world.invite(other, a)
    world.table.teach(SLUG)
    first = await a.publish(SLUG, hub)
    again = await a.publish(SLUG, other)
    assert again.record == first.record
    assert hub.store.record(first.record).envelope == other.store.record(first.record).envelope
    assert a.store.feed_mark()[0] == 1


async def test_what_can_not_be_delivered_waits_and_is_delivered_once(world: World) -> None:
    hub, a = hub_and_a(world)
    world.table.teach(SLUG)
    world.net.down.add(hub.url)
    publication = await a.publish(SLUG, hub)
    for tries in (2, 3):
        (delivery,) = await a.deliver()
        assert (delivery.row.state, delivery.row.reason, delivery.row.tries) == ("pending", "unreachable", tries)
    a = world.restart(a)
    world.net.down.clear()

    (delivery,) = await a.deliver()

    assert delivery.row.state == "delivered"
    assert await a.deliver() == []
    assert [row.id for row in hub.store.feed(0, 10)] == [publication.record]


async def test_one_silent_peer_is_asked_once_a_round_and_does_not_hold_up_the_others(world: World) -> None:
    hub, a = hub_and_a(world)
    silent = world.settle("silent", "hub")
    for skill in (SLUG, DOUBLE):
        world.table.teach(skill)
        await a.add(skill)
        await a.prove(skill)
        await a.node.publisher.publish(a.row(skill), (silent.url, hub.url))
    world.net.down.add(silent.url)
    states = [(one.row.url, one.row.state) for one in await a.deliver()]
    assert sorted(states) == [(hub.url, "delivered"), (hub.url, "delivered"), (silent.url, "pending")]
    assert len([url for _, url, _ in world.net.calls if url == silent.url]) == 1
    assert len(a.store.outbox()) == 2


async def test_a_lost_answer_is_made_good_by_409(world: World) -> None:
    hub, a = hub_and_a(world)
    world.table.teach(SLUG)
    world.net.deaf_after.add(hub.url)
    await a.publish(SLUG, hub)
    assert [row.state for row in a.store.outbox()] == ["pending"]
    assert hub.store.feed_mark()[0] == 1
    world.net.deaf_after.clear()

    (delivery,) = await a.deliver()

    assert delivery.row.state == "delivered"
    assert hub.store.feed_mark()[0] == 1
    assert hub.refusals() == {"duplicate": 1}


@pytest.mark.parametrize("status", [429, 503, 507])
async def test_a_peer_that_is_busy_or_full_is_tried_again(world: World, status: int) -> None:
    hub, a = hub_and_a(world)
    world.table.teach(SLUG)
    world.net.twists[hub.url] = lambda method, path, answer: Answer(status, b"{}")
    await a.publish(SLUG, hub)
    assert [row.state for row in a.store.outbox()] == ["pending"]
    world.net.twists.clear()
    (delivery,) = await a.deliver()
    assert delivery.row.state == "delivered"


async def test_a_refusal_is_kept_with_the_peers_reason_and_not_tried_again(world: World) -> None:
    hub, a = world.settle("hub", "hub"), world.settle("a")
    world.table.teach(SLUG)
    publication = await a.publish(SLUG, hub)
    (row,) = a.store.deliveries_of(publication.record)
    assert (row.state, row.reason) == ("refused", "unknown_peer")
    assert await a.deliver() == []
    story = a.node.stories.why(SLUG.id)
    assert "refused at http://hub" in next(line.text for line in story.lines if line.box == "send")


async def test_a_refusal_for_equivocation_is_no_acknowledgement(world: World) -> None:
    """As after a restored backup: the hub holds another record under the number that this node uses again."""
    hub, a = hub_and_a(world)
    world.table.teach(SLUG)
    await a.add(SLUG)
    await a.prove(SLUG)
    publication = await a.node.publisher.publish(a.row(SLUG), (hub.url,))
    number = a.store.record(publication.record).seq
    earlier = skill_message(a.key, DOUBLE, seq=number)
    async with hub.http() as http:
        assert (await http.post("/skills", content=earlier.raw)).status_code == 201
    await a.deliver()
    assert not hub.holds(SLUG)
    assert [row.state for row in a.store.deliveries_of(publication.record)] == ["refused"]


async def test_a_server_that_is_no_node_acknowledges_nothing(world: World) -> None:
    hub, a = hub_and_a(world)
    world.table.teach(SLUG)
    world.net.twists[hub.url] = lambda method, path, answer: Answer(200, b"<html>It works!</html>")
    publication = await a.publish(SLUG, hub)
    assert [row.state for row in a.store.deliveries_of(publication.record)] != ["delivered"]


async def test_a_removed_skill_is_not_published(world: World) -> None:
    hub, a = hub_and_a(world)
    world.table.teach(SLUG)
    await a.add(SLUG)
    await a.prove(SLUG)
    await a.node.shelf.remove(a.row(SLUG), "wrong")
    with pytest.raises(Refused) as caught:
        await a.node.publisher.publish(a.row(SLUG), (hub.url,))
    assert caught.value.reason is Reason.TOMBSTONED
    assert a.store.outbox() == []


async def test_a_full_disk_publishes_nothing(tmp_path) -> None:
    world = World(tmp_path, "memory")
    hub, a = hub_and_a(world)
    world.table.teach(SLUG)
    await a.add(SLUG)
    await a.prove(SLUG)
    a.store.full = True
    with pytest.raises(Exception, match="disk is full"):
        await a.node.publisher.publish(a.row(SLUG), (hub.url,))
    a.store.full = False
    assert a.store.feed_mark() == (0, "")
    assert await a.deliver() == []
    await a.node.publisher.publish(a.row(SLUG), (hub.url,))
    assert [one.row.state for one in await a.deliver()] == ["delivered"]


async def test_the_claim_that_leaves_is_what_was_computed(world: World) -> None:
    hub, a = hub_and_a(world)
    world.table.teach(SLUG)
    publication = await a.publish(SLUG, hub)
    from hansa.node.vault import open_record

    claim = open_record(hub.store.record(publication.record)).body["claim"]
    assert claim == {"confidence": 901_099, "verification_score": 1_000_000, "trials": 35, "harness": "table-1"}


async def test_a_skill_that_stopped_passing_is_no_longer_published(world: World) -> None:
    hub, a = hub_and_a(world)
    world.table.teach(SLUG)
    await a.add(SLUG)
    await a.prove(SLUG)
    world.clock.advance(1)
    world.table.teach(SLUG, Behaviour({}))
    await a.prove(SLUG)
    assert a.row(SLUG).state is SkillState.REFUSED
    publication = await a.node.publisher.publish(a.row(SLUG), (hub.url,))
    assert {gate.reason for gate in publication.shut} == {
        Reason.REFUTED, Reason.LOW_SCORE, Reason.LOW_CONFIDENCE,
    }  # fmt: skip
