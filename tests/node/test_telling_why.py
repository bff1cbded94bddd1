"""`why`: one line per box, for a skill, for a message that was refused, for an id that nobody knows."""

from __future__ import annotations

import pytest

from hansa.admission.service import Via
from hansa.kernel.errors import NotFound, Refused
from hansa.kernel.ids import content_id
from hansa.kernel.instant import iso
from hansa.kernel.verdict import Box
from hansa.node.driver import Effects
from tests.attacks.forgeries import forgeries
from tests.attacks.specimens import key
from tests.node.world import LIE, SLUG, Behaviour, World, multiplier, skill_message

BOXES = [box.value for box in Box]


async def test_a_skill_that_was_published_and_used_elsewhere(world: World) -> None:
    hub, a, b = world.settle("hub", "hub"), world.settle("a"), world.settle("b")
    world.invite(hub, a)
    world.table.teach(SLUG)
    publication = await a.publish(SLUG, hub)
    await b.subscribe(hub)
    await b.sync(hub)

    here = a.node.stories.why(SLUG.id[:8])
    assert [line.box for line in here.lines] == BOXES
    assert here.stopped_at == ""
    assert "made here" in here.lines[0].text
    assert f"delivered at {hub.url}" in here.lines[5].text

    there = b.node.stories.why(SLUG.id)
    told = {line.box: line.text for line in there.lines}
    assert there.stopped_at == ""
    assert f"signed by {a.id}; record {publication.record[:12]}" in told["identity"]
    assert "its author claims score 1.000, confidence 0.901 over 35 trials (" in told["admission"]
    assert "admitted, E2 re-proved here" in told["domain room"]
    assert "5 of 5 trials" in told["domain room"]
    assert "skill_reproved" in told["store"]
    assert told["views"] == "shown by find"


async def test_a_skill_that_every_address_refuses_has_not_passed(world: World) -> None:
    hub, a = world.settle("hub", "hub"), world.settle("a")  # nobody has invited a
    world.table.teach(SLUG)
    await a.publish(SLUG, hub)
    line = a.node.stories.why(SLUG.id).lines[5]
    assert (line.box, line.state) == (Box.SEND.value, "stopped")
    assert "unknown_peer" in line.text
    [record] = a.store.records_about(SLUG.id, "skill")
    told = next(one.text for one in hub.node.stories.why(record.id).lines if one.state == "stopped")
    assert f"hansa peer add [by {a.id} via http" in told and "[ (" not in told  # whom to invite
    assert (await a.ask("outbox.list")).value["refused"] == 1


async def test_a_skill_that_was_refuted(world: World) -> None:
    hub, a, b = world.settle("hub", "hub"), world.settle("a"), world.settle("b")
    world.invite(hub, a)
    world.table.teach(LIE, Behaviour({"(2.675,)": "2.67", "(0.125,)": "0.12"}))
    async with hub.http() as http:
        await http.post("/skills", content=skill_message(a.key, LIE).raw)
    await b.subscribe(hub)
    await b.sync(hub)
    story = b.node.stories.why(LIE.id)
    assert story.stopped_at == "domain room"
    text = next(line.text for line in story.lines if line.box == "domain room")
    assert "refuted" in text
    assert "2.67 instead of 2.68" in text


@pytest.mark.parametrize(
    ("flaw", "box"),
    [("no signature", "identity"), ("other key 1, honest about it", "identity"), ("payload alone", "identity")],
)
async def test_a_message_that_was_refused_is_told_by_its_id(world: World, flaw: str, box: str) -> None:
    hub, a = world.settle("hub", "hub"), world.settle("a")
    world.invite(hub, a)
    message = skill_message(a.key, SLUG)
    raw = dict(forgeries(message, [a.key, key(3)]))[flaw]
    async with hub.http() as http:
        refused = (await http.post("/skills", content=raw)).json()
    id_ = content_id(raw) if flaw == "payload alone" else message.id
    story = hub.node.stories.why(id_)
    assert story.stopped_at == box == refused["box"]
    stopped = [line.state for line in story.lines]
    assert stopped == ["passed"] * stopped.index("stopped") + ["stopped"] + ["not reached"] * (
        len(BOXES) - 1 - stopped.index("stopped")
    )
    assert refused["reason"] in story.lines[stopped.index("stopped")].text
    assert world.restart(hub).node.stories.why(id_[:16]).stopped_at == box


async def test_bytes_that_are_no_message_are_told_by_their_own_id(world: World) -> None:
    b = world.settle("b")
    raw = b"\x1b[31mnot a message\n"
    with pytest.raises(Refused):
        await b.node.inbox.receive(raw, Via.FILE, "evil\x1b[2Jname")
    story = b.node.stories.why(content_id(raw))
    assert story.stopped_at == "transport"
    assert story.what == "a message that was not kept"
    assert (await b.ask("why", id=content_id(raw))).value["stopped_at"] == "transport"


@pytest.mark.parametrize("text", ["0123456789ab", "zzzz", "abc", "", "ü" * 8, "%%%%", "*", "____", "did:key:z6Mk"])
async def test_an_id_that_nobody_knows_is_not_found(world: World, text: str) -> None:
    b = world.settle("b")
    await b.add(SLUG)
    with pytest.raises(NotFound):
        b.node.stories.why(text)


async def test_a_start_that_fits_several_asks_for_more(world: World) -> None:
    b = world.settle("b")
    starts: dict[str, int] = {}
    for factor in range(1, 700):
        start = multiplier(factor).id[:4]
        if start in starts:
            break
        starts[start] = factor
    for one in (starts[start], factor):
        await b.add(multiplier(one))
    with pytest.raises(NotFound, match="more than one"):
        b.node.stories.why(start)
    with pytest.raises(NotFound, match="more than one"):
        await b.ask("skill.show", id=start)
    assert b.node.stories.why(multiplier(factor).id[:20]).id == multiplier(factor).id


async def test_a_storm_of_duplicates_does_not_fill_the_journal(world: World) -> None:
    hub, a = world.settle("hub", "hub"), world.settle("a")
    world.invite(hub, a)
    message = skill_message(a.key, SLUG)
    async with hub.http() as http:
        for _ in range(20):
            await http.post("/skills", content=message.raw)
    assert hub.store.journal(message.id) == []  # what is kept says itself how it came
    assert hub.refusals() == {"duplicate": 19}


async def test_a_record_tells_how_it_came_for_as_long_as_it_is_kept(world: World) -> None:
    hub, a, b = world.settle("hub", "hub"), world.settle("a"), world.settle("b")
    world.table.teach(SLUG)
    await a.publish(SLUG, hub)  # not invited yet
    [record] = a.store.records_about(SLUG.id, "skill")
    assert hub.node.stories.why(record.id).stopped_at == "admission"
    world.clock.advance(1000)
    world.invite(hub, a)
    await a.publish(SLUG, hub)
    await b.subscribe(hub)
    await b.sync(hub)
    for node, way in ((a, "made here"), (hub, "via http from 127.0.0.1"), (b, f"via feed from {hub.url}")):
        story = node.node.stories.why(record.id[:16])
        told = {line.box: line.text for line in story.lines}
        assert (story.stopped_at, story.what) == ("", f"skill about {SLUG.id[:12]}")
        assert f"skill by {a.id} {way}" in told["admission"]
        kept = node.store.record(record.id)
        assert kept is not None
        assert kept.came == ("" if node is a else kept.came)
        assert f"at {iso(kept.received)}" in told["admission"]


async def test_a_record_tells_its_number_and_no_box_says_more_than_happened_there(world: World) -> None:
    hub, a, b = world.settle("hub", "hub"), world.settle("a"), world.settle("b")
    world.invite(hub, a)
    world.table.teach(SLUG)
    await a.publish(SLUG, hub)
    await b.subscribe(hub)
    await b.sync(hub)
    [record] = b.store.records_about(SLUG.id, "skill")
    for node, sent in ((a, "passed"), (hub, "not reached"), (b, "not reached")):
        lines = {line.box: line for line in node.node.stories.why(record.id).lines}
        assert lines[Box.ADMISSION.value].text.endswith(f"; number {record.seq}")
        assert lines[Box.SEND.value].state == sent
        assert all(line.text for line in lines.values())
    assert lines[Box.SEND.value].text == "nothing sent"
    assert "not in the feed" in lines[Box.STORE.value].text
    passed_on = {line.box: line.text for line in hub.node.stories.why(record.id).lines}
    assert "record 1 of the feed" in passed_on[Box.STORE.value]
    assert passed_on[Box.SEND.value] == "pushed to nobody; in the feed, for whoever pulls it"


async def test_of_what_was_not_kept_no_box_says_that_it_passed(world: World) -> None:
    """A name of 64 digits about which one line was written, and nothing stopped it."""
    b = world.settle("b")
    ref = content_id(b"of old")
    await b.node.core.driver.perform(Effects([b.node.core.driver.note(ref, Box.SEND, None, None, "given up")]))
    lines = b.node.stories.why(ref).lines
    assert [line.state for line in lines] == ["not reached"] * 5 + ["passed", "not reached"]
