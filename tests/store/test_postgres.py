"""The store in PostgreSQL: what it does beside the contract, when the server goes away, and what it refuses."""

from __future__ import annotations

import asyncio
import random
import shutil
import socket
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest

from hansa.adapters.store import (
    fts,
    migrations,
    postgres_checking,
    postgres_faults,
    postgres_reading,
    postgres_schema,
    postgres_session,
)
from hansa.adapters.store.address import Address
from hansa.adapters.store.postgres import PostgresStore
from hansa.adapters.store.postgres_session import PostgresSession
from hansa.adapters.store.schema import SCHEMA
from hansa.kernel.errors import Busy, DiskFull, Fault, HansaError, Refused, Unavailable, UsageError
from hansa.kernel.ids import chain
from hansa.node.rows import AppendJournal, AppendLedger, PutPeer, PutSkill
from tests.store import postgres_server
from tests.store.contract import ANN, cid, line, peer, put, record, skill
from tests.store.postgres_server import Server, run


@pytest.fixture
def url(postgres: Server) -> str:
    return postgres.fresh()


@pytest.fixture
def store(url: str) -> Iterator[PostgresStore]:
    opened = opened_at(url)
    yield opened
    opened.close()


def opened_at(url: str) -> PostgresStore:
    return PostgresStore.open(Address.parse(url))


# ---- what it keeps


async def test_what_was_acknowledged_is_there_after_it_was_opened_again(url: str) -> None:
    first = opened_at(url)
    await first.apply([put(1, in_feed=True), PutSkill(skill(1))])
    first.close()
    second = opened_at(url)
    await second.apply([put(2, in_feed=True)])
    assert second.feed_mark() == (2, chain(chain("", record(1).id), record(2).id))
    assert second.lexical("table", 5)
    second.close()


async def test_text_that_postgresql_can_not_hold_comes_back_as_it_went_in(store: PostgresStore) -> None:
    odd = "a\0b\ufdd00\ufdd0\ufdd01\0\0"
    await store.apply([PutSkill(skill(1, intent=odd, tags=("\0",))), AppendJournal(line(odd, odd))])
    await store.apply([PutPeer(replace(peer("Eve"), name=odd))])
    assert store.skill(cid(("skill", 1))) == skill(1, intent=odd, tags=("\0",))
    assert store.journal(odd) == [line(odd, odd)]
    assert [one.name for one in store.peers()] == [odd]
    assert store.journal_refs("a") == [odd]


async def test_a_word_that_no_index_takes_is_found(store: PostgresStore) -> None:
    """Nor one that the server could make short by itself."""
    chance = random.Random(7)
    long = "".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=3_900))
    await store.apply([PutSkill(skill(1, intent=long, tags=())), PutSkill(skill(2))])
    assert [id_ for id_, _ in store.lexical(long, 5)] == [cid(("skill", 1))]


async def test_of_a_word_that_too_many_have_only_so_many_are_scored(
    store: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store.apply([PutSkill(skill(number, intent=f"Sort the things {number}")) for number in range(9)])
    assert len(store.lexical("sort", 100)) == 9
    monkeypatch.setattr(fts, "MOST_HITS", 4)
    assert {id_ for id_, _ in store.lexical("sort", 100)} == {cid(("skill", number)) for number in range(4)}


async def test_equals_come_in_the_order_of_their_ids(store: PostgresStore) -> None:
    rows = [skill(number, intent="merge all tables now", tags=()) for number in range(12)]
    await store.apply([PutSkill(row) for row in rows])
    assert [id_ for id_, _ in store.lexical("tables merge now", 12)] == sorted(row.id for row in rows)


async def test_many_threads_read_while_one_writes(store: PostgresStore) -> None:
    def read() -> int:
        return max(len(store.feed(0, 1000)) for _ in range(20))

    readers = [asyncio.to_thread(read) for _ in range(2 * postgres_reading.CONNECTIONS)]
    writing = [store.apply([put(number, in_feed=True)]) for number in range(100)]
    found = await asyncio.gather(*readers, *writing)
    assert all(isinstance(one, int) and one <= 100 for one in found[: len(readers)])
    assert [row.place for row in store.feed(0, 1000)] == list(range(1, 101))
    assert store.counts().batches == 100
    assert store.commits <= 100


async def test_a_connection_that_reads_can_not_write(store: PostgresStore) -> None:
    with pytest.raises(Unavailable, match="takes no writes"):
        store._reading.ask("DELETE FROM records", [])


async def test_who_writes_waits_for_who_is_writing(url: str) -> None:
    """Two processes, as several replicas of a hub would be: each has to see what the other gave places to."""
    store = opened_at(url)
    holder = await asyncpg.connect(url)
    await holder.execute("BEGIN")
    await holder.execute("SELECT pg_advisory_xact_lock(classid::int, objid::int) FROM pg_locks WHERE false")
    await holder.fetch(f"SELECT pg_advisory_xact_lock({0x48616E74}, coalesce(hashtext(current_schema()), 0))")
    writing = asyncio.ensure_future(store.apply([put(1, in_feed=True)]))
    done, _ = await asyncio.wait({writing}, timeout=0.2)
    assert not done
    await holder.execute("COMMIT")
    await writing
    await holder.close()
    store.close()


async def test_what_the_database_says_of_commits_does_not_count(url: str) -> None:
    """An operator's faster default would tell callers of commits that no disk has seen."""
    name = url.partition("/hansa_test_")[2].partition("?")[0]
    run(url, f"ALTER DATABASE hansa_test_{name} SET synchronous_commit = off")
    assert run(url, "SHOW synchronous_commit") == ["off"]
    store = opened_at(url)
    (found,) = await asyncio.to_thread(store._writer._session.raw, "SHOW synchronous_commit")
    assert found["synchronous_commit"] == "on"
    store.close()


async def test_an_older_store_is_brought_up_to_date(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a step as there may be one: it adds a column and fills it."""
    first = opened_at(url)
    await first.apply([put(1, in_feed=True)])
    first.close()
    folder = tmp_path / "migrations"
    shutil.copytree(Path(migrations.__file__).parent, folder)
    (folder / "versions" / f"{SCHEMA + 1:04}_hats.py").write_text(
        f"""import sqlalchemy as sa
from alembic import op

revision = "{SCHEMA + 1:04}"
down_revision = "{SCHEMA:04}"


def upgrade() -> None:
    op.add_column("records", sa.Column("hat", sa.Text, nullable=False, server_default=""))
    op.execute("UPDATE records SET hat = kind")
"""
    )
    made = migrations.script
    monkeypatch.setattr(migrations, "script", lambda since: made(since, folder))
    monkeypatch.setattr(postgres_schema, "SCHEMA", SCHEMA + 1)
    opened_at(url).close()
    assert run(url, "SELECT hat FROM records") == ["skill"]
    assert run(url, "SELECT version_num FROM alembic_version") == [f"{SCHEMA + 1:04}"]
    opened_at(url).close()


# ---- what is refused


async def test_a_second_process_may_not_open_it(store: PostgresStore, url: str) -> None:
    with pytest.raises(Busy, match="another node"):
        opened_at(url)


async def test_two_schemas_of_one_database_are_two_stores(url: str) -> None:
    run(url, "CREATE SCHEMA other")
    first, second = opened_at(url), opened_at(f"{url}&search_path=other")
    await first.apply([put(1, in_feed=True)])
    await second.apply([put(1, in_feed=True), put(2, in_feed=True)])
    assert (first.feed_mark()[0], second.feed_mark()[0]) == (1, 2)
    first.close()
    second.close()


def test_a_database_that_is_not_there_or_not_ours_is_refused(postgres: Server, url: str) -> None:
    with pytest.raises(UsageError, match="no such database"):
        opened_at(url.replace("/hansa_test_", "/no_such_"))
    with pytest.raises(UsageError, match="CREATE SCHEMA"):
        opened_at(f"{url}&search_path=nowhere")
    run(url, "CREATE TABLE customers (id int)")
    with pytest.raises(Fault, match=r"no store of Hansa's"):
        opened_at(url)
    assert run(url, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'") == ["customers"]


def test_a_database_that_is_newer_is_refused(url: str) -> None:
    opened_at(url).close()
    run(url, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(UsageError, match="newer Hansa"):
        opened_at(url)


def test_a_user_who_may_not_make_tables_is_told_so(postgres: Server, url: str) -> None:
    postgres.run("DROP ROLE IF EXISTS guest", "CREATE ROLE guest LOGIN")
    run(url, "REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    with pytest.raises(UsageError, match="does not let this user make tables"):
        opened_at(url.replace("://hansa@", "://guest@"))


def test_nobody_answers(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="start the server"):
        opened_at(f"postgresql://hansa@/hansa?host={tmp_path}")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (asyncpg.DiskFullError("could not extend file"), DiskFull),
        (asyncpg.TooManyConnectionsError("sorry"), Busy),
        (asyncpg.DeadlockDetectedError("deadlock"), Busy),
        (asyncpg.QueryCanceledError("canceled"), Busy),
        (asyncpg.ReadOnlySQLTransactionError("standby"), Unavailable),
        (asyncpg.AdminShutdownError("shutting down"), Unavailable),
        (asyncpg.CannotConnectNowError("starting up"), Unavailable),
        (asyncpg.InvalidPasswordError("no"), UsageError),
        (asyncpg.PostgresIOError("could not read"), Unavailable),
        (asyncpg.DataCorruptedError("bad page"), Fault),
        (ConnectionRefusedError("no"), Unavailable),
        (TimeoutError(), Unavailable),
        (asyncpg.UndefinedTableError("records"), Fault),
    ],
)
def test_what_the_server_says_becomes_our_error(error: Exception, kind: type[HansaError]) -> None:
    told = postgres_faults.translated(error, Address.parse("postgresql://hansa@db/hansa"))
    assert type(told) is kind
    assert "postgresql://hansa@db/hansa" in str(told)


# ---- looking it through


@pytest.mark.parametrize(
    ("spoilt", "named"),
    [
        ("DELETE FROM records WHERE place = 1", ("feed", "1")),
        ("UPDATE meta SET value = '3 x' WHERE key = 'feed'", ("feed", "chain")),
        ("DELETE FROM skill_text WHERE number = 1", ("words", cid(("skill", 1)))),
        ("DELETE FROM skill_words WHERE word = 'tabl'", ("words", cid(("skill", 1)))),
        ("UPDATE skill_totals SET length = length + 1", ("words", "totals")),
        ("INSERT INTO skill_words VALUES ('odd', 77, 1)", ("words", "77")),
        ("UPDATE ledger SET hash = 'x'", ("ledger", "1")),
        ("DROP TABLE outbox", ("file", "outbox")),
    ],
)
async def test_what_is_damaged_is_named(store: PostgresStore, url: str, spoilt: str, named: tuple[str, str]) -> None:
    receipt = AppendLedger(cid("receipt"), ANN, "", "equivocated", 1)
    await store.apply([put(1, in_feed=True), put(2, in_feed=True), PutSkill(skill(1)), receipt])
    before = postgres_checking.check(Address.parse(url), full=True)
    run(url, spoilt)
    after = postgres_checking.check(Address.parse(url), full=True)
    assert named in [(one.what, one.id) for one in after.damage]
    assert named not in [(one.what, one.id) for one in before.damage]


def test_a_check_sees_that_there_is_no_store(url: str) -> None:
    found = postgres_checking.check(Address.parse(url), full=False)
    assert [one.what for one in found.damage] == ["database"]


# ---- a server that goes away


def ended(url: str, which: str = "true") -> None:
    """Ends the connections of the store, as a server that restarts does."""
    run(
        url,
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        f" WHERE application_name = 'hansa' AND datname = current_database() AND {which}",
    )


async def test_connections_that_end_are_made_anew(store: PostgresStore, url: str) -> None:
    await store.apply([put(1, in_feed=True)])
    ended(url)
    assert store.feed_mark()[0] == 1
    ended(url)
    await store.apply([put(2, in_feed=True)])
    assert store.feed_mark()[0] == 2


async def test_a_server_that_stops_is_unavailable_until_it_is_back() -> None:
    folder = postgres_server.binaries()
    if folder is None:
        pytest.skip(postgres_server.HOW)
    with postgres_server.made(folder) as (place, other):
        with postgres_server.serving(folder, place, other) as url:
            run(url, "CREATE DATABASE hansa")
            store = opened_at(url.replace("/postgres?", "/hansa?"))
            await store.apply([put(1, in_feed=True)])
        with pytest.raises(Unavailable, match="connects again by itself"):
            store.feed_mark()
        told = await store.apply_each([[put(2)], [put(3)]])
        assert [type(one) for one in told] == [Unavailable, Unavailable]
        with postgres_server.serving(folder, place, other):
            await store.apply([put(2, in_feed=True)])
            assert [row.id for row in store.feed(0, 9)] == [record(1).id, record(2).id]
            assert store.record(record(3).id) is None
            store.close()


def test_a_server_that_does_not_even_refuse_is_not_waited_for_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each read would hold up the whole node for as long as a connection may take."""
    monkeypatch.setattr(postgres_session, "CONNECT_SECONDS", 0.6)
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as silent:
        silent.bind(f"{folder}/.s.PGSQL.5432")
        silent.listen()
        silent.setblocking(False)
        reading = postgres_reading.PostgresReading(Address.parse(f"postgresql://hansa@/hansa?host={folder}"))
        for _ in range(5):
            with pytest.raises(Unavailable, match="start the server"):
                reading.ask("SELECT 1", ())
        reading.close()
        silent.accept()[0].close()
        with pytest.raises(BlockingIOError):
            silent.accept()


class _CutOff(PostgresSession):
    """Loses its connection in the moment of a commit, before or after the server has made it."""

    cut = ""

    def script(self, sql: str) -> None:
        cut, self.cut = (self.cut, "") if sql == "COMMIT" else ("", self.cut)
        if cut == "after":
            super().script(sql)
        if cut:
            assert self._connection
            self._connection.terminate()
            raise asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")
        super().script(sql)


@pytest.mark.parametrize(("cut", "made"), [("after", True), ("before", False)])
async def test_a_commit_whose_answer_was_lost_is_asked_about(url: str, cut: str, made: bool) -> None:
    opened_at(url).close()
    session = _CutOff(Address.parse(url))
    store = PostgresStore(Address.parse(url), session, 100)
    await store.apply([put(1)])
    session.cut = cut
    (told,) = await store.apply_each([[put(2), AppendJournal(line("once"))]])
    assert (told is None) is made
    assert (store.record(record(2).id) is not None) is made
    assert len(store.journal("once")) == int(made)
    if made:
        with pytest.raises(Refused):
            await store.apply([put(2)])
    store.close()


async def test_a_closed_store_says_so(url: str) -> None:
    store = opened_at(url)
    store.close()
    store.close()
    with pytest.raises(Fault, match="closed"):
        store.feed_mark()
    with pytest.raises(Fault, match="closed"):
        await store.apply([put(1)])
