"""The store of a node in a PostgreSQL database: the same rows, questions and refusals as in an SQLite file.

1. Writes go through `PostgresWriter`: group commit with synchronous_commit on. What `apply` has returned from is as
   durable as the server makes it (its setting `fsync`; `hansa doctor` looks).
2. Reads are synchronous, over `PostgresReading`.
3. Which place a record has in the feed, and which link the ledger gets, is decided within the transaction that writes
   it, under a lock that is held until its commit; unique constraints decide who was first.
4. While the server is away, both raise `Unavailable`; when it is back, both go on by themselves.

One process has the database open at a time (docs/adr/0048-postgresql.md says what several will need).

    store = PostgresStore.open(Address.parse("postgresql://hansa@db.example.org/hansa"))
    await store.apply([PutRecord(row, in_feed=True)])
    store.close()
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sqlalchemy import ClauseElement

from hansa.adapters.store import fts, postgres_faults, postgres_schema, postgres_words
from hansa.adapters.store.address import Address
from hansa.adapters.store.grouped import GroupedStore
from hansa.adapters.store.postgres_reading import PostgresReading
from hansa.adapters.store.postgres_session import PostgresSession
from hansa.adapters.store.postgres_writer import PostgresWriter
from hansa.adapters.store.prepared import Fetched, Prepared, compiled_numbered
from hansa.kernel.ids import ContentId


class PostgresStore(GroupedStore):
    """Implements `node.ports.Store` on a PostgreSQL database. Made by `open`."""

    def __init__(self, address: Address, session: PostgresSession, journal_bound: int) -> None:
        self._address = address
        self._reading = PostgresReading(address)
        self._writer = PostgresWriter(address, session, journal_bound)

    @classmethod
    def open(cls, address: Address, *, journal_bound: int = 100_000) -> PostgresStore:
        """Opens the store at `address`; makes its tables when there are none.

        Args:
            address: the database, which exists and is this user's.
            journal_bound: lines that the journal keeps.

        Raises:
            UsageError: no such database, this user may not use it, or it was made by a newer Hansa.
            Busy: another process has it open.
            Unavailable: the server does not answer, or is too old.
            Fault: it holds something else.
        """
        session = PostgresSession(address)
        with ThreadPoolExecutor(1) as beside:  # the caller's thread may have an event loop that runs
            opening = beside.submit(postgres_schema.prepare, session, address)
        if error := opening.exception():
            session.close()
            raise postgres_faults.translated(error, address) from error
        return cls(address, session, journal_bound)

    @property
    def address(self) -> Address:
        """The database."""
        return self._address

    def size(self) -> int:
        """Returns the bytes that the whole database takes, its indexes with it."""
        return int(self._reading.ask("SELECT pg_database_size(current_database()) AS size", ())[0]["size"])

    def lexical(self, text: str, limit: int) -> list[tuple[ContentId, float]]:
        """Returns skills whose intent or tags share words with `text`, best first, with BM25 scores.

        Removed skills are left out. Higher is better; equals come in the order of their ids. Words that thousands of
        skills have are left out beside rarer ones (`fts.chosen`).
        """
        tokens = list(map(postgres_words.key, fts.chosen(text, self._hits) if limit > 0 else ()))
        if not tokens:
            return []
        counted = self._reading.ask(postgres_words.COUNT, [tokens])
        asked = postgres_words.asked(tokens, counted, fts.MOST_HITS, limit)
        found = self._reading.ask(postgres_words.SEARCH, asked) if asked else ()
        return [(ContentId(row["id"]), row["score"] / postgres_words.BILLION) for row in found]

    def _hits(self, tokens: Sequence[str]) -> int:
        found = self._reading.ask(postgres_words.HITS, [list(map(postgres_words.key, tokens)), fts.MOST_HITS + 1])
        return int(found[0]["found"])

    def close(self) -> None:
        """Finishes what was handed in, then lets go of the database. May be called twice."""
        self._reading.close()
        self._writer.stop()

    def _rows(self, statement: Prepared | ClauseElement, **parameters: Any) -> Sequence[Fetched]:
        asked = statement.numbered if isinstance(statement, Prepared) else compiled_numbered(statement)
        return self._reading.ask(asked.sql, asked.values(parameters))
