"""Links between two nodes, sealed, against bare WebSocket with nothing proved and nothing hidden.

Both ends are in one process, in both cases. A link puts what waits into one message, so that one-way traffic of small
frames may be faster than bare messages; a round trip pays for sealing, opening and the queue.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

from websockets.asyncio.client import connect
from websockets.asyncio.server import serve

from benchmarks.measure import Row, against
from hansa.kernel.ids import NodeId
from hansa.kernel.verdict import Reason
from tests.transport.ends import Way, WebSocketWay, ZenohWay

SIZES = {"1 KB": 1_000, "100 KB": 100_000}
TRIPS = 200
ONE_WAY = {"1 KB": 4_000, "100 KB": 200}


class _Counter:
    """A listener that answers, or counts up to a number and says so."""

    def __init__(self) -> None:
        self.heard_last = asyncio.Event()
        self.left = 0
        self.answer: Callable[[NodeId, bytes], object] | None = None

    def linked(self, peer: NodeId, url: str, dialled: bool) -> None:
        """Does nothing."""

    def lost(self, peer: NodeId, reason: Reason | None) -> None:
        """Does nothing."""

    def heard(self, peer: NodeId, data: bytes) -> None:
        """Answers, or counts."""
        if self.answer is not None:
            self.answer(peer, data)
        self.left -= 1
        if self.left == 0:
            self.heard_last.set()

    async def wait_for(self, count: int) -> None:
        self.left = count
        self.heard_last.clear()


class _Linked:
    """Two nodes with a link."""

    def __init__(self, a: Any, b: Any) -> None:
        self.a, self.b = a, b
        self.near, self.far = _Counter(), _Counter()
        a.fabric._listener, b.fabric._listener = self.near, self.far

    async def trips(self, data: bytes, count: int) -> int:
        self.far.answer = self.b.fabric.send
        for _ in range(count):
            await self.near.wait_for(1)
            self.a.fabric.send(self.b.id, data)
            await self.near.heard_last.wait()
        self.far.answer = None
        return count

    async def one_way(self, data: bytes, count: int) -> int:
        await self.far.wait_for(count)
        for _ in range(count):
            while not self.a.fabric.send(self.b.id, data):
                await asyncio.sleep(0)
        await self.far.heard_last.wait()
        return count


class _Bare:
    """Two ends of a WebSocket."""

    def __init__(self, near: Any) -> None:
        self.near = near

    async def trips(self, data: bytes, count: int) -> int:
        for _ in range(count):
            await self.near.send(data)
            await self.near.recv()
        return count

    async def one_way(self, data: bytes, count: int) -> int:
        """Sends messages, of which the other end answers the last one alone."""
        for _ in range(count - 1):
            await self.near.send(b"\0" + data[1:])
        await self.near.send(data)
        await self.near.recv()
        return count


async def _echo(socket: Any) -> None:
    async for message in socket:
        if message[0]:
            await socket.send(message)


@contextlib.asynccontextmanager
async def _pairs() -> AsyncIterator[tuple[dict[str, _Linked], _Bare]]:
    kinds: list[type[Way]] = [WebSocketWay]
    if importlib.util.find_spec("zenoh"):
        kinds.append(ZenohWay)
    options: dict[str, Any] = {"compression": None, "ping_interval": None, "max_size": None}
    async with contextlib.AsyncExitStack() as stack:
        linked = {}
        for kind in kinds:
            way = kind()
            stack.push_async_callback(way.close)
            a, b = await way.end(1), await way.end(2)
            await a.fabric.dial(b.url, b.id)
            linked[way.kind] = _Linked(a, b)
        server = await stack.enter_async_context(serve(_echo, "127.0.0.1", 0, **options))
        port = next(iter(server.sockets)).getsockname()[1]
        yield linked, _Bare(await stack.enter_async_context(connect(f"ws://127.0.0.1:{port}", proxy=None, **options)))


def rows() -> Iterable[Row]:
    """Times round trips and one-way messages."""
    with asyncio.Runner() as runner:
        pairs = _pairs()
        linked, bare = runner.run(pairs.__aenter__())
        for kind, pair in linked.items():
            through = "a link by WebSocket" if kind == "websocket" else "a link through a router of Zenoh"
            for size, length in SIZES.items():
                data = b"\1" * length
                yield against(
                    f"round trip of {size} over {through}",
                    lambda pair=pair, data=data: runner.run(pair.trips(data, TRIPS)),
                    "bare websockets",
                    lambda data=data: runner.run(bare.trips(data, TRIPS)),
                )
                yield against(
                    f"{size} one way over {through}",
                    lambda pair=pair, data=data, size=size: runner.run(pair.one_way(data, ONE_WAY[size])),
                    "bare websockets",
                    lambda data=data, size=size: runner.run(bare.one_way(data, ONE_WAY[size])),
                )
        runner.run(pairs.__aexit__(None, None, None))
