"""What only a store on a disk can get wrong (threats 67 and 68): crashes, full disks, damage, rights, threads."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from hansa.adapters.store import connections, fts
from hansa.adapters.store.sqlite import SqliteStore
from hansa.kernel.errors import DiskFull, Fault, Refused, Unavailable
from hansa.kernel.ids import chain
from hansa.node.membership import PutInvitation
from hansa.node.rows import AppendJournal, AppendLedger, PutBlob, PutPeer, PutSkill
from tests.store.contract import ANN, ANY, BOB, cid, invitation, line, peer, put, record, skill

ROOT = Path(__file__).parents[2]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "hansa.db"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    opened = SqliteStore.open(path, min_free_bytes=0)
    yield opened
    opened.close()


def child(script: str, *arguments: object) -> subprocess.Popen[str]:
    """Starts a process that runs `script` with the arguments in sys.argv."""
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finished(script: str, *arguments: object) -> str:
    """Returns what a child process printed."""
    with child(script, *arguments) as process:
        out, errors = process.communicate()
    assert process.returncode == 0, errors
    return out.strip()


# ---- what was acknowledged is there (L1)

WRITER = """
import asyncio, os, sys
from pathlib import Path
from hansa.adapters.store.sqlite import SqliteStore
from hansa.node.rows import AppendJournal, AppendLedger
from tests.store.contract import ANN, cid, line, put

async def write(store, first, width):
    number = first
    while True:
        await store.apply([
            put(number, in_feed=True),
            AppendLedger(cid(("receipt", number)), ANN, "", "skill_refuted", number),
            AppendJournal(line(str(number))),
        ])
        print(number, flush=True)
        if number == int(sys.argv[2]):
            os._exit(9)
        number += width

async def main():
    store = SqliteStore.open(Path(sys.argv[1]), min_free_bytes=0)
    await asyncio.gather(*(write(store, first, 8) for first in range(8)))

asyncio.run(main())
"""


def whole_or_absent(store: SqliteStore, number: int) -> bool:
    """Says whether a batch of WRITER is there; fails when only a part of it is."""
    parts = {
        store.record(cid(("record", number))) is not None,
        bool(store.journal(str(number))),
        cid(("receipt", number)) in {row.entry.receipt for row in store.ledger(limit=100_000)},
    }
    assert len(parts) == 1, f"batch {number} is there in part"
    return parts.pop()


def check_after_crash(path: Path, acknowledged: list[int]) -> None:
    store = SqliteStore.open(path, min_free_bytes=0)
    try:
        there = [number for number in range(max(acknowledged) + 64) if whole_or_absent(store, number)]
        assert set(acknowledged) <= set(there)
        feed = store.feed(0, 100_000)
        head = ""
        for row in feed:
            head = chain(head, row.id)
        assert store.feed_mark() == (len(there), head)
    finally:
        store.close()


def test_exit_right_after_apply_loses_nothing(path: Path) -> None:
    with child(WRITER, path, 200) as process:
        out, _ = process.communicate()
    assert process.returncode == 9
    check_after_crash(path, [int(number) for number in out.split()])


@pytest.mark.parametrize("lines", [1, 7, 64, 333])
def test_kill_9_in_the_middle_of_writing_loses_nothing(path: Path, lines: int) -> None:
    with child(WRITER, path, -1) as process:
        assert process.stdout
        acknowledged = [int(process.stdout.readline()) for _ in range(lines)]
        process.send_signal(signal.SIGKILL)
        acknowledged += [int(text) for text in process.stdout.read().split("\n")[:-1]]
    check_after_crash(path, acknowledged)


async def test_reopening_keeps_everything(path: Path) -> None:
    store = SqliteStore.open(path, min_free_bytes=0)
    await store.apply([put(1, in_feed=True), PutSkill(skill(1)), AppendJournal(line("ref"))])
    before = (store.feed(0, 9), store.feed_mark(), store.skills(ANY), store.journal("ref"), store.lexical("table", 9))
    store.close()
    again = SqliteStore.open(path, min_free_bytes=0)
    found = (again.feed(0, 9), again.feed_mark(), again.skills(ANY), again.journal("ref"), again.lexical("table", 9))
    await again.apply([put(2, in_feed=True)])
    assert found == before
    assert again.feed_mark()[0] == 2
    again.close()


async def test_orderly_close_leaves_one_file(path: Path, store: SqliteStore) -> None:
    await store.apply([put(1)])
    store.skills(ANY)
    store.close()
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


async def test_settings_that_durability_rests_on(store: SqliteStore, path: Path) -> None:
    session = connections.open_writing(path, lambda: None, None)
    found = {name: session.raw(f"PRAGMA {name}")[0][0] for name in ("journal_mode", "synchronous", "foreign_keys")}
    session.close()
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


# ---- one writer, many at once


async def test_many_at_once_share_commits(store: SqliteStore) -> None:
    await asyncio.gather(*(store.apply([put(number, in_feed=True)]) for number in range(300)))
    assert store.feed_mark()[0] == 300
    assert store.commits < 100


async def test_batches_are_made_in_the_order_they_were_handed_in(store: SqliteStore) -> None:
    await asyncio.gather(*(store.apply([put(number, in_feed=True)]) for number in range(50)))
    assert [row.seq for row in store.feed(0, 50)] == list(range(50))


async def test_refused_batch_leaves_its_neighbours_alone(store: SqliteStore) -> None:
    outcomes = await asyncio.gather(
        *(store.apply([PutPeer(peer(f"{number}")), put(number % 7, in_feed=True)]) for number in range(30)),
        return_exceptions=True,
    )
    assert sum(outcome is None for outcome in outcomes) == 7
    assert all(outcome is None or isinstance(outcome, Refused) for outcome in outcomes)
    assert store.feed_mark()[0] == 7
    assert [row.name for row in store.peers()] == [str(number) for number in range(7)]


async def test_batch_that_breaks_leaves_its_neighbours_alone(store: SqliteStore) -> None:
    """A number too large for the database is our fault, and nobody else's."""
    outcomes = await asyncio.gather(
        store.apply([put(1)]), store.apply([put(2, seq=2**64)]), store.apply([put(3)]), return_exceptions=True
    )
    assert [type(outcome) for outcome in outcomes] == [type(None), Fault, type(None)]
    assert [store.last_seq(ANN), store.record(cid(("record", 2)))] == [3, None]


async def test_writer_sees_its_own_writes_at_once(store: SqliteStore) -> None:
    async def write_and_read(number: int) -> None:
        await store.apply([put(number, in_feed=True)])
        assert store.record(cid(("record", number))) is not None
        assert store.feed_mark()[0] >= 1

    await asyncio.gather(*(write_and_read(number) for number in range(200)))
    assert store.feed_mark()[0] == 200


async def test_cancelled_batch_harms_nobody(store: SqliteStore) -> None:
    task = asyncio.create_task(store.apply([put(1)]))
    await asyncio.sleep(0)
    task.cancel()
    await store.apply([put(2)])
    assert task.cancelled() or task.done()
    assert store.record(cid(("record", 2))) is not None


async def test_threads_read_while_others_write(store: SqliteStore) -> None:
    failures: list[BaseException] = []
    done = threading.Event()

    def read() -> None:
        try:
            while not done.is_set():
                length, head = store.feed_mark()
                first = max(0, length - 3)
                assert [row.place for row in store.feed(first, length - first)] == list(range(first + 1, length + 1))
                assert (head == "") == (length == 0)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    await asyncio.gather(*(store.apply([put(number, in_feed=True)]) for number in range(200)))
    done.set()
    for thread in threads:
        await asyncio.to_thread(thread.join)
    assert failures == []


def test_readers_of_ended_threads_are_let_go(store: SqliteStore) -> None:
    for _ in range(20):
        thread = threading.Thread(target=store.feed_mark)
        thread.start()
        thread.join()
    assert len(store._readers) <= 2


async def test_close_in_the_middle_of_reading(path: Path) -> None:
    store = SqliteStore.open(path, min_free_bytes=0)
    await store.apply([put(number, in_feed=True) for number in range(500)])
    started, outcomes = threading.Barrier(4), []

    def read() -> None:
        store.feed_mark()
        started.wait()
        try:
            while True:
                store.feed(0, 500)
        except Fault as error:
            outcomes.append(str(error))

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    started.wait()
    store.close()
    for thread in threads:
        thread.join()
    assert outcomes == ["the store is closed"] * 3


async def test_what_waits_at_the_close_is_written(path: Path) -> None:
    store = SqliteStore.open(path, min_free_bytes=0)
    waiting = [asyncio.create_task(store.apply([put(number)])) for number in range(20)]
    await asyncio.sleep(0)
    store.close()
    await asyncio.gather(*waiting)
    again = SqliteStore.open(path, min_free_bytes=0)
    assert again.last_seq(ANN) == 19
    again.close()


# ---- readers never write nor checkpoint (the WAL-reset bug)


async def test_reader_cannot_write_or_checkpoint(store: SqliteStore, path: Path) -> None:
    await store.apply([put(1)])
    log = path.with_name(path.name + "-wal").stat().st_size
    reader = connections.open_reading(path)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader.raw("DELETE FROM records")
    assert reader.raw("PRAGMA query_only")[0][0] == 1
    reader.raw("PRAGMA query_only = OFF")  # the second bolt holds
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader.raw("DELETE FROM records")
    assert reader.raw("PRAGMA wal_autocheckpoint")[0][0] == 0
    reader.close()
    assert path.with_name(path.name + "-wal").stat().st_size == log > 0


# ---- a full disk


async def test_low_disk_refuses_and_recovers(path: Path) -> None:
    free = 100
    store = SqliteStore.open(path, min_free_bytes=50, free=lambda _: free)
    await store.apply([put(1, in_feed=True)])
    free = 49
    with pytest.raises(DiskFull, match="free some space; nothing was written"):
        await store.apply([put(2, in_feed=True)])
    assert store.feed_mark()[0] == 1
    assert store.record(cid(("record", 2))) is None
    free = 50
    await store.apply([put(2, in_feed=True)])
    assert store.feed_mark()[0] == 2
    store.close()


async def test_disk_that_can_not_be_asked_refuses_and_recovers(path: Path) -> None:
    there = False

    def free(_: Path) -> int:
        if not there:
            raise FileNotFoundError("the folder is gone")
        return 1

    store = SqliteStore.open(path, min_free_bytes=0)
    store.close()
    store = SqliteStore.open(path, min_free_bytes=1, free=free)
    with pytest.raises(Fault, match="the folder is gone"):
        await store.apply([put(1)])
    there = True
    await store.apply([put(1)])
    store.close()


def test_low_disk_at_the_first_start_makes_no_store(path: Path) -> None:
    with pytest.raises(DiskFull):
        SqliteStore.open(path, min_free_bytes=1, free=lambda _: 0)
    SqliteStore.open(path, min_free_bytes=0).close()


async def test_full_database_refuses_the_large_batch_and_takes_the_small_one(path: Path) -> None:
    store = SqliteStore.open(path, min_free_bytes=0, max_bytes=1024 * 1024)
    large = [PutBlob(cid(number), bytes(100_000)) for number in range(20)]
    outcomes = await asyncio.gather(
        store.apply([put(1)]), store.apply([put(2), *large]), store.apply([put(3)]), return_exceptions=True
    )
    assert [type(outcome) for outcome in outcomes] == [type(None), DiskFull, type(None)]
    assert "nothing was written" in str(outcomes[1])
    assert store.record(cid(("record", 2))) is None
    assert store.blob(cid(0)) is None
    await store.apply([put(4)])
    store.close()
    roomy = SqliteStore.open(path, min_free_bytes=0)
    await roomy.apply([put(2), *large])
    assert roomy.blob(cid(19)) == bytes(100_000)
    roomy.close()


WRITE_ERROR = """
import asyncio, resource, signal, sys
from pathlib import Path
from hansa.adapters.store.sqlite import SqliteStore
from hansa.kernel.errors import Unavailable
from hansa.node.rows import PutBlob
from tests.store.contract import cid, put

async def main():
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    store = SqliteStore.open(Path(sys.argv[1]), min_free_bytes=0)
    await store.apply([put(1, in_feed=True)])
    none, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, hard))
    try:
        await store.apply([put(2, in_feed=True), PutBlob(cid("b"), bytes(1_000_000))])
    except Unavailable as error:
        print(type(error).__name__, store.feed_mark()[0], store.blob(cid("b")))
    await store.apply([put(3, in_feed=True)])
    resource.setrlimit(resource.RLIMIT_FSIZE, (none, hard))
    await store.apply([put(2, in_feed=True), PutBlob(cid("b"), bytes(1_000_000))])
    print(store.feed_mark()[0], len(store.blob(cid("b"))))
    store.close()

asyncio.run(main())
"""


def test_write_that_the_system_refuses_is_undone_and_the_store_goes_on(path: Path) -> None:
    """The system itself fails the write half-way, by a limit on file sizes: no part of the batch stays."""
    assert finished(WRITE_ERROR, path).splitlines() == ["Unavailable 1 None", "3 1000000"]


# ---- damage


@pytest.mark.parametrize("content", [b"no database at all" * 500, b"SQLite format 3\0" + bytes(4080)])
def test_file_that_is_no_database_is_a_fault_that_names_it(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(Fault, match=r"hansa\.db is damaged .*: move it away") as raised:
        SqliteStore.open(path)
    assert "\n" not in str(raised.value)


async def test_damage_is_found_at_the_start_after_a_crash(path: Path) -> None:
    await _fill(path)
    _flip(path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE meta SET value = '0' WHERE key = 'clean'")
    with pytest.raises(Fault, match="damaged"):
        SqliteStore.open(path)


async def test_damage_is_never_served_as_a_row(path: Path) -> None:
    """Without the check at the start, a broken page is a fault when it is read; whole rows are still right."""
    await _fill(path)
    _flip(path)
    store = SqliteStore.open(path, min_free_bytes=0)
    faults = 0
    for number in range(300):
        try:
            assert store.record(cid(("record", number))) in (
                None,
                record(number, envelope=bytes(2000), place=number + 1),
            )
        except Fault:
            faults += 1
    assert faults
    store.close()


async def _fill(path: Path) -> None:
    store = SqliteStore.open(path, min_free_bytes=0)
    await store.apply([put(number, in_feed=True, envelope=bytes(2000)) for number in range(300)])
    store.close()


def _flip(path: Path) -> None:
    """Overwrites the heads of a few pages in the middle of the file."""
    with path.open("r+b") as file:
        for page in range(60, 90):
            file.seek(page * 4096)
            file.write(b"\xff" * 64)


async def test_flag_is_clean_after_closing_and_not_before(path: Path) -> None:
    def flag() -> str | None:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            found = connection.execute("SELECT value FROM meta WHERE key = 'clean'").fetchone()
        return found[0] if found else None

    store = SqliteStore.open(path, min_free_bytes=0)
    await store.apply([put(1)])
    assert flag() == "0"
    store.close()
    assert flag() == "1"
    again = SqliteStore.open(path, min_free_bytes=0)
    again.close()
    assert flag() == "1"


# ---- rights and places


def test_new_store_is_for_its_owner_alone(path: Path) -> None:
    old = os.umask(0)
    try:
        SqliteStore.open(path, min_free_bytes=0).close()
    finally:
        os.umask(old)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("name", ["nowhere/hansa.db", "file/hansa.db", "folder"])
def test_place_that_can_hold_no_store(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable):
        SqliteStore.open(tmp_path / name)


async def test_odd_names_are_no_trouble(tmp_path: Path) -> None:
    folder = tmp_path / "a b?mode=rw#50%25 ü"
    folder.mkdir()
    store = SqliteStore.open(folder / "hansa.db", min_free_bytes=0)
    await store.apply([put(1, in_feed=True)])
    assert store.feed_mark()[0] == 1
    store.close()
    assert [entry.name for entry in folder.iterdir()] == ["hansa.db"]


AS_NOBODY = """
import os, sys, tempfile
from pathlib import Path
from hansa.adapters.store.sqlite import SqliteStore
from hansa.kernel.errors import HansaError
with tempfile.TemporaryDirectory() as name:
    folder = Path(name)
    if sys.argv[1] == "existing":
        SqliteStore.open(folder / "hansa.db", min_free_bytes=0).close()
        (folder / "hansa.db").chmod(0o666)
    folder.chmod(0o555)
    if os.getuid() == 0:
        os.seteuid(65534)
    try:
        SqliteStore.open(folder / "hansa.db", min_free_bytes=0)
    except HansaError as error:
        print(type(error).__name__, str(error).replace(name, "FOLDER"))
    os.seteuid(os.getuid())
    folder.chmod(0o755)
"""


@pytest.mark.parametrize("existing", ["existing", "new"])
def test_read_only_folder_is_said_with_the_remedy(existing: str) -> None:
    answer = finished(AS_NOBODY, existing)
    assert answer.startswith("Unavailable FOLDER")
    assert "give this user" in answer


# ---- bounds


async def test_journal_bound_holds_over_many_batches(path: Path) -> None:
    store = SqliteStore.open(path, min_free_bytes=0, journal_bound=100)
    for start in range(0, 300, 30):
        await store.apply([AppendJournal(line("ref", str(number))) for number in range(start, start + 30)])
    assert [row.detail for row in store.journal("ref")] == [str(number) for number in range(200, 300)]
    store.close()


async def test_feed_mark_does_not_count(store: SqliteStore, path: Path) -> None:
    """The mark is one row of `meta`; no query over the records is needed for it."""
    await store.apply([put(number, in_feed=True) for number in range(50)])
    session = connections.open_reading(path)
    plan = session.raw("EXPLAIN QUERY PLAN SELECT value FROM meta WHERE key = 'feed'")
    session.close()
    assert all("SEARCH meta" in row["detail"] for row in plan)


async def test_ledger_goes_on_after_reopening(path: Path) -> None:
    for number in range(3):
        store = SqliteStore.open(path, min_free_bytes=0)
        await store.apply([AppendLedger(cid(number), BOB, "", "equivocated", 1)])
        store.close()
    store = SqliteStore.open(path, min_free_bytes=0)
    entries = [row.entry for row in store.ledger()]
    assert [entry.number for entry in entries] == [1, 2, 3]
    assert [entry.previous for entry in entries] == ["", entries[0].hash, entries[1].hash]
    store.close()


# ---- words that too many have


def test_the_most_common_words_are_left_out_where_there_are_too_many_hits() -> None:
    hits = {"a": 90_000, "dat": 7_500, "slug": 3, "odd": 0}

    def asked(text: str) -> str:
        return fts.query(fts.chosen(text, lambda some: sum(hits[word] for word in some)))

    assert asked("slug odd") == '"slug" OR "odd"'
    assert asked("a date slug odd") == '"dat" OR "slug"'
    assert asked("a") == '"a"'
    assert asked("") == ""


async def test_of_a_word_that_too_many_have_only_so_many_are_scored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = SqliteStore.open(tmp_path / "hansa.db", min_free_bytes=0)
    await store.apply([PutSkill(skill(number, intent=f"Sort the things {number}")) for number in range(9)])
    assert len(store.lexical("sort", 100)) == 9
    monkeypatch.setattr(fts, "MOST_HITS", 4)
    assert {id_ for id_, _ in store.lexical("sort", 100)} == {cid(("skill", number)) for number in range(4)}
    assert len(store.lexical("sort", 2)) == 2
    store.close()


async def test_an_invitation_whose_secret_was_changed_is_damage(tmp_path: Path) -> None:
    """Its id is made of its secret: a code that nobody was given must not come into force."""
    path = tmp_path / "hansa.db"
    store = SqliteStore.open(path, min_free_bytes=0)
    await store.apply([PutInvitation(invitation(1))])
    store.close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE invitations SET secret = 7")
    store = SqliteStore.open(path, min_free_bytes=0)
    with pytest.raises(Fault, match="invitation"):
        store.invitations()
    store.close()
