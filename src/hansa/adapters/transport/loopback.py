"""Wires within a process: the carrier of tests and of a simulated world, with the bounds and the manners of the others.

>>> harbour = Harbour()
>>> Loopback(harbour, "visby").speaks("loop:luebeck")
True
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence

from hansa.adapters.transport.wire import MAX_MESSAGE, Broken, Taker
from hansa.kernel.errors import Refused, Unavailable
from hansa.kernel.ids import NodeId

WINDOW = 16
"""Messages that may lie in a wire before its sender waits."""


class LoopWire:
    """One end of a wire; it has the other."""

    def __init__(self, url: str) -> None:
        """Makes one end; `join` gives it the other."""
        self.url = url
        self._inbox: deque[bytes | None] = deque()
        self._reader: asyncio.Future[None] | None = None
        self._taken = asyncio.Event()
        self._torn = self._closed = False
        self._other: LoopWire = self

    def join(self, other: LoopWire) -> None:
        """Makes two ends one wire."""
        self._other, other._other = other, self

    async def send(self, data: bytes) -> None:
        """Sends a message."""
        if self._closed or self._other._closed:
            raise Broken
        await self._put(bytes(data))

    async def receive(self) -> bytes:
        """Returns the next message."""
        while not self._inbox and not self._torn:
            self._reader = asyncio.get_running_loop().create_future()
            await self._reader
        if self._torn:
            raise Broken
        data = self._inbox.popleft()
        self._other._taken.set()
        if data is None or len(data) > MAX_MESSAGE:
            raise Broken
        return data

    async def close(self) -> None:
        """Ends it; what was sent is read first."""
        if not self._closed and not self._torn:
            self._closed = True
            await self._put(None)

    def abort(self) -> None:
        """Tears it; nobody reads what is in it, unless it was closed in order before."""
        for end in (self,) if self._closed else (self, self._other):
            end._torn = True
            end._wake_reader()
            end._taken.set()

    async def _put(self, data: bytes | None) -> None:
        there = self._other._inbox
        while len(there) >= WINDOW and not self._torn:
            self._taken.clear()
            await self._taken.wait()
        if self._torn:
            raise Broken
        there.append(data)
        self._other._wake_reader()

    def _wake_reader(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)


class Harbour:
    """Where carriers of one process find each other."""

    def __init__(self) -> None:
        """Has none."""
        self.takers: dict[str, Taker] = {}


class Loopback:
    """Implements `wire.Carrier` within a process."""

    def __init__(self, harbour: Harbour, berth: str) -> None:
        """Lies at `berth` of `harbour`, by which others dial it: loop:BERTH."""
        self._harbour = harbour
        self._berth = berth
        self._taker: Taker | None = None
        self._tasks: dict[asyncio.Task[None], None] = {}

    @property
    def name(self) -> str:
        """What it is called."""
        return "loop"

    @property
    def addresses(self) -> Sequence[str]:
        """Its berth, while it takes wires."""
        return [f"loop:{self._berth}"] if self._taker is not None else []

    def speaks(self, url: str) -> bool:
        """Says whether an address is one of a berth."""
        return url.startswith("loop:")

    async def start(self, taker: Taker) -> None:
        """Begins to take wires."""
        if self._berth in self._harbour.takers:
            raise Unavailable(f"the berth {self._berth} is taken: choose another")
        self._taker = self._harbour.takers[self._berth] = taker

    async def connect(self, url: str, whom: NodeId | None) -> LoopWire:
        """Returns a wire to whoever lies at a berth."""
        taker = self._harbour.takers.get(url.removeprefix("loop:"))
        if taker is None:
            raise Unavailable(f"nobody lies at {url}")
        near, far = LoopWire(url), LoopWire(f"loop:{self._berth}")
        near.join(far)
        task = asyncio.create_task(self._hand_over(taker, far))
        self._tasks[task] = None
        task.add_done_callback(lambda done: self._tasks.pop(done, None))
        return near

    async def stop(self) -> None:
        """Takes no more."""
        if self._taker is not None:
            del self._harbour.takers[self._berth]
        self._taker = None

    async def _hand_over(self, taker: Taker, far: LoopWire) -> None:
        async def accept() -> LoopWire:
            return far

        try:
            await taker.take("", accept)
        except Refused:
            far.abort()
