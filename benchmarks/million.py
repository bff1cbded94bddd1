"""A hub with a million records, 100,000 of them skills: in PostgreSQL, against the same in an SQLite file.

Both are filled alike, and started as `hansa up` starts them, with the index of meanings that the process before left.
`find` is asked in process. The server is the one that the tests bring up, on this machine, with fsync on.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks import node
from benchmarks.intents import intents, questions
from benchmarks.measure import Row, row
from benchmarks.page import table
from benchmarks.postgres import MISSING
from hansa.entrypoints.app import opened
from hansa.entrypoints.config import load
from hansa.entrypoints.home import INDEX
from hansa.entrypoints.identities import create_identity
from hansa.kernel.ids import ContentId, NodeId, content_id
from hansa.node.ports import Store
from hansa.node.rows import Change, PutRecord, RecordRow
from tests.store import postgres_server

RECORDS, SKILLS = 1_000_000, 100_000
AUTHORS = [NodeId(f"did:key:z6MkBench{number:04}") for number in range(1_000)]
ASKED, STARTS, BATCH = 300, 3, 2_000
SERVER = {"fsync": "on", "full_page_writes": "on", "shared_buffers": "256MB", "max_wal_size": "4GB"}
REFERENCE = "SQLite"


def body() -> str:
    """Returns the table; one line that says how to have it where there is no server."""
    folder = postgres_server.binaries()
    if folder is None:
        return MISSING
    with postgres_server.started(folder, SERVER) as url:
        postgres_server.run(url, "CREATE DATABASE bench")
        with _homes(url.replace("/postgres?", "/bench?")) as (here, there):
            return table(_rows(here, there))


def _rows(here: Path, there: Path) -> Iterable[Row]:
    texts = intents(SKILLS)
    for home in (here, there):
        asyncio.run(_fill(home, texts))
    asyncio.run(node.ask(here, questions(texts, 20)))  # the first start makes the index
    shutil.copy(here / INDEX, there / INDEX)
    pairs = [(node.start(there), node.start(here)) for _ in range(STARTS)]
    size = f"{RECORDS:,} records, {SKILLS:,} skills"
    for what, place in ((f"start a hub with {size}", 0), ("the same (CPU of the node)", 1)):
        taken = [(one[place], other[place]) for one, other in pairs]
        yield row(f"{what}: {min(mine for mine, _ in taken):.1f} s", taken, REFERENCE)
    asked = questions(texts, ASKED)
    taken = [asyncio.run(node.ask(home, asked)) for home in (there, here)]
    times = [sorted(seconds for seconds, _ in one) for one in taken]
    for name, place in (("median", ASKED // 2), ("99th percentile", ASKED * 99 // 100)):
        what = f"find, {name}: {times[0][place] * 1000:.1f} ms"
        yield row(what, [(times[0][place], times[1][place])], REFERENCE)


@contextmanager
def _homes(url: str) -> Iterator[tuple[Path, Path]]:
    """Gives a home whose rows are in a file, and one whose rows are in the database."""
    with tempfile.TemporaryDirectory() as folder:
        homes = Path(folder) / "sqlite", Path(folder) / "postgres"
        for home in homes:
            create_identity(home)
            (home / "config.toml").write_text('role = "hub"\n[overlay]\non = false\n')
        (homes[1] / "config.toml").write_text(f'role = "hub"\n[overlay]\non = false\n[store]\nurl = "{url}"\n')
        yield homes


async def _fill(home: Path, texts: Sequence[str]) -> None:
    async with opened(home, load(home)) as app:
        me = app.node.core.me
        await _write(app.node.core.store, [node.held(number, text, me) for number, text in enumerate(texts)])
        await _write(app.node.core.store, [[_record(number)] for number in range(RECORDS - SKILLS)])


async def _write(store: Store, batches: Sequence[Sequence[Change]]) -> None:
    for at in range(0, len(batches), BATCH):
        assert not any(await store.apply_each(batches[at : at + BATCH]))


def _record(number: int) -> PutRecord:
    """Returns a record of about 1 kB about one of the skills; nobody reads its signature here."""
    envelope = (b"%d " % number) * 100
    id_ = ContentId(content_id(b"record %d" % number))
    subject = content_id(b"subject %d" % (number % SKILLS))
    author = AUTHORS[number % len(AUTHORS)]
    return PutRecord(RecordRow(id_, "evidence", author, number // len(AUTHORS), subject, 1, 1, envelope), in_feed=True)
