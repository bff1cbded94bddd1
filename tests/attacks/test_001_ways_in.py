"""Attack 1 through every way in: not signed, badly signed, damaged on its way or in the database: 0 accepted."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from hansa.identity.envelope import read
from hansa.kernel.errors import Refused
from hansa.kernel.verdict import Reason
from hansa.node.vault import open_record, open_skill
from hansa.skills.model import SkillState
from tests.attacks.forgeries import forgeries, mutations
from tests.attacks.specimens import key, scaled
from tests.node.ways import DOORS, SPREAD, WAYS, Target, messages_of_every_kind, words_of_every_kind
from tests.node.world import SLUG, Resident, World, make_skill, multiplier, skill_message

MUTATIONS = scaled(60)
KINDS = ("skill", "evidence", "receipt", "tombstone", "hello")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, "memory")
    yield made
    made.close()


@pytest.fixture
def files(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, "sqlite")
    yield made
    made.close()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", KINDS)
async def test_no_forgery_comes_in(world: World, way: str, kind: str) -> None:
    target = await Target.ready(world)
    message = messages_of_every_kind(target.author, SLUG.id, target.publication.id, target.finding.id)[kind]
    made = forgeries(message, [target.author.key, key(2), key(3)])
    before = target.snapshot()
    fates = await target.push_all(way, [raw for _, raw in made])
    assert [name for (name, _), fate in zip(made, fates, strict=True) if fate == "taken"] == []
    assert target.snapshot() == before
    assert target.node.node.core.counters.balanced


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", KINDS)
async def test_no_damaged_message_comes_in(world: World, way: str, kind: str) -> None:
    target = await Target.ready(world)
    message = messages_of_every_kind(target.author, SLUG.id, target.publication.id, target.finding.id)[kind]
    damaged = list(mutations(message.raw, MUTATIONS, seed=len(kind)))
    before = target.snapshot()
    fates = await target.push_all(way, damaged)
    assert "taken" not in fates
    assert target.snapshot() == before


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", KINDS)
async def test_the_message_itself_does_come_in(world: World, way: str, kind: str) -> None:
    """Without this the tests above would prove nothing."""
    target = await Target.ready(world)
    message = messages_of_every_kind(target.author, SLUG.id, target.publication.id, target.finding.id)[kind]
    expected = "unknown_kind" if kind == "hello" and way != "http" else "taken"
    assert await target.push(way, message.raw) == expected


# ---- word that goes round


@pytest.mark.parametrize("kind", SPREAD)
async def test_no_forged_or_damaged_word_is_heard(world: World, kind: str) -> None:
    target = await Target.ready(world)
    word = words_of_every_kind(target.author)[kind]
    made = [raw for _, raw in forgeries(word, [target.author.key, key(2), key(3)])]
    before = target.snapshot()
    fates = await target.push_all("link", [*made, *mutations(word.raw, MUTATIONS, seed=len(kind))])
    assert "taken" not in fates
    assert target.snapshot() == before
    assert target.node.node.core.counters.balanced


@pytest.mark.parametrize("kind", SPREAD)
async def test_the_word_itself_is_heard_over_a_link_at_no_door_and_is_not_kept(world: World, kind: str) -> None:
    target = await Target.ready(world)
    before = target.snapshot()
    word = words_of_every_kind(target.author)[kind]
    assert [await target.push(way, word.raw) for way in DOORS] == ["unknown_kind"] * len(DOORS)
    assert await target.push("link", word.raw) == "taken"
    assert target.snapshot() == before
    assert target.node.store.record(word.id) is None


# ---- database reload


class Burglar:
    """Somebody who can write to a node's database file, past the node."""

    def __init__(self, node: Resident) -> None:
        self._path = node.app.home / "hansa.db"

    def write(self, sql: str, *values: object) -> None:
        connection = sqlite3.connect(self._path, timeout=10)
        with connection:
            assert connection.execute(sql, values).rowcount == 1
        connection.close()


async def stocked(world: World) -> tuple[Resident, Resident, str]:
    """Returns a hub that holds A's skill, A, and the record's id."""
    hub, a = world.settle("hub", "hub"), world.settle("a")
    world.invite(hub, a)
    world.table.teach(SLUG)
    publication = await a.publish(SLUG, hub)
    return hub, a, publication.record


def why(call, *args) -> Reason:
    with pytest.raises(Refused) as caught:
        call(*args)
    return caught.value.reason


async def why_async(awaitable) -> Reason:
    with pytest.raises(Refused) as caught:
        await awaitable
    return caught.value.reason


async def test_no_damage_to_a_stored_record_goes_unseen(files: World) -> None:
    hub, a, record = await stocked(files)
    burglar, raw = Burglar(hub), hub.store.record(record).envelope
    made = [forged for _, forged in forgeries(read(raw), [a.key, key(2)])]
    for damaged in [*mutations(raw, MUTATIONS, seed=1), *made, b""]:
        burglar.write("UPDATE records SET envelope = ? WHERE id = ?", damaged, record)
        assert why(open_record, hub.store.record(record)) is Reason.CORRUPT
    burglar.write("UPDATE records SET envelope = ? WHERE id = ?", raw, record)
    assert open_record(hub.store.record(record)).id == record


@pytest.mark.parametrize("column", ["author", "seq", "kind", "id"])
async def test_a_record_filed_under_another_name_is_withheld(files: World, column: str) -> None:
    hub, _, record = await stocked(files)
    other = {"author": key(2).public.did, "seq": 7, "kind": "evidence", "id": "f" * 64}[column]
    Burglar(hub).write(f"UPDATE records SET {column} = ? WHERE id = ?", other, record)
    row = hub.store.record("f" * 64 if column == "id" else record)
    assert why(open_record, row) is Reason.CORRUPT


async def test_a_damaged_record_is_withheld_and_named_at_every_door(files: World) -> None:
    hub, _a, record = await stocked(files)
    raw = hub.store.record(record).envelope
    (damaged,) = mutations(raw, 1, seed=3)
    Burglar(hub).write("UPDATE records SET envelope = ? WHERE id = ?", damaged, record)
    async with hub.http() as http:
        answer = await http.get(f"/records/{record}")
        assert (answer.status_code, answer.json()["reason"]) == (500, "corrupt")
        items = (await http.get("/feed")).json()["items"]
        assert items == [{"place": 1, "id": record, "envelope": None}]
    assert await why_async(hub.ask("skill.export", ids=[SLUG.id])) is Reason.CORRUPT
    told = {line.box: line for line in hub.node.stories.why(SLUG.id).lines}
    assert "corrupt" in told["identity"].text
    c = files.settle("c")
    await c.subscribe(hub)
    (pulled,) = await c.pull(hub)
    assert pulled.reason is not None
    assert not c.holds(SLUG)


async def test_a_damaged_record_does_not_keep_back_the_others(files: World) -> None:
    hub, a, record = await stocked(files)
    other = multiplier(7)
    files.table.teach(other)
    await a.publish(other, hub)
    Burglar(hub).write("UPDATE records SET envelope = x'00' WHERE id = ?", record)
    c = files.settle("c")
    await c.subscribe(hub)
    await c.pull(hub)
    assert c.holds(other)


async def test_a_damaged_record_is_not_sent(files: World) -> None:
    _hub, a, record = await stocked(files)
    other = files.settle("other", "hub")
    files.invite(other, a)
    await a.node.publisher.publish(a.row(SLUG), (other.url,))
    Burglar(a).write("UPDATE records SET envelope = x'7b7d' WHERE id = ?", record)
    calls = len(files.net.calls)
    await a.deliver()
    assert files.net.calls[calls:] == []


@pytest.mark.parametrize("dry_run", [True, False])
async def test_a_damaged_record_is_not_published_again(files: World, dry_run: bool) -> None:
    _hub, a, record = await stocked(files)
    message = messages_of_every_kind(a, SLUG.id, record)["skill"]
    forged = dict(forgeries(message, [a.key, key(2)]))["another payload"]
    Burglar(a).write("UPDATE records SET envelope = ? WHERE id = ?", forged, record)
    assert await why_async(a.node.publisher.publish(a.row(SLUG), ("http://x",), dry_run)) is Reason.CORRUPT


async def test_no_damage_to_a_stored_skill_goes_unseen(files: World) -> None:
    _, a, _ = await stocked(files)
    burglar, body = Burglar(a), a.row(SLUG).body
    for damaged in [*mutations(body, MUTATIONS, seed=2), b"", multiplier(3).to_bytes()]:
        burglar.write("UPDATE skills SET body = ? WHERE id = ?", damaged, SLUG.id)
        assert why(open_skill, a.row(SLUG)) is Reason.CORRUPT


async def test_a_damaged_skill_is_not_run_shown_proved_or_published(files: World) -> None:
    _, a, _ = await stocked(files)
    evil = a.row(SLUG).body.replace(b"lower()", b"upper()")
    Burglar(a).write("UPDATE skills SET body = ? WHERE id = ?", evil, SLUG.id)
    for again in (False, True):
        if again:
            a = files.restart(a)
        jobs = len(files.table.jobs)
        assert await why_async(a.node.execute(SLUG.intent, "('A',)")) is Reason.CORRUPT
        assert await why_async(a.prove(SLUG)) is Reason.CORRUPT
        assert await why_async(a.ask("skill.show", id=SLUG.id)) is Reason.CORRUPT
        assert await why_async(a.node.publisher.publish(a.row(SLUG))) is Reason.CORRUPT
        assert len(files.table.jobs) == jobs
        async with a.http() as http:
            for path in (f"/skills/{SLUG.id}", f"/skills/{SLUG.id}/lineage"):
                answer = await http.get(path)
                assert (answer.status_code, answer.json()["reason"]) == (500, "corrupt")
                assert "upper()" not in answer.text


async def test_a_damaged_skill_does_not_stop_the_proving_of_the_others(files: World) -> None:
    target = await Target.ready(files)
    files.table.teach(SLUG)
    files.clock.advance(1)
    for number in (5, 6, 7):
        files.table.teach(multiplier(number))
        await target.push("http", skill_message(target.author.key, multiplier(number)).raw)
    Burglar(target.node).write("UPDATE skills SET body = x'7b7d' WHERE id = ?", SLUG.id)
    with contextlib.suppress(Refused):
        await target.node.prove_waiting()
    assert [target.node.row(multiplier(n)).state for n in (5, 6, 7)] == [SkillState.ADMITTED] * 3


async def test_a_damaged_skill_does_not_stop_others_from_being_used(files: World) -> None:
    _, a, _ = await stocked(files)
    twin = make_skill("slug", SLUG.result.text.replace("slugify", "slug"), {"('A',)": "'a'"}, SLUG.intent)
    files.table.teach(twin)
    await a.add(twin)
    await a.prove(twin)
    best = a.node.find(SLUG.intent)[0].row
    Burglar(a).write("UPDATE skills SET body = x'7b7d' WHERE id = ?", best.id)
    done = await a.node.execute(SLUG.intent)
    assert done.how == "fits" and done.skill in {SLUG.id, twin.id} - {best.id}


async def test_numbers_rest_on_signed_evidence_and_not_on_a_column(files: World) -> None:
    _, a, _ = await stocked(files)
    other = multiplier(9)
    await a.add(other)
    await a.prove(other)  # the table knows nothing of it, so it fails
    assert a.row(other).state is SkillState.REFUSED
    Burglar(a).write(
        "UPDATE evidence SET outcome = 'pass', trials = 99, successes = 99, passed = 99, total = 99 WHERE skill = ?",
        other.id,
    )
    publication = await a.node.publisher.publish(a.row(other), dry_run=True)
    assert publication.shut


async def test_a_damaged_receipt_is_named_by_the_ledger(files: World) -> None:
    hub, _, _ = await stocked(files)
    b = files.settle("b")
    await b.subscribe(hub)
    await b.sync(hub)
    (row,) = b.store.ledger()
    assert (await b.ask("ledger.verify")).ok
    raw = b.store.record(row.entry.receipt).envelope
    burglar = Burglar(b)
    for damaged in mutations(raw, 20, seed=5):
        burglar.write("UPDATE records SET envelope = ? WHERE id = ?", damaged, row.entry.receipt)
        found = await b.ask("ledger.verify")
        assert (found.ok, found.value["bad_receipts"]) == (False, [1])
    burglar.write("UPDATE records SET envelope = ? WHERE id = ?", raw, row.entry.receipt)
    random = Random(1)
    for column in ("receipt", "previous", "hash"):
        value = "".join(random.choices("0123456789abcdef", k=64))
        before = getattr(row.entry, column)
        burglar.write(f"UPDATE ledger SET {column} = ? WHERE number = 1", value)
        assert not (await b.ask("ledger.verify")).ok
        burglar.write(f"UPDATE ledger SET {column} = ? WHERE number = 1", before)
    assert (await b.ask("ledger.verify")).ok
