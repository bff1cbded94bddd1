"""The one writer of an SQLite file: group commit (`grouping`), and what the file needs beside it.

It also owns checkpoints. SQLite 3.7.0 to 3.51.2 can corrupt a file when two connections write or checkpoint at the same
moment (the "WAL-reset" bug, threat 68); here there is only ever one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

from hansa.adapters.store import connections, faults
from hansa.adapters.store.grouping import GroupWriter, Handed
from hansa.adapters.store.session import SqliteSession
from hansa.adapters.store.writes import get_meta, put_meta
from hansa.kernel.errors import HansaError


class Writer(GroupWriter):
    """Applies batches to an SQLite file."""

    def __init__(
        self,
        path: Path,
        session: SqliteSession,
        check_room: Callable[[], None],
        journal_bound: int,
    ) -> None:
        """Starts the thread, which owns `session` from now on. `check_room` raises DiskFull when there is none."""
        super().__init__(session, journal_bound)
        self._path = path
        self._session = session
        self._check_room = check_room
        self._dirty = get_meta(session, "clean") == "0"  # left so by one that was killed: an orderly close mends it
        self._marked = False  # the database file itself says that it is in use, see `wal`
        self.start()

    # ---- in the thread

    def _look_before(self) -> None:
        self._check_room()

    def _translated(self, error: Exception) -> HansaError:
        return faults.translated(error, self._path)

    def _before_commit(self, made: Sequence[Handed]) -> None:
        if not self._dirty:
            put_meta(self._session, "clean", "0")

    def _after_commit(self) -> None:
        self._dirty = True
        self._marked = self._marked or self._fold_mark()

    def _fold_mark(self) -> bool:
        """Brings the mark of being in use from the log into the database file; says whether that is done."""
        try:
            state = self._session.raw("PRAGMA wal_checkpoint(PASSIVE)")[0]
        except sqlite3.Error:
            return False  # the commit stands; tried again after the next one
        return bool(not state["busy"] and state["log"] == state["checkpointed"])

    def _end(self) -> None:
        """Marks the file as properly closed and lets go of it."""
        held = None if self._mark_clean() else self._hold_log()
        self._session.close()
        if held is not None:
            held.close()

    def _mark_clean(self) -> bool:
        """Spares the next start its check; a disk that does not let it be said only costs that check."""
        if not self._dirty:
            return True
        try:
            put_meta(self._session, "clean", "1")  # a transaction of its own
            self._session.raw("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error:
            self._session.rollback()
            return False
        return True

    def _hold_log(self) -> SqliteSession | None:
        """Returns a connection that keeps SQLite from removing the log when the last writer goes.

        A file marked as in use without a log is taken for one whose log was lost (`wal`).
        """
        try:
            reader = connections.open_reading(self._path)
            get_meta(reader, "clean")
        except sqlite3.Error:
            return None
        return reader
