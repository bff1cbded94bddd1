"""One link: a wire whose ends are proved, what waits to be sent over it, and signs of life in both directions.

What is put in comes out at the other end in order and once, or not at all with the link's end: messages are sealed
under numbers, so that one which is lost or repeated ends the link. After `beat_ms` without a word an end says that it
is there; after `idle_ms` without a word of the other, the link is lost.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

from hansa.adapters.transport.params import Params
from hansa.adapters.transport.pieces import Joiner, Kind, Queue
from hansa.adapters.transport.wire import Broken, Wire
from hansa.identity.handshake import Session
from hansa.kernel.errors import Refused
from hansa.kernel.ids import NodeId
from hansa.kernel.verdict import BY_CODE, Reason
from hansa.overlay.frames import MAX_FRAME


class Owner(Protocol):
    """Who keeps a link, and is told what comes over it."""

    def heard(self, link: Link, data: bytes) -> None:
        """A frame came."""
        ...

    def ended(self, link: Link, reason: Reason | None) -> None:
        """The link is over; told once."""
        ...


class Link:
    """A link to one node.

    Attributes:
        peer: who is at the other end.
        boot: which process of it.
        order: of two links between the same processes, the one with the higher number stands.
        dialled: this end began it.
        since: when it began, on the loop's clock, seconds.
        is_over: whether it has ended.
    """

    def __init__(
        self, wire: Wire, session: Session, owner: Owner, params: Params, *, order: int, dialled: bool
    ) -> None:
        """Makes a link; nothing is sent or read before `begin`."""
        self.peer: NodeId = session.peer
        self.boot = session.boot
        self.order = order
        self.dialled = dialled
        self.url = wire.url
        self._loop = asyncio.get_running_loop()
        self.since = self._loop.time()
        self._wire = wire
        self._session = session
        self._owner = owner
        self._params = params
        self._queue = Queue()
        self._joiner = Joiner()
        self._wake = asyncio.Event()
        self._over = self._loop.create_future()
        self.is_over = False
        self._flushed = self._loop.create_future()
        self._closing = False
        self._heard_at = self._spoke_at = self._ticked_at = self.since
        self._tasks: list[asyncio.Task[None]] = []
        self._timer: asyncio.TimerHandle | None = None

    @property
    def queued(self) -> int:
        """Bytes that wait to be sent."""
        return self._queue.size

    def begin(self, first: bytes = b"") -> None:
        """Begins to send and to read.

        Args:
            first: a message that goes before all others, by itself.
        """
        self._tasks = [self._loop.create_task(self._write(first)), self._loop.create_task(self._read())]
        self._tick()

    def send(self, data: bytes) -> bool:
        """Puts a frame into the queue; False when that is full, the frame too large, or the link ends."""
        if self._closing or self.is_over or len(data) > MAX_FRAME:
            return False
        if self._queue.size + len(data) > self._params.max_queue:
            return False
        self._put(Kind.FRAME, data)
        return True

    async def close(self, reason: Reason | None = None) -> None:
        """Ends it in order: what waits is sent first, then the reason is told."""
        if not self._closing and not self.is_over:
            await self._finish(reason, None)
        await self.wait()

    async def wait(self) -> None:
        """Returns when the link is over, and nothing of it goes on."""
        await asyncio.wait([self._over])
        others = [task for task in self._tasks if task is not asyncio.current_task()]
        if others:
            await asyncio.wait(others)

    def end(self, reason: Reason | None, politely: bool = False) -> None:
        """Ends it at once, and tells its owner; nothing happens when it has ended.

        Args:
            politely: the wire is closed, so that what was sent arrives, and not torn.
        """
        if self.is_over:
            return
        self.is_over = True
        self._over.set_result(None)
        if self._timer is not None:
            self._timer.cancel()
        for task in self._tasks:
            if task is not asyncio.current_task():
                task.cancel()
        if politely:
            self._tasks.append(self._loop.create_task(self._hang_up()))
        else:
            self._wire.abort()
        self._owner.ended(self, reason)

    async def _hang_up(self) -> None:
        try:
            async with asyncio.timeout(self._params.closing_ms / 1000):
                await self._wire.close()
        except (Broken, TimeoutError):
            pass
        finally:
            self._wire.abort()

    def _put(self, kind: Kind, data: bytes) -> None:
        self._queue.put(kind, data)
        self._wake.set()

    async def _write(self, first: bytes) -> None:
        try:
            if first:
                await self._wire.send(self._session.sealer.seal(first))
            while not self.is_over:
                await self._wake.wait()
                self._wake.clear()
                while self._queue:
                    plain, counted = self._queue.batch()
                    await self._wire.send(self._session.sealer.seal(plain))
                    self._queue.size -= counted
                    self._spoke_at = self._loop.time()
                if self._closing and not self._flushed.done():
                    self._flushed.set_result(None)
        except Broken:
            self.end(Reason.UNREACHABLE)
        except Refused as refused:
            self.end(refused.reason)
        finally:
            self.end(Reason.BAD_LINK)  # a fault of our own

    async def _read(self) -> None:
        try:
            while not self.is_over:
                message = self._session.opener.open(await self._wire.receive())
                self._heard_at = self._loop.time()
                for kind, data in self._joiner.read(message):
                    self._take(kind, data)
        except Broken:
            self.end(Reason.UNREACHABLE)
        except Refused as refused:
            if not self._closing:
                await self._finish(refused.reason, Reason.BAD_LINK)
        finally:
            self.end(Reason.BAD_LINK)  # a fault of our own: the listener raised

    def _take(self, kind: int, data: bytes) -> None:
        if self.is_over:
            return
        if kind == Kind.FRAME:
            self._owner.heard(self, data)
        elif kind == Kind.BYE:
            told = data[:32].decode("ascii", "replace")
            self.end(BY_CODE.get(told, Reason.BAD_LINK) if told else None, politely=True)

    async def _finish(self, told: Reason | None, reason: Reason | None) -> None:
        """Sends what waits and a last word, as far as time allows, and ends the link."""
        self._closing = True
        self._put(Kind.BYE, told.code.encode() if told else b"")
        limit = self._params.closing_ms / 1000
        await asyncio.wait([self._flushed, self._over], timeout=limit, return_when=asyncio.FIRST_COMPLETED)
        self.end(reason, politely=self._flushed.done())

    def _tick(self) -> None:
        beat, now = self._params.beat_ms / 1000, self._loop.time()
        late = now - self._ticked_at > beat  # this process stood still: what came meanwhile is not read yet
        self._ticked_at = now
        if late:
            self._heard_at = max(self._heard_at, now - beat)
        if now - self._heard_at > self._params.idle_ms / 1000:
            self.end(Reason.UNREACHABLE)
            return
        if now - self._spoke_at >= beat and not self._queue:
            self._put(Kind.BEAT, b"")
        self._timer = self._loop.call_later(beat / 2, self._tick)
