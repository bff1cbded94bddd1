"""`store check` names what is damaged, and only that; `store repair` mends what others still have (goal L8)."""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from functools import cache
from pathlib import Path
from random import Random
from tempfile import mkdtemp

import pytest

from hansa.adapters.store.checking import check
from hansa.adapters.store.connections import lost_from_log
from hansa.adapters.store.sqlite import SqliteStore
from hansa.identity import envelope
from hansa.kernel.errors import HansaError
from hansa.kernel.ids import ContentId, content_id
from hansa.node.ports import SkillFilter
from hansa.node.rows import PutBlob
from hansa.node.vault import open_record, open_skill
from hansa.skills.model import SkillState
from tests.attacks.specimens import scaled
from tests.node.world import DOUBLE, SLUG, Resident, World, multiplier

FILE = b"a file of a bundle"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path, "sqlite")
    yield made
    made.close()


async def stocked(world: World) -> tuple[Resident, Resident, Resident]:
    """Gives a hub, A who published, and B whose store has something of everything."""
    hub, a, b = world.settle("hub", "hub"), world.settle("a"), world.settle("b")
    world.invite(hub, a, b)
    for skill in (SLUG, DOUBLE, multiplier(7)):
        world.table.teach(skill)
        await a.publish(skill, hub)
    await b.subscribe(hub, report="all")
    await b.sync(hub)
    await a.ask("skill.remove", id=DOUBLE.id, why="wrong")
    await a.deliver()
    await b.sync(hub)
    world.table.teach(multiplier(9))
    await b.publish(multiplier(9), hub)
    await b.store.apply([PutBlob(content_id(FILE), FILE)])
    assert b.row(DOUBLE).state is SkillState.REMOVED
    return hub, a, b


@cache
def filled() -> bytes:
    """Returns such a store of B's as a file."""
    folder = Path(mkdtemp(prefix="hansa-filled-"))
    world = World(folder, "sqlite")
    _, _, b = asyncio.run(stocked(world))
    world.close()
    data = path_of(b).read_bytes()
    shutil.rmtree(folder)
    return data


def path_of(node: Resident) -> Path:
    assert isinstance(node.store, SqliteStore)
    return node.store.path


def spoil(node: Resident, sql: str, **values: object) -> None:
    """Changes a store behind its back; the node keeps it open."""
    with closing(sqlite3.connect(path_of(node))) as connection, connection:
        assert connection.execute(sql, values).rowcount > 0


async def test_a_whole_store_is_called_whole_while_the_node_is_up(world: World) -> None:
    for node in await stocked(world):
        for full in (False, True):
            found = check(path_of(node), full)
            assert found.damage == []
        assert found.counts["records"] >= 3
    assert {name for name, count in found.counts.items() if count} >= {"skills", "evidence", "ledger", "tombstones"}
    done = await node.ask("store.check", full=True)
    assert done.ok
    assert done.value["damage"] == []


SPOILED = [
    ("record", "UPDATE records SET envelope = replace(envelope, 'a', 'b') WHERE kind = 'skill'", True),
    (
        "record",
        "UPDATE records SET envelope = substr(envelope, 1, 60)"
        " WHERE number = (SELECT min(number) FROM records WHERE kind = 'evidence')",
        True,
    ),
    ("record", "UPDATE records SET subject = '' WHERE kind = 'skill'", True),
    ("record", "UPDATE records SET seq = seq + 1 WHERE kind = 'tombstone'", True),
    ("feed", "UPDATE meta SET value = '9 ' || substr(value, 3) WHERE key = 'feed'", False),
    ("feed", "UPDATE meta SET value = 'x' WHERE key = 'feed'", False),
    ("feed", "UPDATE records SET place = 9 WHERE place = 1", False),
    ("skill", "UPDATE skills SET body = replace(body, 'e', 'f')", False),
    ("skill", "UPDATE skills SET intent = intent || '.'", False),
    ("skill", "UPDATE skills SET tags = '[\"other\"]'", False),
    ("skill", "UPDATE skills SET state = 'bdmitted' WHERE state = 'admitted'", False),
    ("words", "DELETE FROM skill_text", False),
    ("words", "UPDATE skill_text SET tokens = 'other words'", True),
    ("words", "INSERT INTO skill_text (rowid, tokens) VALUES (999, 'zombie')", False),
    ("finding", "UPDATE evidence SET successes = successes - 1, outcome = 'fail'", True),
    ("finding", "UPDATE evidence SET record = '0000' WHERE number = (SELECT min(number) FROM evidence)", False),
    ("finding", "UPDATE evidence SET number = number + 1000", False),
    ("finding", "UPDATE evidence SET skill = '0000'", False),
    ("ledger", "UPDATE ledger SET hash = '0' || substr(hash, 2) WHERE number = 1", False),
    ("ledger", "DELETE FROM ledger WHERE number = 1", False),
    ("ledger", "UPDATE ledger SET dealing = 'skill_refuted'", True),
    ("receipt", "UPDATE ledger SET receipt = '0000' WHERE number = 1", False),
    ("tombstone", "UPDATE tombstones SET record = '0000'", False),
    ("tombstone", "UPDATE tombstones SET why = 'because'", True),
    ("blob", "UPDATE blobs SET data = 'other'", True),
    ("delivery", "UPDATE outbox SET record = '0000', state = 'pending' WHERE number = 1", False),
]


@pytest.mark.parametrize(("what", "sql", "only_full"), SPOILED, ids=[sql for _, sql, _ in SPOILED])
def test_each_kind_of_damage_is_named_with_what_to_do(tmp_path: Path, what: str, sql: str, only_full: bool) -> None:
    path = tmp_path / "hansa.db"
    path.write_bytes(filled())
    with closing(sqlite3.connect(path)) as connection, connection:
        assert connection.execute(sql).rowcount > 0
    quick, full = check(path, full=False), check(path, full=True)
    assert what in {one.what for one in full.damage}
    assert (what in {one.what for one in quick.damage}) is not only_full
    assert all("hansa store" in one.remedy and one.id and one.problem for one in full.damage)
    json.dumps(full.view())


MENDED = [one for one in SPOILED if one[0] in ("record", "skill", "blob", "finding")] + [SPOILED[11], SPOILED[12]]
MENDED = [
    one
    for one in MENDED
    if not any(part in one[1] for part in ("record = '0000'", "+ 1000", "skill = '0000'"))
    and "data" not in one[1]
    and "bdmitted" not in one[1]
]


@pytest.mark.parametrize(("what", "sql", "_"), MENDED, ids=[sql for _, sql, _ in MENDED])
async def test_damage_is_mended_from_the_source_or_from_what_is_here(
    world: World, what: str, sql: str, _: bool
) -> None:
    _, _, b = await stocked(world)
    before = _content(path_of(b))
    spoil(b, sql)
    done = await b.ask("store.repair")
    left = {(one["what"], one["id"]) for one in done.value["damage"]}
    # what only B has ever had can't come back from anybody: its own findings that it told nobody of
    assert done.ok, left
    assert done.value["mended"]
    assert _said(_content(path_of(b))) == _said(before)


def _said(content: dict[str, list[tuple[object, ...]]]) -> dict[str, list[tuple[object, ...]]]:
    """Returns it with what was signed in place of the envelopes: the source's copy may be under another signature."""
    columns = content["records"]
    return content | {"records": [(*row[:6], envelope.read(bytes(row[6])).payload, *row[7:]) for row in columns]}  # type: ignore[call-overload]


def _content(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Returns all that signed or named bytes speak for."""
    with closing(sqlite3.connect(path)) as connection:
        tables = {"records": "id, kind, author, seq, subject, created, envelope, place", "skill_tags": "*",
                  "skills": "id, intent, body, tags, state, origin",
                  "skill_text": "rowid, tokens",
                  "evidence": "record, skill, prover, outcome, trials, successes, passed, total, digest, reason",
                  "ledger": "number, receipt, previous, hash, subject, skill, dealing",
                  "tombstones": "skill, record, why", "blobs": "*"}  # fmt: skip
        return {
            name: sorted(connection.execute(f"SELECT {columns} FROM {name}").fetchall(), key=repr)
            for name, columns in tables.items()
        }


async def test_a_damaged_record_is_withheld_from_the_feed_and_asked_for_at_the_next_pull(world: World) -> None:
    _, _, b = await stocked(world)
    record = next(row for row in b.store.records_about(multiplier(9).id) if row.author == b.id and row.place)
    spoil(b, "UPDATE records SET envelope = x'6a756e6b' WHERE id = :id", id=record.id)
    async with b.http() as http:
        item = (await http.get("/feed")).json()["items"][(record.place or 0) - 1]
        assert item["envelope"] is None
        assert (await http.get(f"/records/{record.id}")).status_code == 500
    await b.ask("sync")
    async with b.http() as http:
        assert (await http.get(f"/records/{record.id}")).content == record.envelope
    assert "mended" in b.store.journal(record.id)[-1].detail


async def test_what_a_check_found_is_asked_for_at_the_next_pull_until_it_is_back(world: World) -> None:
    hub, a, b = await stocked(world)
    record = next(row for row in b.store.records_about(SLUG.id) if row.author == a.id)
    spoil(b, "UPDATE records SET envelope = x'6a756e6b' WHERE id = :id", id=record.id)
    assert not (await b.ask("store.check", full=True)).ok
    b = world.restart(b)
    world.net.down.add(hub.url)
    assert not (await b.ask("sync")).ok
    world.net.down.clear()
    assert (await b.ask("sync")).ok
    assert b.store.record(record.id) == record
    assert (await b.ask("store.check", full=True)).ok


async def test_a_source_can_give_back_nothing_but_what_was_lost(world: World) -> None:
    hub, a, b = await stocked(world)
    record = next(row for row in b.store.records_about(SLUG.id) if row.author == a.id)
    other = next(row for row in hub.store.feed(0, 9) if row.id != record.id)
    spoil(b, "UPDATE records SET envelope = x'6a756e6b' WHERE id = :id", id=record.id)

    def twist(method: str, path: str, answer):  # type: ignore[no-untyped-def]
        return type(answer)(200, other.envelope) if path.startswith("/records/") else answer

    world.net.twists[hub.url] = twist
    done = await b.ask("store.repair")
    assert not done.ok
    assert all("mended" not in line.detail for line in b.store.journal(record.id))
    assert b.store.record(record.id).envelope == b"junk"  # type: ignore[union-attr]


async def test_a_skill_of_ones_own_that_nobody_has_is_named_and_not_served(world: World) -> None:
    b = world.settle("b")
    await b.add(SLUG)
    spoil(b, "UPDATE skills SET body = replace(body, 'e', 'f')")
    done = await b.ask("store.repair")
    assert [(one["what"], one["id"]) for one in done.value["damage"]] == [("skill", SLUG.id)]
    with pytest.raises(HansaError, match="corrupt"):
        await b.ask("skill.show", id=SLUG.id)


async def test_a_damaged_skill_is_named_and_not_found(world: World) -> None:
    hub, _, b = await stocked(world)
    await b.sync(hub)
    assert b.node.find(SLUG.intent)[0].row.id == SLUG.id
    for node in (hub, b):
        spoil(node, "UPDATE skills SET body = replace(body, 'e', 'f') WHERE id = :id", id=SLUG.id)
    assert SLUG.id not in [one.row.id for one in b.node.find(SLUG.intent)]
    done = await b.ask("find", intent=SLUG.intent, at_least=0.9)
    assert (done.ok, done.value) == (False, {"skills": [], "count": 0, "damaged": [SLUG.id]})
    async with hub.http() as http:
        assert (await http.get("/skills", params={"intent": SLUG.intent})).json()["skills"] == []


async def test_a_file_of_a_bundle_that_does_not_fit_its_digest_is_not_served(world: World) -> None:
    from hansa.kernel.errors import Refused
    from hansa.node.vault import open_blob

    digest = content_id(FILE)
    assert open_blob(digest, FILE) == FILE
    with pytest.raises(Refused, match="corrupt"):
        open_blob(digest, FILE + b".")


# ---- bits that flip


def flipped(data: bytes, random: Random, rate: float) -> bytes:
    found = bytearray(data)
    for _ in range(max(1, int(len(data) * 8 * rate))):
        found[random.randrange(len(found))] ^= 1 << random.randrange(8)
    return bytes(found)


def test_flipped_bits_are_never_served_and_a_full_check_sees_each_that_changed_content(
    tmp_path: Path,
) -> None:
    """One bit in 100,000: either the store does not open, or what it serves is what was signed."""
    data = filled()
    (tmp_path / "whole.db").write_bytes(data)
    whole = _content(tmp_path / "whole.db")
    opened = named = 0
    for seed in range(scaled(25)):
        folder = tmp_path / f"flip{seed}"
        folder.mkdir()
        path = folder / "hansa.db"
        path.write_bytes(flipped(data, Random(f"flip {seed}"), 1e-5))
        found = check(path, full=True)
        named += not found.ok
        try:
            changed = _content(path) != whole
        except (sqlite3.Error, UnicodeDecodeError):
            changed = True
        assert changed <= (not found.ok), f"seed {seed}: content changed and nothing was named"
        try:
            store = SqliteStore.open(path, min_free_bytes=0)
        except HansaError:
            shutil.rmtree(folder)
            continue
        opened += 1
        _serve_everything(store)
        store.close()
        shutil.rmtree(folder)
    assert named > 0
    assert opened > 0


def _serve_everything(store: SqliteStore) -> None:
    """Reads all that would be acted on; the only errors are Hansa's own, and no bytes come that do not fit their id."""
    for read in (
        lambda: store.feed(0, 100), lambda: store.skills(SkillFilter()), store.ledger, store.feed_mark,
        lambda: store.lexical("turn a title into a slug", 10), store.tombstones, store.peers, store.subscriptions,
    ):  # fmt: skip
        try:
            rows = read()
        except HansaError:
            continue
        for row in rows if isinstance(rows, list) else []:
            try:
                if hasattr(row, "envelope"):
                    assert content_id(open_record(row).raw) == content_id(row.envelope)
                elif hasattr(row, "body"):
                    assert content_id(open_skill(row).to_bytes()) == row.id
            except HansaError:
                continue


async def test_flipped_bits_in_the_log_are_never_served(world: World, tmp_path: Path) -> None:
    _, _, b = await stocked(world)
    whole = _content(path_of(b))
    source = path_of(b).parent
    outcomes = set()
    for seed in range(scaled(15)):
        folder = tmp_path / f"log{seed}"
        shutil.copytree(source, folder)
        log = folder / "hansa.db-wal"
        log.write_bytes(flipped(log.read_bytes(), Random(f"log {seed}"), 1e-5))
        if lost_from_log(folder / "hansa.db") is not None:
            outcomes.add("refused")
            with pytest.raises(HansaError, match="acknowledged"):
                SqliteStore.open(folder / "hansa.db", min_free_bytes=0)
        else:  # the bit fell into what no reader looks at any more
            outcomes.add("untouched")
            store = SqliteStore.open(folder / "hansa.db", min_free_bytes=0)
            store.close()
            assert _content(folder / "hansa.db") == whole
        shutil.rmtree(folder)
    assert "refused" in outcomes


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "hansa.db"
    path.write_bytes(b"something else" * 1000)
    found = check(path, full=False)
    assert [one.what for one in found.damage] == ["file"]
    assert ContentId(found.damage[0].id) == "hansa.db"
