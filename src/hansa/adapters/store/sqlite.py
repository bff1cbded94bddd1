"""The store of a node: one SQLite file, written by one thread, read by many.

1. Writes go through `Writer`: WAL, synchronous=FULL, group commit. What `apply` has returned from is on the disk.
2. Reads are synchronous, each on its thread's own connection, which can only read and never checkpoints.
3. When it closes, readers go first, so that the writer is the last and folds the log into the file.

Whoever opens it holds the data directory's lock (`adapters.lock`): two processes must not have it open.

    store = SqliteStore.open(directory / "hansa.db")
    await store.apply([PutRecord(row, in_feed=True)])
    store.close()
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import ClauseElement

from hansa.adapters.store import connections, faults, fts, restoring
from hansa.adapters.store.grouped import GroupedStore
from hansa.adapters.store.prepared import Fetched, Prepared, compiled
from hansa.adapters.store.session import SqliteSession
from hansa.adapters.store.writer import Writer
from hansa.kernel.errors import DiskFull, Fault, Unavailable
from hansa.kernel.ids import ContentId

MIB = 1024 * 1024


def free_bytes(path: Path) -> int:
    """Returns the bytes free where `path` is."""
    return shutil.disk_usage(path.parent).free


def _identity(path: Path) -> tuple[int, int]:
    """Returns what tells a file from another of the same name; (0, 0) for none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return 0, 0
    return found.st_dev, found.st_ino


class _Reader:
    """A reading connection, and the lock that keeps `close` from pulling it away in the middle of a statement."""

    def __init__(self, path: Path) -> None:
        self.thread = threading.current_thread()
        self.lock = threading.Lock()
        self.session = connections.open_reading(path)

    def close(self) -> None:
        with self.lock:
            self.session.close()


class SqliteStore(GroupedStore):
    """Implements `node.ports.Store` on an SQLite file. Made by `open`."""

    def __init__(
        self,
        path: Path,
        session: SqliteSession,
        journal_bound: int,
        check_room: Callable[[], None],
        check_files: Callable[[], None],
    ) -> None:
        self._path = path
        self._check_files = check_files
        self._readers: list[_Reader] = []
        self._local = threading.local()
        self._lock = threading.Lock()
        self._closed = False
        self._writer = Writer(path, session, check_room, journal_bound)

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        journal_bound: int = 100_000,
        min_free_bytes: int = 64 * MIB,
        max_bytes: int | None = None,
        free: Callable[[Path], int] = free_bytes,
    ) -> SqliteStore:
        """Opens the store at `path`; makes it when there is none, and brings an older one up to date.

        Args:
            path: the file; its folder must exist.
            journal_bound: lines that the journal keeps. Raising it lets `hansa why` look further back, for about 200
                bytes a line.
            min_free_bytes: nothing is written while less than this is free, so that a full disk never meets the
                database in the middle of a write.
            max_bytes: how large the file may grow; None for as large as the disk.
            free: how free space is found out.

        Raises:
            UsageError: made by a newer Hansa.
            Unavailable: the file or its folder may not be read and written.
            DiskFull: no room to make or upgrade it.
            Fault: the file is damaged, or no store.
        """
        restoring.finish(path)
        files: dict[Path, tuple[int, int]] = {}

        def check_files() -> None:
            for file, known in files.items():
                if _identity(file) != known:
                    raise Unavailable(
                        f"{file} was moved, replaced or deleted while the node was running: put it back,"
                        " or stop the node and see hansa store check; nothing was written"
                    )

        def check_room() -> None:
            check_files()
            found = free(path)
            if found < min_free_bytes:
                raise DiskFull(
                    f"{found // MIB} MiB are free for {path}, {min_free_bytes // MIB} MiB must stay free:"
                    " free some space; nothing was written"
                )

        session = connections.open_writing(path, check_room, max_bytes)
        files.update({file: _identity(file) for file in (path, path.with_name(path.name + "-wal"))})
        return cls(path, session, journal_bound, check_room, check_files)

    @property
    def path(self) -> Path:
        """The file."""
        return self._path

    def lexical(self, text: str, limit: int) -> list[tuple[ContentId, float]]:
        """Returns skills whose intent or tags share words with `text`, best first, with BM25 scores.

        Removed skills are left out. Higher is better; equals come in the order of their ids. Words that thousands of
        skills have are left out beside rarer ones (`fts.chosen`).
        """
        query = fts.query(fts.chosen(text, self._hits)) if limit > 0 else ""
        found = self._rows(fts.SEARCH, query=query, limit=limit, most=fts.MOST_HITS) if query else ()
        try:
            return [(ContentId(row["id"]), float(row["score"])) for row in found]
        except TypeError as error:
            raise faults.bad_row("the words of full-text search", error) from None

    def _hits(self, tokens: Sequence[str]) -> int:
        return int(self._rows(fts.COUNT, query=fts.query(tokens), most=fts.MOST_HITS + 1)[0]["found"])

    def close(self) -> None:
        """Finishes what was handed in, then lets go of the file. May be called twice."""
        with self._lock:
            self._closed = True
            readers, self._readers = self._readers, []
        for reader in readers:
            reader.close()
        self._writer.stop()

    def _rows(self, statement: Prepared | ClauseElement, **parameters: Any) -> Sequence[Fetched]:
        try:
            reader: _Reader = getattr(self._local, "reader", None) or self._new_reader()
            with reader.lock:
                if self._closed:
                    raise Fault("the store is closed")
                if isinstance(statement, Prepared):
                    return reader.session.run(statement, parameters)
                return reader.session.raw(*compiled(statement))
        except Exception as error:
            raise faults.translated(error, self._path) from error

    def _new_reader(self) -> _Reader:
        with self._lock:
            if self._closed:
                raise Fault("the store is closed")
            self._check_files()
            gone = [reader for reader in self._readers if not reader.thread.is_alive()]
            reader = _Reader(self._path)
            self._readers = [*(one for one in self._readers if one not in gone), reader]
        for one in gone:
            one.close()
        self._local.reader = reader
        return reader
