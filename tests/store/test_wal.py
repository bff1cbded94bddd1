"""A log that lost what was acknowledged is told from one that a power loss has torn (threats 67, 68; goals L1, L8)."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import struct
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansa.adapters.store import restoring, wal
from hansa.adapters.store.checking import check
from hansa.adapters.store.connections import lost_from_log
from hansa.adapters.store.sqlite import SqliteStore
from hansa.kernel.errors import Fault, Unavailable
from hansa.node.core import ASK_FIRST
from tests.store.contract import ANN, cid, put

BATCHES = 6


def slowly(sums: tuple[int, int], data: bytes, order: str) -> tuple[int, int]:
    """Returns SQLite's checksum, word by word as its documentation says."""
    first, second = sums
    for x, y in struct.iter_unpack(f"{order[0]}2I", data):
        first = (first + x + second) % 2**32
        second = (second + y + first) % 2**32
    return first, second


@given(
    st.tuples(*[st.integers(0, 2**32 - 1)] * 2),
    st.integers(1, 70).flatmap(lambda n: st.binary(min_size=8 * n, max_size=8 * n)),
    st.sampled_from(["<u4", ">u4"]),
)
def test_the_sum_is_the_one_that_sqlite_documents(sums: tuple[int, int], data: bytes, order: str) -> None:
    assert wal.sum_up(sums, data, order) == slowly(sums, data, order)


@pytest.fixture
def killed(tmp_path: Path) -> Iterator[Path]:
    """Gives the store of a process that was killed: its files as they lay there while it was writing."""
    live, dead = tmp_path / "live", tmp_path / "dead"
    live.mkdir()
    store = SqliteStore.open(live / "hansa.db", min_free_bytes=0)

    async def write() -> None:
        for number in range(BATCHES):
            await store.apply([put(number, in_feed=True, envelope=bytes(3000))])

    asyncio.run(write())
    shutil.copytree(live, dead)
    store.close()
    yield dead / "hansa.db"


def log_of(path: Path) -> Path:
    return path.with_name("hansa.db-wal")


def test_a_killed_store_that_is_opened_and_closed_without_a_write_is_closed_in_order(killed: Path) -> None:
    for _ in range(3):
        store = SqliteStore.open(killed, min_free_bytes=0)
        assert store.feed_mark()[0] == BATCHES
        store.close()
        assert lost_from_log(killed) is None


def test_a_killed_process_leaves_a_log_that_is_whole(killed: Path) -> None:
    assert lost_from_log(killed) is None
    log = wal.read(log_of(killed).read_bytes())
    assert log.frames > BATCHES
    assert log.behind == 0
    store = SqliteStore.open(killed, min_free_bytes=0)
    assert store.last_seq(ANN) == BATCHES - 1
    store.close()


def flip(path: Path, offset: int) -> None:
    data = bytearray(path.read_bytes())
    data[offset] ^= 0x10
    path.write_bytes(data)


def cut(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - 4096 - 24)


def in_the_last_frame(path: Path) -> int:
    return wal._HEADER.size + (wal.read(path.read_bytes()).frames - 1) * (4096 + 24) + 1000


DAMAGE: dict[str, Callable[[Path], None]] = {
    "deleted": lambda path: log_of(path).unlink(),
    "emptied": lambda path: log_of(path).write_bytes(b""),
    "shortened": lambda path: cut(log_of(path)),
    "a bit in the middle": lambda path: flip(log_of(path), 32 + 4 * (4096 + 24) + 500),
    "a bit in the last commit": lambda path: flip(log_of(path), in_the_last_frame(log_of(path))),
    "a bit in the head": lambda path: flip(log_of(path), 9),
    "the head's magic": lambda path: flip(log_of(path), 0),
    "deleted with its index": lambda path: (log_of(path).unlink(), path.with_name("hansa.db-shm").unlink()),  # type: ignore[dict-item]
    "a bit in the middle, no index": lambda path: (  # type: ignore[dict-item]
        flip(log_of(path), 32 + 3 * (4096 + 24) + 500), path.with_name("hansa.db-shm").unlink(),
    ),
    "the database is gone": lambda path: path.unlink(),
}  # fmt: skip


@pytest.mark.parametrize("how", DAMAGE)
def test_a_log_that_lost_acknowledged_writes_stops_the_start_and_is_kept(killed: Path, how: str) -> None:
    DAMAGE[how](killed)
    before = {path.name: path.read_bytes() for path in killed.parent.iterdir() if path.name != "hansa.db-shm"}
    with pytest.raises(Fault, match=r"acknowledged.*repair --accept-loss") as raised:
        SqliteStore.open(killed, min_free_bytes=0)
    assert "\n" not in str(raised.value)
    after = {path.name: path.read_bytes() for path in killed.parent.iterdir() if path.name != "hansa.db-shm"}
    assert {name: data for name, data in after.items() if data} == {name: data for name, data in before.items() if data}


@pytest.mark.parametrize("how", DAMAGE)
def test_the_operator_can_go_on_without_them_and_the_node_asks_first(killed: Path, how: str) -> None:
    DAMAGE[how](killed)
    lost = killed.with_name("hansa.db-wal")
    kept = lost.read_bytes() if lost.exists() else None
    aside = restoring.accept_loss(killed)
    assert aside is not None
    if kept:
        assert (aside / "hansa.db-wal").read_bytes() == kept
    store = SqliteStore.open(killed, min_free_bytes=0)
    found = store.last_seq(ANN)
    assert found < BATCHES
    assert store.mark(ASK_FIRST) or how == "the database is gone"  # then a whole new store is made, see `app`
    assert store.feed_mark()[0] == found + 1
    store.close()
    assert check(killed, full=False).ok
    assert restoring.accept_loss(killed) is None


def test_without_its_index_a_torn_last_commit_is_taken_for_what_a_power_loss_leaves(killed: Path) -> None:
    """The limit: nobody can tell one lost commit at the end from one that was never told of, but for the index."""
    flip(log_of(killed), in_the_last_frame(log_of(killed)))
    killed.with_name("hansa.db-shm").unlink()
    assert lost_from_log(killed) is None
    store = SqliteStore.open(killed, min_free_bytes=0)
    assert store.last_seq(ANN) == BATCHES - 2
    store.close()


def test_an_index_of_another_generation_or_torn_says_nothing(killed: Path) -> None:
    index = killed.with_name("hansa.db-shm")
    whole = index.read_bytes()
    for torn in (b"", whole[:50], bytes(len(whole)), whole[:20] + b"\xff" + whole[21:], os.urandom(len(whole))):
        index.write_bytes(torn)
        assert lost_from_log(killed) is None
    newer = head_of_index(whole, frames=10**6)
    index.write_bytes(newer * 2 + whole[96:])
    assert lost_from_log(killed) is not None
    index.write_bytes(newer + whole[48:])  # half-way through an update
    assert lost_from_log(killed) is None
    other = head_of_index(whole, frames=10**6, salts=b"otherone")
    index.write_bytes(other * 2 + whole[96:])
    assert lost_from_log(killed) is None
    index.write_bytes((newer[:40] + bytes(8)) * 2 + whole[96:])  # its own sum does not fit
    assert lost_from_log(killed) is None


def head_of_index(whole: bytes, frames: int, salts: bytes = b"") -> bytes:
    """Returns the head of an index that names another last frame."""
    head = bytearray(whole[:40])
    head[16:20] = struct.pack("=I", frames)
    head[32:40] = salts or head[32:40]
    order = "<u4" if sys.byteorder == "little" else ">u4"
    return bytes(head) + struct.pack("=2I", *wal.sum_up((0, 0), bytes(head), order))


async def test_a_store_that_was_only_read_or_closed_in_order_needs_no_log(tmp_path: Path) -> None:
    path = tmp_path / "hansa.db"
    for _ in range(3):
        store = SqliteStore.open(path, min_free_bytes=0)
        store.feed_mark()
        store.close()
        assert lost_from_log(path) is None
    store = SqliteStore.open(path, min_free_bytes=0)
    await store.apply([put(1)])
    store.close()
    assert not log_of(path).exists()
    assert lost_from_log(path) is None


async def test_the_mark_of_being_in_use_is_in_the_database_before_the_first_acknowledgement(tmp_path: Path) -> None:
    path = tmp_path / "hansa.db"
    store = SqliteStore.open(path, min_free_bytes=0)
    await store.apply([put(1)])
    uri = f"file:{path}?mode=ro&immutable=1"
    with closing(sqlite3.connect(uri, uri=True)) as connection:
        assert connection.execute("SELECT value FROM meta WHERE key = 'clean'").fetchone() == ("0",)
    store.close()


@pytest.mark.parametrize("name", ["hansa.db", "hansa.db-wal"])
@pytest.mark.parametrize("put_back", [False, True])
async def test_a_file_that_is_taken_away_under_the_running_node_stops_its_writing(
    tmp_path: Path, name: str, put_back: bool
) -> None:
    path = tmp_path / "hansa.db"
    store = SqliteStore.open(path, min_free_bytes=0)
    await store.apply([put(1, in_feed=True)])
    assert store.feed_mark()[0] == 1
    (tmp_path / name).rename(tmp_path / "elsewhere")
    if put_back is False:
        (tmp_path / name).write_bytes(b"another file")
    for _ in range(2):
        with pytest.raises(Unavailable, match="was moved, replaced or deleted while the node was running: put it back"):
            await store.apply([put(2, in_feed=True)])
    assert store.feed_mark()[0] == 1  # whoever has it open still reads it
    with pytest.raises(Unavailable, match="put it back"):
        await asyncio.to_thread(store.feed_mark)  # and nobody new reads another file in its place
    (tmp_path / "elsewhere").replace(tmp_path / name)
    await store.apply([put(2, in_feed=True)])
    store.close()
    again = SqliteStore.open(path, min_free_bytes=0)
    assert again.last_seq(ANN) == 2
    assert again.record(cid(("record", 2))) is not None
    again.close()
