"""A look at a store without opening it as its owner: read-only, beside the process that has it, or beside nobody.

Nothing is written, no migration runs, and no log is folded in. Where nobody has the store open, SQLite is told that the
file does not change (`immutable`), for it would otherwise make its shared-memory file; what a crash left in the log is
then not seen, and `unfinished` says so.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import ClauseElement

from hansa.adapters.store import connections, faults
from hansa.adapters.store.prepared import Fetched, Prepared, compiled
from hansa.adapters.store.reads import SqlReads
from hansa.adapters.store.schema import SCHEMA
from hansa.adapters.store.session import SqliteSession
from hansa.kernel.errors import Unavailable, UsageError


class Beside(SqlReads):
    """The reading half of a store that somebody else may have open. Used as a block."""

    def __init__(self, path: Path, held: bool) -> None:
        """Opens the file.

        Args:
            held: another process has it open right now.

        Raises:
            UsageError: made by a newer Hansa. Unavailable, Fault: it can't be read, is damaged, or is no store.
        """
        self._path = path
        log = path.with_name(path.name + "-wal")
        self.unfinished = not held and log.exists() and log.stat().st_size > 0
        self._lock = threading.Lock()
        try:
            self._session = connections.open_reading(path) if held else still(path)
            self.schema = connections.version(self._session, path)
        except Exception as error:
            raise faults.translated(error, path) from error
        if self.schema > SCHEMA:
            self.close()
            raise UsageError(f"{path} was made by a newer Hansa (schema {self.schema}): upgrade hansa")

    def __enter__(self) -> Beside:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Lets go of the file."""
        self._session.close()

    def faults(self) -> list[str]:
        """Returns what SQLite's own check of every page finds; empty when all is sound.

        Raises:
            Fault: it is too damaged to be checked.
        """
        try:
            rows = self._session.raw("PRAGMA quick_check(3)")
        except sqlite3.Error as error:
            raise faults.translated(error, self._path) from error
        return [str(row["quick_check"]) for row in rows if row["quick_check"] != "ok"]

    def _rows(self, statement: Prepared | ClauseElement, **parameters: Any) -> Sequence[Fetched]:
        try:
            with self._lock:
                if isinstance(statement, Prepared):
                    return self._session.run(statement, parameters)
                return self._session.raw(*compiled(statement))
        except sqlite3.Error as error:
            raise faults.translated(error, self._path) from error


def still(path: Path) -> SqliteSession:
    """Returns a connection to a file that nobody writes; it leaves no file beside it."""
    if not path.is_file():
        raise Unavailable(f"there is no store at {path} yet: the first command that needs it makes it")
    uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
    return SqliteSession(sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False))
