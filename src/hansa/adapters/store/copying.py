"""A whole copy of a store, also of one that is open: SQLite's backup, read on a connection that can only read.

The reader holds one moment of the store for as long as the copy takes, so it is consistent whatever is written
meanwhile. It neither writes nor checkpoints, so the one-writer rule stands (the WAL-reset bug has no second party). The
copy is one file without a log: its journal mode is the plain one, until a node opens it. It carries the mark of a store
that may lack what the node has said since, so that whoever puts it in place, by whatever way, asks first.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from hansa.adapters.store import connections, faults
from hansa.kernel.errors import UsageError
from hansa.node.core import ASK_FIRST

PAGES = 256
"""Copied in one step; between two of them it is told how far it is."""

Tell = Callable[[int, int, str], None]


def copy(source: Path, target: Path, tell: Tell = lambda *_: None) -> None:
    """Copies the store at `source` to the new file `target`, readable by its owner only, and brings it to the disk.

    Raises:
        UsageError: there is something at `target`.
        DiskFull, Unavailable, Fault: nothing is left at `target`.
    """
    new_file(target)
    try:
        reader = connections.open_reading(source)
        try:
            reader.raw("BEGIN")
            reader.raw("SELECT count(*) FROM sqlite_master")
            with closing(sqlite3.connect(target, isolation_level=None)) as written:
                reader.copy_to(written, PAGES, lambda _, left, total: tell(total - left, total, "copying"))
                written.execute("PRAGMA journal_mode = DELETE")
            set_mark(target, ASK_FIRST, "a copy: this node may have said more since")
        finally:
            reader.close()
        sync(target)
    except (sqlite3.Error, OSError) as error:
        target.unlink(missing_ok=True)
        raise faults.translated(error, source if isinstance(error, sqlite3.DatabaseError) else target) from None


def set_mark(database: Path, name: str, value: str) -> None:
    """Writes a mark (`node.rows.PutMark`) and a clean flag into a database that nobody has open."""
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        for key, one in ((f"mark {name}", value), ("clean", "1")):
            connection.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (key, one))


def copy_file(source: Path, target: Path) -> None:
    """Copies a plain file to a new one, readable by its owner only, and brings it to the disk."""
    new_file(target)
    with source.open("rb") as read, target.open("wb") as written:
        shutil.copyfileobj(read, written, 1024 * 1024)
    sync(target)


def new_file(path: Path) -> None:
    """Makes an empty file that only its owner can read.

    Raises:
        UsageError: there is something at `path`.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise UsageError(f"{path} exists: nothing is overwritten; name another place") from None
    os.close(handle)


def sync(path: Path) -> None:
    """Brings a file or folder to the disk."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
