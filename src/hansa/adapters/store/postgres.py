"""The store of a node in a PostgreSQL database: the same rows, questions and refusals as in an SQLite file.

1. Writes go through `PostgresWriter`: group commit with synchronous_commit on. What `apply` has returned from is as
   durable as the server makes it (its setting `fsync`; `hansa doctor` looks).
2. Reads are synchronous, over `PostgresReading`.
3. Which place a record has in the feed, and which link the ledger gets, is decided within the transaction that writes
   it, under a lock that is held until its commit; unique constraints decide who was first.
4. While the server is away, both raise `Unavailable`; when it is back, both go on by themselves.

One process has the database open at a time, or several of one node (`shared`): then each batch is held against what the
others have committed since it was decided on (docs/adr/0052-several-processes-of-one-hub.md).

    store = PostgresStore.open(Address.parse("postgresql://hansa@db.example.org/hansa"))
    await store.apply([PutRecord(row, in_feed=True)])
    store.close()
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sqlalchemy import ClauseElement

from hansa.adapters.store import codec, fts, postgres_faults, postgres_schema, postgres_words
from hansa.adapters.store.address import Address
from hansa.adapters.store.grouped import GroupedStore
from hansa.adapters.store.postgres_commits import Commits
from hansa.adapters.store.postgres_reading import PostgresReading
from hansa.adapters.store.postgres_session import PostgresSession
from hansa.adapters.store.postgres_writer import PostgresWriter
from hansa.adapters.store.prepared import Fetched, Prepared, compiled_numbered
from hansa.kernel.errors import HansaError
from hansa.kernel.ids import ContentId
from hansa.node.as_of import since
from hansa.node.rows import Change, RecordRow

_RECORDS = "SELECT * FROM records WHERE id = ANY($1::text[]) ORDER BY number"


class PostgresStore(GroupedStore):
    """Implements `node.ports.Store` on a PostgreSQL database, and `node.following.Shared`. Made by `open`.

    Attributes:
        seen: the last commit of other processes that this one's memory knows; 0 where it is alone.
    """

    def __init__(self, address: Address, session: PostgresSession, journal_bound: int, shared: bool = False) -> None:
        self._address = address
        self._reading = PostgresReading(address)
        process = secrets.randbits(62)
        self._commits = Commits(process, lambda sql, *values: self._reading.ask(sql, values))
        self.seen = self._commits.last() if shared else 0
        written = Commits(process, session.raw) if shared else None
        self._writer = PostgresWriter(address, session, journal_bound, written)

    @classmethod
    def open(cls, address: Address, *, journal_bound: int = 100_000, shared: bool = False) -> PostgresStore:
        """Opens the store at `address`; makes its tables when there are none.

        Args:
            address: the database, which exists and is this user's.
            journal_bound: lines that the journal keeps.
            shared: other processes of the same node may have it open too, all of them shared.

        Raises:
            UsageError: no such database, this user may not use it, or it was made by a newer Hansa.
            Busy: another process has it open.
            Unavailable: the server does not answer, or is too old.
            Fault: it holds something else.
        """
        session = PostgresSession(address, shared=shared)
        with ThreadPoolExecutor(1) as beside:  # the caller's thread may have an event loop that runs
            error = beside.submit(postgres_schema.prepare, session, address, shared).exception()
            if error is not None:
                beside.submit(session.close).result()
        if error is not None:
            raise postgres_faults.translated(error, address) from error
        return cls(address, session, journal_bound, shared)

    @property
    def address(self) -> Address:
        """The database."""
        return self._address

    async def apply(self, changes: Sequence[Change]) -> None:
        """Makes all changes or none; returns when they are durable.

        Raises:
            Busy: another process has touched what they rest on since that was read.
        """
        if changes:
            await self._writer.apply(changes, since(self.seen))

    def apply_each(self, batches: Sequence[Sequence[Change]]) -> Awaitable[list[HansaError | None]]:
        """Makes the changes of each batch, or none of that batch; one commit, and one waking up, for all of them."""
        return self._writer.apply_each(batches, since(self.seen))

    def others(self, most: int) -> tuple[int, Iterable[str]]:
        """Returns the last of the next `most` commits, and the keys that other processes touched in them."""
        return self._commits.others(self.seen, most)

    def records_of(self, ids: Sequence[ContentId]) -> list[RecordRow]:
        """Returns records by their ids, as far as they are held."""
        return [codec.record_row(row) for row in self._reading.ask(_RECORDS, [list(ids)])]

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
