"""Opening the SQLite file: settings, the checks at the start, and bringing the schema up to date.

1. SQLite itself: new enough, with FTS5.
2. The folder and file: readable and writable; a new file is readable by its owner only.
3. The file: an SQLite database, ours, not newer than this program.
4. The log beside it: all there (`wal`). SQLite would drop without a word what no longer checks.
5. After a crash: SQLite's own check of every page. The flag is in `meta`, so an orderly start costs nothing.
6. New or older: migrated, in one transaction.
"""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from hansa.adapters.store import faults, wal
from hansa.adapters.store.schema import SCHEMA
from hansa.adapters.store.session import SqliteSession
from hansa.adapters.store.writes import get_meta
from hansa.kernel.errors import Fault, Unavailable, UsageError

OLDEST_SQLITE = (3, 35, 0)
"""First with RETURNING."""

BUSY_MS = 5_000

CACHE_KIB = 64 * 1024
"""Pages that the writing connection keeps. Ids are hashes, so that each insert meets its indexes at random places."""

CHECKPOINT_PAGES = 4_000
"""Pages in the log after which it is folded into the file: fewer folds for busy nodes, 16 MiB of log at most or so."""

_WRITING = (
    "PRAGMA synchronous = FULL",
    "PRAGMA fullfsync = ON",  # macOS: fsync alone does not reach the disk there
    "PRAGMA checkpoint_fullfsync = ON",
    "PRAGMA foreign_keys = ON",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA cell_size_check = ON",
    f"PRAGMA cache_size = -{CACHE_KIB}",
    f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}",
)
_READING = ("PRAGMA query_only = ON", "PRAGMA wal_autocheckpoint = 0", "PRAGMA trusted_schema = OFF")


def open_reading(path: Path) -> SqliteSession:
    """Returns a connection that sees, with each statement, all that is committed, and can't write."""
    uri = f"{path.absolute().as_uri()}?mode=ro"
    connection = sqlite3.connect(uri, uri=True, timeout=BUSY_MS / 1000, isolation_level=None, check_same_thread=False)
    for pragma in _READING:
        connection.execute(pragma)
    return SqliteSession(connection)


def open_writing(path: Path, check_room: Callable[[], None], max_bytes: int | None) -> SqliteSession:
    """Returns the only connection that writes, with the store at `path` checked and up to date.

    Raises:
        UsageError: made by a newer Hansa.
        Unavailable: may not be read and written (DiskFull: no room to make or upgrade it).
        Fault: damaged, or no store of Hansa's.
    """
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        raise Unavailable(f"SQLite {sqlite3.sqlite_version} is too old: use a Python with SQLite 3.35 or newer")
    _check_rights(path)
    session = None
    try:
        lost = lost_from_log(path)
        if lost:
            raise faults.log_lost(path, lost)
        session = _connect(path)
        if _check(session, path) < SCHEMA:
            session.close()
            check_room()
            _migrate(path)
            session = _connect(path)
        if max_bytes is not None:
            page = session.raw("PRAGMA page_size")[0]["page_size"]
            session.raw(f"PRAGMA max_page_count = {max(1, max_bytes // page)}")
    except Exception as error:
        if session is not None:
            session.close()
        raise faults.translated(error, path) from error
    return session


def _check_rights(path: Path) -> None:
    folder = path.parent
    if not folder.is_dir():
        raise Unavailable(f"{folder} is no folder: make it, or run hansa init")
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise Unavailable(f"{path} can't be opened for writing ({error.strerror}): {_remedy(error)}") from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise Unavailable(f"{folder} can't be written to: give this user write rights to it (chmod u+rwx {folder})")


def lost_from_log(path: Path) -> str | None:
    """Looks, before SQLite does, whether the log of a store that nobody has open is all there.

    Returns:
        What is wrong with it; None when no acknowledged write is missing.
    """
    log = path.with_name(path.name + "-wal")
    logged = log.stat().st_size if log.is_file() else 0
    if not path.is_file() or not path.stat().st_size:
        return f"{path.name} is gone, and {log.name} was left behind" if logged else None
    return wal.loss(path, in_use=not logged and _in_use(path))


def _in_use(path: Path) -> bool:
    """Says whether the database file by itself, without its log, is marked as in use.

    A file that can't be read so is SQLite's business: a store that was just being made when the power went is torn, and
    its journal puts it right; whatever else is wrong is found when it is opened.
    """
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
            if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchall():
                return False
            found = connection.execute("SELECT value FROM meta WHERE key = 'clean'").fetchone()
    except (sqlite3.Error, UnicodeDecodeError):
        return False
    return found is not None and found[0] == "0"


def _remedy(error: OSError) -> str:
    if error.errno == errno.EROFS:
        return "the file system is read-only: move the data directory"
    return "give this user read and write rights to it and its folder"


def _connect(path: Path) -> SqliteSession:
    session = SqliteSession(
        sqlite3.connect(path, timeout=BUSY_MS / 1000, isolation_level=None, check_same_thread=False)
    )
    try:
        if session.raw("PRAGMA journal_mode = WAL")[0]["journal_mode"] != "wal":
            raise Unavailable(
                f"{path} is on a file system without shared memory: move the data directory to a local disk"
            )
        for pragma in _WRITING:
            session.raw(pragma)
    except BaseException:
        session.close()
        raise
    return session


def _check(session: SqliteSession, path: Path) -> int:
    """Returns the number of the schema found, once the file is known to be sound."""
    found = version(session, path)
    if found > SCHEMA:
        raise UsageError(f"{path} was made by a newer Hansa (schema {found}); this one knows {SCHEMA}: upgrade hansa")
    if found and get_meta(session, "clean") == "0":
        faulty = [row["quick_check"] for row in session.raw("PRAGMA quick_check(3)") if row["quick_check"] != "ok"]
        if faulty:
            raise faults.damaged(path, faulty[0].splitlines()[-1])
    return found


def version(session: SqliteSession, path: Path) -> int:
    """Returns the number of the last migration made; 0 for an empty file."""
    tables = {row["name"] for row in session.raw("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not tables:
        return 0
    numbers = session.raw("SELECT version_num FROM alembic_version") if "alembic_version" in tables else []
    number = numbers[0]["version_num"] if len(numbers) == 1 else None
    if not isinstance(number, str) or not number.isdecimal():
        raise Fault(f"{path} is a database, but no store of Hansa's: name another data directory")
    return int(number)


def _migrate(path: Path) -> None:
    from hansa.adapters.store.migrations import upgrade  # Alembic takes long to import, and is rarely needed

    upgrade(path)
