"""A connection to SQLite that runs prepared statements, with transactions opened and closed by hand.

The driver's own rules for when a transaction begins differ between Python versions, so they are switched off.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from hansa.adapters.store import fts
from hansa.adapters.store.prepared import Fetched, Prepared
from hansa.adapters.store.wide import Row, Wide


class SqliteSession:
    """Runs statements on one connection; used by one thread at a time."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Takes the connection over. It must have been made with `isolation_level=None`."""
        connection.row_factory = sqlite3.Row
        self._connection = connection

    def run(self, statement: Prepared, parameters: Mapping[str, Any]) -> list[Fetched]:
        """Runs a statement and returns the rows of its answer."""
        return self._connection.execute(statement.sql, statement.bound(parameters)).fetchall()

    def run_many(self, statement: Prepared, parameters: Iterable[Mapping[str, Any]]) -> int:
        """Runs a statement once for each set of parameters; returns how many rows it changed."""
        return self._connection.executemany(statement.sql, parameters).rowcount

    def run_wide(self, statement: Wide, rows: Sequence[Row]) -> int:
        """Inserts rows, many to a statement; returns how many it changed."""
        return sum(self._connection.execute(sql, values).rowcount for sql, values in statement.parts(rows))

    def put_words(self, number: int, tokens: str) -> None:
        """Lets the skill of that number be found by these words; it had none."""
        self.run(fts.PUT, {"number": number, "tokens": tokens})

    def drop_words(self, number: int) -> None:
        """Lets the skill of that number not be found by words any more."""
        self.run(fts.DROP, {"number": number})

    def raw(self, sql: str, parameters: Mapping[str, Any] | None = None) -> list[Fetched]:
        """Runs a statement given as text, and returns the rows of its answer."""
        return self._connection.execute(sql, parameters or {}).fetchall()

    def walk(self, sql: str) -> Iterator[Fetched]:
        """Yields the rows of a statement's answer one by one, for answers too large to hold."""
        yield from self._connection.execute(sql)

    def copy_to(self, target: sqlite3.Connection, pages: int, told: Callable[[int, int, int], None]) -> None:
        """Copies the whole database, `pages` at a time; `told` gets status, pages left and pages in all."""
        self._connection.backup(target, pages=pages, progress=told, sleep=0)

    def begin(self) -> None:
        """Opens a transaction that may write."""
        self._connection.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """Makes the transaction durable."""
        self._connection.execute("COMMIT")

    def rollback(self) -> None:
        """Undoes the transaction; nothing happens where SQLite has already done so by itself."""
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undoes what is done within when it raises; the transaction goes on."""
        self._connection.execute("SAVEPOINT batch")
        try:
            yield
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK TO batch")
                self._connection.execute("RELEASE batch")
            raise
        self._connection.execute("RELEASE batch")

    def close(self) -> None:
        """Lets go of the file."""
        self._connection.close()
