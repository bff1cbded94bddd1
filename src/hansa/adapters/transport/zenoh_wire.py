"""One wire through Zenoh: messages to one key, with a window, so that a fast end does not flood a slow one.

Nothing that Zenoh says about who sent a message is believed: a link proves its ends by itself, and seals what it says.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable
from enum import IntEnum

from hansa.adapters.transport.wire import MAX_MESSAGE, Broken

WINDOW = 1024 * 1024
"""Bytes that may be on the way before the sender waits."""

ACK_EVERY = WINDOW // 4
"""Bytes that are read before the sender is told so."""


class Mark(IntEnum):
    """The first byte of a message: what it is."""

    DATA = 0
    FIRST = 1
    CLOSED = 2
    TORN = 3
    READ = 4


class ZenohWire:
    """One end of a wire.

    Attributes:
        boot: which process is at the other end; the wire ends with it.
    """

    def __init__(
        self, url: str, boot: str, put: Callable[[bytes], Awaitable[None]], drop: Callable[[], None], dialled: bool
    ) -> None:
        """Makes an end.

        Args:
            put: sends a message to the other end.
            drop: called once, when it ends.
            dialled: this end begins.
        """
        self.url = url
        self.boot = boot
        self._put = put
        self._drop = drop
        self._mark = Mark.FIRST if dialled else Mark.DATA
        self._inbox: deque[bytes] = deque()
        self._held = 0
        self._came = asyncio.Event()
        self._room = asyncio.Event()
        self._sent = self._acknowledged = 0
        self._read = self._told = 0
        self._over = False
        self._saying: set[asyncio.Task[None]] = set()

    async def send(self, data: bytes) -> None:
        """Sends a message."""
        while not self._over and self._sent - self._acknowledged >= WINDOW:
            self._room.clear()
            await self._room.wait()
        if self._over:
            raise Broken
        mark, self._mark = self._mark, Mark.DATA
        self._sent += len(data)
        await self._put(bytes([mark]) + data)

    async def receive(self) -> bytes:
        """Returns the next message."""
        while not self._inbox:
            if self._over:
                raise Broken
            self._came.clear()
            await self._came.wait()
        data = self._inbox.popleft()
        self._held -= len(data)
        self._read += len(data)
        if self._read - self._told >= ACK_EVERY:
            self._told = self._read
            await self._put(bytes([Mark.READ]) + self._read.to_bytes(8, "big"))
        return data

    async def close(self) -> None:
        """Ends it; what was sent comes before the last word, which is on the same way."""
        if not self._over:
            self._end()
            await self._last(Mark.CLOSED)

    def abort(self) -> None:
        """Ends it at once; the other end is told, if it can be."""
        if not self._over:
            self._inbox.clear()
            self._end()
            task = asyncio.ensure_future(self._last(Mark.TORN))
            self._saying.add(task)
            task.add_done_callback(self._saying.discard)

    async def _last(self, mark: Mark) -> None:
        with contextlib.suppress(Broken):
            await self._put(bytes([mark]))

    def came(self, message: bytes) -> None:
        """Takes a message of the other end."""
        if self._over or not message:
            return
        mark, data = message[0], message[1:]
        if mark in (Mark.DATA, Mark.FIRST) and len(data) <= MAX_MESSAGE and self._held + len(data) <= 2 * WINDOW:
            self._inbox.append(data)
            self._held += len(data)
        elif mark == Mark.READ:
            told = int.from_bytes(data[:8], "big")
            self._acknowledged = min(max(self._acknowledged, told), self._sent)
            self._room.set()
        elif mark == Mark.CLOSED:
            self._end()
        else:
            self.lose()
        self._came.set()

    def lose(self) -> None:
        """Ends it without a word: the other end is gone."""
        if not self._over:
            self._inbox.clear()
            self._end()

    def _end(self) -> None:
        self._over = True
        self._came.set()
        self._room.set()
        self._drop()
