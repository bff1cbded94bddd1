"""Backups are whole or not there, nothing is overwritten, and a restore puts one store or the other in place (L1)."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random

import msgspec
import pytest

from hansa.adapters import backup
from hansa.adapters.store import copying, restoring
from hansa.adapters.store.checking import check
from hansa.adapters.store.sqlite import SqliteStore
from hansa.kernel.errors import Fault, HansaError, UsageError
from hansa.kernel.ids import chain
from hansa.node.core import ASK_FIRST
from hansa.node.rows import AppendJournal, PutMark
from tests.attacks.specimens import scaled
from tests.store.contract import ANN, line
from tests.store.disk.disks import ENDED, PowerLoss, lay_out, lives, steps
from tests.store.test_checking import filled

ME = "did:key:zMe"
NOW = 1_760_000_000_000


@pytest.fixture
def home(tmp_path: Path) -> Path:
    made = tmp_path / "home"
    made.mkdir()
    (made / "hansa.db").write_bytes(filled())
    (made / "key").write_text("hansa-key-v1 …")
    (made / "roots.jsonl").write_text("{}\n")
    (made / "root.key").write_text("hansa-root-key-v1 …")
    (made / "config.toml").write_text("name = 'b'")
    return made


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def content(path: Path) -> list[str]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        return [text for text in connection.iterdump() if "mark " not in text and "'clean'" not in text]


# ---- writing one


@pytest.mark.parametrize("with_key", [False, True])
def test_a_backup_is_whole_for_its_owner_only_and_has_the_key_only_when_asked(home: Path, with_key: bool) -> None:
    target = home.parent / "backup"
    old = os.umask(0)
    try:
        manifest = backup.write(home, target, ME, NOW, with_key)
    finally:
        os.umask(old)
    names = {"hansa.db", "config.toml", "roots.jsonl", *(["key", "root.key"] if with_key else [])}
    assert set(manifest.files) == names
    assert {path.name for path in target.iterdir()} == {*names, "manifest.json"}
    assert mode(target) == 0o700
    assert {mode(path) for path in target.iterdir()} == {0o600}
    assert backup.read(target) == manifest
    assert check(target / "hansa.db", full=True).ok
    assert content(target / "hansa.db") == content(home / "hansa.db")
    assert sorted(path.name for path in home.parent.iterdir()) == ["backup", "home"]


async def test_a_backup_of_a_store_that_is_written_to_is_one_moment_of_it(tmp_path: Path) -> None:
    path = tmp_path / "hansa.db"
    store = SqliteStore.open(path, min_free_bytes=0)
    stop = asyncio.Event()

    async def write() -> int:
        number = 0
        while not stop.is_set():
            await store.apply([AppendJournal(line("a", "x" * 3000)), PutMark("number", str(number)),
                               AppendJournal(line("b", str(number)))])  # fmt: skip
            number += 1
        return number

    writing = asyncio.create_task(write())
    while not store.journal("b"):
        await asyncio.sleep(0)
    seen = []
    for number in range(3):
        target = tmp_path / f"copy{number}.db"
        told: list[tuple[int, int, str]] = []
        await asyncio.to_thread(copying.copy, path, target, lambda *step, told=told: told.append(step))
        copied = SqliteStore.open(target, min_free_bytes=0)
        lines = [row.detail for row in copied.journal("b")]
        assert lines == [str(one) for one in range(len(lines))]
        assert copied.mark("number") == lines[-1]
        assert len(copied.journal("a")) == len(lines)
        assert told[-1][0] == told[-1][1]
        copied.close()
        seen.append(len(lines))
    stop.set()
    assert await writing >= seen[-1]
    assert seen == sorted(seen)
    assert sorted(one.name for one in tmp_path.iterdir() if "-" in one.name) == ["hansa.db-shm", "hansa.db-wal"]
    store.close()


@pytest.mark.parametrize("there", ["folder", "file", "link"])
def test_nothing_is_overwritten(home: Path, there: str) -> None:
    target = home.parent / "backup"
    if there == "folder":
        target.mkdir()
    elif there == "file":
        target.write_text("mine")
    else:
        target.symlink_to(home.parent / "nowhere")
    with pytest.raises(UsageError, match="overwrites nothing"):
        backup.write(home, target, ME, NOW)
    assert len(list(home.parent.iterdir())) == 2


def test_a_copy_is_never_written_over_a_file(home: Path) -> None:
    target = home.parent / "copy.db"
    target.write_text("mine")
    for put in (copying.copy, copying.copy_file):
        with pytest.raises(UsageError, match="nothing is overwritten"):
            put(home / "hansa.db", target)
    assert target.read_text() == "mine"


def test_a_damaged_store_is_not_backed_up(home: Path) -> None:
    with closing(sqlite3.connect(home / "hansa.db")) as connection, connection:
        connection.execute("UPDATE records SET envelope = x'00' WHERE kind = 'skill'")
    with pytest.raises(Fault, match=r"damaged .*: no backup was made"):
        backup.write(home, home.parent / "backup", ME, NOW)
    assert [path.name for path in home.parent.iterdir()] == ["home"]


def test_a_place_that_can_not_be_written_to_is_said(home: Path) -> None:
    with pytest.raises(UsageError, match="can't write to"):
        backup.write(home, home.parent / "nowhere" / "backup", ME, NOW)


# ---- putting one back


@pytest.fixture
def kept(home: Path) -> Iterator[Path]:
    """Gives a backup, after which the store went on."""
    target = home.parent / "backup"
    backup.write(home, target, ME, NOW)
    with closing(sqlite3.connect(home / "hansa.db")) as connection, connection:
        connection.execute("DELETE FROM blobs")
    yield target


def test_a_restore_keeps_what_was_there_and_marks_the_store(home: Path, kept: Path) -> None:
    before = content(home / "hansa.db")
    (home / "hansa.db-wal").write_bytes(b"a log that must never meet the new database")
    manifest, aside = backup.restore(home, kept, ME)
    assert manifest == backup.read(kept)
    assert content(home / "hansa.db") == content(kept / "hansa.db") != before
    assert not (home / "hansa.db-wal").exists()
    assert (aside / "hansa.db-wal").read_bytes().startswith(b"a log")
    (aside / "hansa.db-wal").unlink()
    assert content(aside / "hansa.db") == before
    assert mode(aside) == 0o700
    store = SqliteStore.open(home / "hansa.db", min_free_bytes=0)
    assert store.mark(ASK_FIRST)
    store.close()
    _, again = backup.restore(home, kept, ME)
    assert (aside.name, again.name) == ("hansa.db.replaced-1", "hansa.db.replaced-2")


def test_a_restore_into_an_empty_folder_takes_the_key_from_the_backup(home: Path) -> None:
    target, fresh = home.parent / "backup", home.parent / "fresh"
    backup.write(home, target, ME, NOW, with_key=True)
    fresh.mkdir()
    backup.restore(fresh, target, None)
    for name in ("key", "root.key", "roots.jsonl"):
        assert (fresh / name).read_text() == (home / name).read_text()
        assert mode(fresh / name) == 0o600
    assert content(fresh / "hansa.db") == content(home / "hansa.db")


def test_a_restore_beside_a_key_brings_the_metadata_back_and_no_key(home: Path) -> None:
    """The operator has moved the root key away since, and lost the metadata: one is public, the other stays away."""
    target = home.parent / "backup"
    backup.write(home, target, ME, NOW, with_key=True)
    (home / "root.key").unlink()
    (home / "roots.jsonl").unlink()
    (home / "key").write_text("a newer key")
    backup.restore(home, target, ME)
    assert (home / "roots.jsonl").read_text() == "{}\n"
    assert (home / "key").read_text() == "a newer key"
    assert not (home / "root.key").exists()


def test_metadata_that_is_there_is_not_put_back_to_an_older_version(home: Path) -> None:
    target = home.parent / "backup"
    backup.write(home, target, ME, NOW)
    (home / "roots.jsonl").write_text("{}\n{}\n")
    backup.restore(home, target, ME)
    assert (home / "roots.jsonl").read_text() == "{}\n{}\n"


def other_schema(folder: Path) -> None:
    path = folder / "manifest.json"
    manifest = msgspec.json.decode(path.read_bytes())
    path.write_bytes(msgspec.json.encode(manifest | {"schema": 99}))


def damaged_store(folder: Path) -> None:
    """Damages the store and gives the manifest the right digest: only the check of the content can see it."""
    with closing(sqlite3.connect(folder / "hansa.db")) as connection, connection:
        connection.execute("UPDATE ledger SET hash = 'x' WHERE number = 1")
    path = folder / "manifest.json"
    manifest = msgspec.json.decode(path.read_bytes(), type=backup.Manifest)
    files = manifest.files | {"hansa.db": backup.part(folder / "hansa.db")}
    path.write_bytes(msgspec.json.encode(msgspec.structs.replace(manifest, files=files)))


def one_bit(folder: Path) -> None:
    data = bytearray((folder / "hansa.db").read_bytes())
    data[len(data) // 2] ^= 1
    (folder / "hansa.db").write_bytes(data)


BAD = {
    "no manifest": lambda folder: (folder / "manifest.json").unlink(),
    "no manifest at all": lambda folder: (folder / "manifest.json").write_text("{"),
    "of another form": lambda folder: (folder / "manifest.json").write_text(
        (folder / "manifest.json").read_text().replace("hansa-backup-1", "hansa-backup-9")
    ),
    "names other files": lambda folder: (folder / "manifest.json").write_text(
        (folder / "manifest.json").read_text().replace("config.toml", "../config")
    ),
    "no store": lambda folder: (folder / "hansa.db").unlink(),
    "other settings": lambda folder: (folder / "config.toml").write_text("name = 'c'"),
    "one bit": one_bit,
    "cut": lambda folder: os.truncate(folder / "hansa.db", 8192),
    "newer": other_schema,
    "damaged": damaged_store,
    "all gone": shutil.rmtree,
}


@pytest.mark.parametrize("how", BAD)
def test_a_bad_backup_changes_nothing(home: Path, kept: Path, how: str) -> None:
    before = {path.name: path.read_bytes() for path in home.iterdir()}
    BAD[how](kept)
    with pytest.raises(HansaError) as raised:
        backup.restore(home, kept, ME)
    assert isinstance(raised.value, UsageError | Fault)
    assert ": " in str(raised.value)
    assert {path.name: path.read_bytes() for path in home.iterdir()} == before


def test_another_nodes_backup_is_refused(home: Path, kept: Path) -> None:
    with pytest.raises(UsageError, match="is a backup of did:key:zMe"):
        backup.restore(home, kept, "did:key:zOther")
    with pytest.raises(UsageError, match="no key in"):
        backup.restore(home, kept, None)


# ---- a restore that is interrupted


def one_or_the_other(path: Path, old: list[str], new: list[str]) -> str:
    """Says which store is in place after opening it; fails when it is neither, or when the old one is nowhere."""
    SqliteStore.open(path, min_free_bytes=0).close()
    found = content(path)
    assert found in (old, new)
    if found == new:
        asides = [one / "hansa.db" for one in path.parent.iterdir() if ".replaced-" in one.name]
        assert any(one.exists() and content(one) == old for one in asides)
    assert not (path.parent / "hansa.db.restored").exists()
    return "old" if found == old else "new"


@pytest.fixture
def scene(home: Path, kept: Path) -> tuple[list[str], list[str]]:
    return content(home / "hansa.db"), content(kept / "hansa.db")


def case(home: Path, kept: Path, folder: Path, **fault: object) -> dict[str, object]:
    shutil.copytree(home, folder)
    return {"folder": str(folder), "life": "restore", "backup": str(kept), "node": ME, **fault}


def test_a_restore_that_ends_at_any_step_leaves_one_store_or_the_other(
    tmp_path: Path, home: Path, kept: Path, scene: tuple[list[str], list[str]]
) -> None:
    whole = case(home, kept, tmp_path / "whole")
    assert lives(tmp_path, [whole]) == [0]
    count = int((tmp_path / "whole" / "steps").read_text())
    assert one_or_the_other(tmp_path / "whole" / "hansa.db", *scene) == "new"
    chosen = range(1, count + 1) if scaled(1) > 5 else [*range(1, 4), *range(max(4, count - 14), count + 1)]
    cases = [case(home, kept, tmp_path / str(at), what=1, first=at) for at in chosen]
    assert set(lives(tmp_path, cases)) == {ENDED}
    found = [one_or_the_other(Path(str(one["folder"]), "hansa.db"), *scene) for one in cases]
    assert found == sorted(found, reverse=True)
    assert set(found) == {"old", "new"}


def test_a_power_loss_at_any_step_of_a_restore_leaves_one_store_or_the_other(
    tmp_path: Path, home: Path, kept: Path, scene: tuple[list[str], list[str]]
) -> None:
    log = tmp_path / "log"
    assert lives(tmp_path, [case(home, kept, tmp_path / "whole", log=str(log))]) == [0]
    done = steps(log)
    start = {path.name: path.read_bytes() for path in home.iterdir()}
    renames = [number for number, step in enumerate(done) if step.kind == "r"]
    random = Random("restore")
    found = set()
    disk = PowerLoss(start)
    for number, step in enumerate(done, 1):
        disk.play(step)
        if number < renames[0] - 2 and random.random() > 0.02 * scaled(1):
            continue
        for how in ("synced", "all", "some", "torn"):
            folder = tmp_path / f"{number}-{how}"
            found.add(one_or_the_other(lay_out(folder, disk.left(how, random)), *scene))
            shutil.rmtree(folder)
    assert found == {"old", "new"}


def test_the_log_of_the_old_store_never_meets_the_new_one(home: Path, kept: Path) -> None:
    """A process that was killed has left a log; the restore is decided, and the machine stops right there."""
    path = home / "hansa.db"

    async def write() -> None:
        store = SqliteStore.open(path, min_free_bytes=0)
        await store.apply([PutMark("told", "of the old store"), AppendJournal(line("x"))])
        shutil.copytree(home, home.parent / "dead")
        store.close()

    asyncio.run(write())
    dead = home.parent / "dead" / "hansa.db"
    shutil.copy(kept / "hansa.db", restoring.beside(dead, restoring.RESTORED))
    store = SqliteStore.open(dead, min_free_bytes=0)
    assert store.mark("told") == ""
    assert store.journal("x") == []
    head = ""
    for row in store.feed(0, 100):
        head = chain(head, row.id)
    assert store.feed_mark()[1] == head
    assert store.last_seq(ANN) == -1
    store.close()
    old = SqliteStore.open(dead.parent / "hansa.db.replaced-1" / "hansa.db", min_free_bytes=0)
    assert old.mark("told") == "of the old store"
    old.close()
