"""Reading from PostgreSQL for callers that wait: one thread whose event loop has a few connections.

Asking is synchronous, as the port wants it: the caller's thread rests until the answer is there. Each question is a
transaction of its own, and sees all that is committed.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from typing import Any

import asyncpg

from hansa.adapters.store import postgres_faults
from hansa.adapters.store.address import Address
from hansa.adapters.store.postgres_session import connect, cut, given, let_go, new_loop, plain
from hansa.adapters.store.prepared import Fetched
from hansa.kernel.errors import Fault, HansaError

CONNECTIONS = 4
"""Connections that read. Raising it lets more threads ask at the same time, and takes more of the server."""

SLOW_SECONDS, DOWN_SECONDS = 0.5, 2.0
"""Where finding out that the server can't be reached took the first, it is not asked again for the second: whoever asks
waits with all of its thread."""


class PostgresReading:
    """Answers questions of any thread."""

    def __init__(self, address: Address) -> None:
        """Starts the thread; connections are made as they are needed."""
        self._address = address
        self._loop = new_loop()
        self._idle: list[asyncpg.Connection] = []
        self._down: HansaError | None = None
        self._down_until = 0.0
        self._free = asyncio.Semaphore(CONNECTIONS)
        self._lock = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._loop.run_forever, name="hansa-store-reads", daemon=True)
        self._thread.start()

    def ask(self, sql: str, values: Sequence[Any]) -> Sequence[Fetched]:
        """Returns the rows of a statement's answer.

        Raises:
            Fault: the store is closed. Unavailable: the server does not answer.
        """
        with self._lock:
            if self._closed:
                raise Fault("the store is closed")
            asked = asyncio.run_coroutine_threadsafe(self._asked(sql, [given(one) for one in values]), self._loop)
        try:
            return plain(asked.result())
        except Exception as error:
            raise postgres_faults.translated(error, self._address) from error

    def close(self) -> None:
        """Lets go of the database; who still waits for an answer gets it first."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    # ---- in the thread

    async def _asked(self, sql: str, values: list[Any]) -> list[Fetched]:
        async with self._free:
            while self._idle:
                try:
                    return await self._fetched(self._idle.pop(), sql, values)
                except Exception as error:
                    if not postgres_faults.lost(error) or isinstance(error, TimeoutError):
                        raise
            return await self._fetched(await self._connected(), sql, values)

    async def _connected(self) -> asyncpg.Connection:
        if self._down is not None and self._loop.time() < self._down_until:
            raise self._down
        began = self._loop.time()
        try:
            connection = await connect(self._address, reading=True)
        except Exception as error:
            now = self._loop.time()
            self._down = postgres_faults.translated(error, self._address)
            self._down_until = now + DOWN_SECONDS if now - began > SLOW_SECONDS else 0.0
            raise self._down from None
        self._down = None
        return connection

    async def _fetched(self, connection: asyncpg.Connection, sql: str, values: list[Any]) -> list[Fetched]:
        try:
            found: list[Fetched] = await connection.fetch(sql, *values)
        except BaseException as error:
            if connection.is_closed() or isinstance(error, TimeoutError) or not isinstance(error, Exception):
                await cut(connection)
            else:
                self._idle.append(connection)
            raise
        self._idle.append(connection)
        return found

    async def _end(self) -> None:
        for _ in range(CONNECTIONS):
            await self._free.acquire()
        for connection in self._idle:
            await let_go(connection)
