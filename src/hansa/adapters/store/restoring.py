"""Putting another database in the place of a store, whole or not at all, and keeping what was there.

1. The new database is made ready beside the old one, as `hansa.db.incoming`, checked and brought to the disk.
2. It is renamed to `hansa.db.restored`. From that moment the restore is decided: whoever opens the store next finishes
   it, whatever happened in between.
3. What was there (`hansa.db`, its log) goes to `hansa.db.replaced-N`, and the new database takes its place. Each step
   can be done again after it was interrupted. A log must never meet a database that it does not belong to.
"""

from __future__ import annotations

import contextlib
import sqlite3
from contextlib import closing
from pathlib import Path

from hansa.adapters.store import connections
from hansa.adapters.store.copying import set_mark, sync
from hansa.node.core import ASK_FIRST

INCOMING, RESTORED, REPLACED = ".incoming", ".restored", ".replaced-"


def beside(path: Path, suffix: str) -> Path:
    """Returns the path of something that belongs to the store at `path`."""
    return path.with_name(path.name + suffix)


def decide(path: Path) -> Path | None:
    """Puts `hansa.db.incoming` in the place of the store at `path`; returns what `finish` does."""
    beside(path, INCOMING).rename(beside(path, RESTORED))
    sync(path.parent)
    return finish(path)


def finish(path: Path) -> Path | None:
    """Finishes a restore that was decided; returns the folder with what was there, None when nothing was."""
    new = beside(path, RESTORED)
    if not new.exists():
        return None
    aside = _aside(path)
    aside.mkdir(mode=0o700, exist_ok=True)
    for suffix in ("-wal", "-shm", ""):  # the log first: without its database it harms nobody
        with contextlib.suppress(FileNotFoundError):
            beside(path, suffix).rename(aside / (path.name + suffix))
    sync(aside)
    sync(path.parent)
    new.rename(path)
    held = any(aside.iterdir())
    if not held:
        aside.rmdir()
    sync(path.parent)
    return aside if held else None


def _aside(path: Path) -> Path:
    """Returns the folder to move the old store to: the last one if it has no database yet, else a new one."""
    number = 1
    while (beside(path, f"{REPLACED}{number}") / path.name).exists():
        number += 1
    return beside(path, f"{REPLACED}{number}")


def accept_loss(path: Path) -> Path | None:
    """Goes on without what a damaged log has lost: keeps the log aside, and marks the store to ask its sources first.

    Returns:
        The folder with the files as they were; None when nothing was lost.

    Raises:
        Fault: the database itself can't be opened.
    """
    lost = connections.lost_from_log(path)
    if lost is None:
        return None
    aside = _aside(path)
    aside.mkdir(mode=0o700)
    for suffix in ("", "-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            copied = aside / (path.name + suffix)
            copied.write_bytes(beside(path, suffix).read_bytes())
            copied.chmod(0o600)
            sync(copied)
    sync(aside)
    sync(path.parent)
    beside(path, "-shm").unlink(missing_ok=True)
    if not path.is_file() or not path.stat().st_size:
        beside(path, "-wal").unlink(missing_ok=True)  # a log without its database
        return aside
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # what of the log can be read
    set_mark(path, ASK_FIRST, "writes were lost from the log")
    return aside
