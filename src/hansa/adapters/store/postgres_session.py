"""Connections to PostgreSQL: how one is made, and the one that writes, used by one thread at a time.

The driver is asynchronous and the code that makes a batch is not. So the writing thread has an event loop of its own,
which runs for as long as a statement takes (docs/adr/0048-postgresql.md).

PostgreSQL's texts can't hold U+0000. It is kept as U+FDD0 "0", and U+FDD0, which is no character either, as U+FDD0 "1".
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections import Counter
from collections.abc import Coroutine, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import asyncpg

from hansa.adapters.store import postgres_faults, postgres_words
from hansa.adapters.store.address import Address
from hansa.adapters.store.prepared import Fetched, Prepared
from hansa.adapters.store.wide import Row, Wide
from hansa.kernel.errors import Busy, Unavailable

CONNECT_SECONDS = 5.0
GOODBYE_SECONDS = 2.0
STATEMENT_SECONDS, READ_SECONDS = 60.0, 20.0
"""A statement that takes longer has met a server that is gone, or a lock that nobody lets go of. The caller of a read
waits with all of its thread."""

OWNER_SECONDS = 2
"""How long whoever opens a store waits for the server to see that the one before it was killed."""

OWNER, WRITER = 0x48616E73, 0x48616E74
"""First keys of two advisory locks, the second is the schema's: held by the process that has the store open, and by
whoever is writing, until its commit."""

_SCHEMA = "coalesce(hashtext(current_schema()), 0)"
_OWN, _OWN_SHARED = (
    f"SET lock_timeout = '{OWNER_SECONDS}s'; SELECT pg_advisory_lock{how}({OWNER}, {_SCHEMA}); RESET lock_timeout"
    for how in ("", "_shared")
)
_ALONE = f"SELECT pg_advisory_xact_lock({WRITER}, {_SCHEMA}), pg_current_xact_id()::text AS id"

_MARK = "\ufdd0"
Answer = TypeVar("Answer")


def new_loop() -> asyncio.AbstractEventLoop:
    """Returns an event loop for a thread: uvloop's, through which a read takes half as long."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


async def connect(address: Address, reading: bool) -> asyncpg.Connection:
    """Returns a connection; one for reading can't write."""
    settings = {"application_name": "hansa", "jit": "off", "synchronous_commit": "on"}
    if reading:
        settings["default_transaction_read_only"] = "on"
    return await asyncpg.connect(
        address.url,
        ssl=ssl.create_default_context() if address.verified else None,
        timeout=CONNECT_SECONDS,
        command_timeout=READ_SECONDS if reading else STATEMENT_SECONDS,
        max_cached_statement_lifetime=0,
        server_settings=settings,
    )


async def let_go(connection: asyncpg.Connection) -> None:
    """Ends a connection in order; without a word where the server does not answer any more."""
    try:
        await connection.close(timeout=GOODBYE_SECONDS)
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
        await cut(connection)


async def cut(connection: asyncpg.Connection) -> None:
    """Ends a connection without a word."""
    connection.terminate()
    await asyncio.sleep(0)  # what it holds goes at the loop's next turn


def given(value: Any) -> Any:
    """Returns a value as it is handed to the driver."""
    match value:
        case str():
            return _escaped(value) if "\0" in value or _MARK in value else value
        case list():
            return [given(one) for one in value]
    return value


def plain(rows: Sequence[Fetched]) -> list[Fetched]:
    """Returns rows as they went in."""
    if not any(type(value) is str and _MARK in value for row in rows for value in row.values()):
        return rows if isinstance(rows, list) else list(rows)
    return [{name: _unescaped(value) if type(value) is str else value for name, value in row.items()} for row in rows]


def _escaped(text: str) -> str:
    return text.replace(_MARK, _MARK + "1").replace("\0", _MARK + "0")


def _unescaped(text: str) -> str:
    return text.replace(_MARK + "0", "\0").replace(_MARK + "1", _MARK)


class PostgresSession:
    """The writing connection. It is made when it is needed, also anew, after the server was away.

    Nobody else can have the store open meanwhile: it holds the owner's lock, which goes with the connection. Several
    processes of one node share it, and then nobody has it alone.
    """

    def __init__(self, address: Address, looking: bool = False, shared: bool = False) -> None:
        """Connects at the first statement.

        Args:
            looking: only reads, beside whoever has the store open.
            shared: one of several processes of a node.
        """
        self._address = address
        self._looking = looking
        self._shared = shared
        self._loop = new_loop()
        self._connection: asyncpg.Connection | None = None
        self._inside = False
        self._transaction = ""
        self._words = postgres_words.Waiting()

    # ---- statements

    def run(self, statement: Prepared, parameters: Mapping[str, Any]) -> list[Fetched]:
        """Runs a statement and returns the rows of its answer."""
        sql = statement.numbered
        return self.raw(sql.sql, *sql.values(parameters))

    def run_many(self, statement: Prepared, parameters: Iterable[Mapping[str, Any]]) -> int:
        """Runs a statement once for each set of parameters; returns how many sets there were."""
        sql = statement.numbered
        sets = [[given(value) for value in sql.values(one)] for one in parameters]
        if sets:
            self._do(self._connected().executemany(sql.sql, sets))
        return len(sets)

    def run_wide(self, statement: Wide, rows: Sequence[Row]) -> int:
        """Inserts rows, all with one statement; returns how many it changed."""
        columns = [[given(value) for value in column] for column in zip(*rows, strict=True)]
        said: str = self._do(self._connected().execute(statement.arrays, *columns))
        return int(said.rpartition(" ")[2])

    def raw(self, sql: str, *values: Any) -> list[Fetched]:
        """Runs a statement given as text, and returns the rows of its answer."""
        return plain(self._do(self._connected().fetch(sql, *map(given, values))))

    def script(self, sql: str) -> None:
        """Runs statements given as text, which have no parameters."""
        self._do(self._connected().execute(sql))

    def walk(self, sql: str, *values: Any) -> Iterator[Fetched]:
        """Yields the rows of a statement's answer, for answers too large to hold; within a transaction."""
        cursor = self._do(_cursor(self._connected(), sql, [given(value) for value in values]))
        while rows := self._do(cursor.fetch(500)):
            yield from plain(rows)

    def put_words(self, number: int, tokens: str) -> None:
        """Lets the skill of that number be found by these words; it had none."""
        self._words.put(number, Counter(tokens.split()))

    def drop_words(self, number: int) -> None:
        """Lets the skill of that number not be found by words any more."""
        if not self._words.taken_back(number):
            for row in self.raw(postgres_words.DROP, number):
                self._words.dropped(row["length"])

    # ---- transactions

    def begin(self, isolation: str = "READ COMMITTED") -> None:
        """Opens a transaction that may write, once nobody else is in one: places and links are given one by one."""
        self._words = postgres_words.Waiting()
        begin = f"BEGIN ISOLATION LEVEL {isolation}"
        try:
            self.script(begin)
        except Exception as error:
            if not postgres_faults.lost(error):
                raise
            self.drop()  # it went while nothing was asked of it: nothing is lost with it
            self.script(begin)
        self._inside = True
        self._transaction = self.raw(_ALONE)[0]["id"]

    def commit(self) -> None:
        """Makes the transaction durable.

        Raises:
            Unavailable: the server went away in this moment, and can't say whether it was made.
        """
        for sql, values in self._words.statements():
            self.raw(sql, *values)
        try:
            self.script("COMMIT")
        except Exception as error:
            if not postgres_faults.lost(error) or not self._was_made(error):
                raise
        self._inside = False

    def rollback(self) -> None:
        """Undoes the transaction; nothing happens where there is none, or where the server has done so by itself."""
        inside, self._inside = self._inside, False
        if inside and self._connection is not None and not self._connection.is_closed():
            with contextlib.suppress(Exception):
                self.script("ROLLBACK")
                return
            self.drop()

    @contextlib.contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undoes what is done within when it raises; the transaction goes on."""
        self.script("SAVEPOINT batch")
        words = self._words.copied()
        try:
            yield
        except BaseException:
            self._words = words
            if self._connection is not None and not self._connection.is_closed():
                self.script("ROLLBACK TO SAVEPOINT batch; RELEASE SAVEPOINT batch")
            raise
        self.script("RELEASE SAVEPOINT batch")

    # ---- the connection

    def drop(self) -> None:
        """Lets go of the connection without a word."""
        connection, self._connection, self._inside = self._connection, None, False
        if connection is not None:
            self._do(cut(connection))

    def close(self) -> None:
        """Lets go of the database."""
        connection, self._connection = self._connection, None
        if connection is not None:
            self._do(let_go(connection))
        self._loop.close()

    def _connected(self) -> asyncpg.Connection:
        if self._connection is not None and not self._connection.is_closed():
            return self._connection
        if self._inside:
            raise Unavailable(f"{self._address} went away in the middle of a transaction; nothing was written")
        try:
            self._connection = self._do(connect(self._address, self._looking))
            if not self._looking:
                self._do(self._connection.execute(_OWN_SHARED if self._shared else _OWN))
        except asyncpg.LockNotAvailableError:
            self.drop()
            raise Busy(self._taken()) from None
        except Exception as error:
            self.drop()
            raise postgres_faults.translated(error, self._address) from error
        return self._connection

    def _taken(self) -> str:
        if self._shared:
            return f"a node without the setting replica has {self._address} open: stop it, and start it with that"
        return (
            f"another node has {self._address} open: stop it, or give this one a database of its own (processes of one"
            " hub all have the setting replica)"
        )

    def _was_made(self, error: Exception) -> bool:
        """Asks a server that is back whether the last transaction was made; raises when nobody can say."""
        unknown = Unavailable(
            f"{self._address} went away during a commit ({error}): whether it was written is seen when it is back"
        )
        self.drop()
        try:
            found = self.raw("SELECT pg_xact_status($1::text::xid8) AS status", self._transaction)[0]["status"]
        except Exception:
            raise unknown from None
        if found not in ("committed", "aborted"):
            raise unknown
        return bool(found == "committed")

    def _do(self, work: Coroutine[Any, Any, Answer]) -> Answer:
        return self._loop.run_until_complete(work)


async def _cursor(connection: asyncpg.Connection, sql: str, values: Sequence[Any]) -> Any:
    return await connection.cursor(sql, *values)
