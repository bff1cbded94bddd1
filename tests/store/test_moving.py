"""Taking all of a store along: the same lines from every kind of store, whole or not at all."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hansa.adapters.store import connections, contents, moving, postgres_schema
from hansa.adapters.store.address import Address
from hansa.adapters.store.memory import MemoryStore
from hansa.adapters.store.moving import Moved
from hansa.adapters.store.postgres import PostgresStore
from hansa.adapters.store.postgres_session import PostgresSession
from hansa.adapters.store.sqlite import SqliteStore
from hansa.kernel.errors import Fault, UsageError
from hansa.node.ports import SkillFilter, Store
from hansa.node.rows import (
    AppendJournal,
    AppendLedger,
    Change,
    PutBlob,
    PutMark,
    PutSkill,
    PutTombstone,
    WithholdRecord,
)
from tests.store.contract import ANN, BOB, cid, gone, line, open_store, put, skill
from tests.store.postgres_server import Server
from tests.store.test_store_machine import BOUND, CHANGES, view

HISTORY: list[Change] = [
    put(1, in_feed=True), put(2), put(3, in_feed=True, envelope=bytes(range(256))), WithholdRecord(cid(("record", 2))),
    PutSkill(skill(1)), PutSkill(skill(2, intent="a\0b", claimed_pass=False)), PutTombstone(gone(2)),
    AppendLedger(cid("receipt"), BOB, cid(("skill", 1)), "skill_refuted", 7, ANN, "refuted", "text"),
    PutBlob(cid("blob"), b"\0\xff"), PutMark("kept", "yes"), PutMark("empty", "x"), PutMark("empty", ""),
]  # fmt: skip


def into_sqlite(path: Path, lines: Iterator[bytes]) -> Moved:
    return moving.make_file(path, lambda session: moving.take_in(session, lines, BOUND))


def into_postgres(url: str, lines: Iterator[bytes]) -> Moved:
    address = Address.parse(url)
    session = PostgresSession(address)
    try:
        postgres_schema.prepare(session, address)
        session.begin()
        moved = moving.take_in(session, lines, BOUND)
        session.commit()
        return moved
    finally:
        session.rollback()
        session.close()


def lines_of_file(path: Path) -> list[bytes]:
    with closing(connections.open_reading(path)) as session:
        session.raw("BEGIN")
        return list(contents.of_database(session))


def lines_of_database(url: str) -> list[bytes]:
    with closing(PostgresSession(Address.parse(url), looking=True)) as session:
        session.script("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        return list(contents.of_database(session))


async def _made(store: Store, batches: list[list[Change]]) -> None:
    await store.apply_each(batches)  # what is refused is let go


@settings(max_examples=12, deadline=None)
@given(st.lists(st.lists(CHANGES, min_size=1, max_size=6), min_size=1, max_size=8))
def test_every_kind_of_store_gives_the_same_lines_and_answers(postgres: Server, batches: list[list[Change]]) -> None:
    """Memory, a file made of its lines, a database made of the file's, a file made of the database's."""
    memory = MemoryStore(journal_bound=BOUND)
    asyncio.run(_made(memory, [HISTORY, *batches]))
    lines = list(contents.of_memory(memory))
    url = postgres.fresh()
    with tempfile.TemporaryDirectory() as folder:
        first, last = Path(folder) / "first", Path(folder) / "hansa.db"
        into_sqlite(first, iter(lines))
        into_postgres(url, iter(lines_of_file(first)))
        moved = into_sqlite(last, iter(lines_of_database(url)))
        assert moved.lines == len(lines)
        assert lines_of_file(first) == lines_of_database(url) == lines_of_file(last) == lines
        expected = view(memory)
        for store in (
            SqliteStore.open(last, min_free_bytes=0, journal_bound=BOUND),
            PostgresStore.open(Address.parse(url), journal_bound=BOUND),
        ):
            assert view(store) == expected
            store.close()


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """Returns a file with all of a store."""
    store = open_store("sqlite", tmp_path)
    asyncio.run(_made(store, [HISTORY]))
    store.close()
    with closing(connections.open_reading(tmp_path / "hansa.db")) as session:
        session.raw("BEGIN")
        moving.write_file(session, tmp_path / "all", ANN)
    return tmp_path / "all"


def test_a_file_is_its_owners_alone_and_holds_all(written: Path, tmp_path: Path) -> None:
    assert written.stat().st_mode & 0o777 == 0o600
    with moving.read_file(written) as (head, lines):
        assert head.node == ANN
        into_sqlite(tmp_path / "other", lines)
    assert lines_of_file(tmp_path / "other") == lines_of_file(tmp_path / "hansa.db")
    assert not (tmp_path / "all.part").exists()


def test_nothing_is_overwritten(written: Path, tmp_path: Path) -> None:
    with closing(connections.open_reading(tmp_path / "hansa.db")) as session:
        session.raw("BEGIN")
        with pytest.raises(UsageError, match="nothing is overwritten"):
            moving.write_file(session, written, ANN)


def _cut_off(text: bytes) -> bytes:
    return b"\n".join(text.split(b"\n")[:-2]) + b"\n"


def _missing(text: bytes) -> bytes:
    return b"\n".join(line for line in text.split(b"\n") if b"skill_refuted" not in line)


def _changed(text: bytes) -> bytes:
    return text.replace(b"skill_refuted", b"skill_rewarded")


def _twice(text: bytes) -> bytes:
    lines = text.split(b"\n")
    return b"\n".join([*lines[:2], *lines[1:]])


@pytest.mark.parametrize("flaw", [_cut_off, _missing, _changed, _twice, lambda text: b"{}\n", lambda text: b"",
                                  lambda text: text.replace(b'"schema":', b'"schema":9'),
                                  lambda text: text.replace(b'["blob"', b'["bulb"')])  # fmt: skip
def test_a_damaged_file_makes_nothing(written: Path, tmp_path: Path, flaw: Callable[[bytes], bytes]) -> None:
    written.write_bytes(flaw(written.read_bytes()))
    with pytest.raises(UsageError), moving.read_file(written) as (_, lines):
        into_sqlite(tmp_path / "other", lines)
    assert not list(tmp_path.glob("other*"))


def test_rows_that_the_new_place_does_not_keep_are_no_copy(written: Path, tmp_path: Path) -> None:
    """A journal that is kept shorter there lets lines go: that is seen, and nothing is made."""
    lines = [*HISTORY[:1], *(AppendJournal(line(f"{number}")) for number in range(9))]
    memory = MemoryStore()
    asyncio.run(_made(memory, [lines]))
    with pytest.raises(Fault, match="not what came in"):
        moving.make_file(tmp_path / "other", lambda session: moving.take_in(session, contents.of_memory(memory), 5))
    assert not list(tmp_path.glob("other*"))


def test_a_damaged_file_leaves_a_database_as_it_was(written: Path, postgres: Server) -> None:
    url = postgres.fresh()
    written.write_bytes(_changed(written.read_bytes()))
    with pytest.raises(UsageError), moving.read_file(written) as (_, lines):
        into_postgres(url, lines)
    store = PostgresStore.open(Address.parse(url))
    assert store.counts().records == store.count_skills(SkillFilter()) == store.feed_mark()[0] == 0
    assert lines_of_database(url) == []
    store.close()
