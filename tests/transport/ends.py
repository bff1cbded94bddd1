"""Ends of links for tests: a listener that can be waited for, and a way to make the same nodes over each carrier."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI

from hansa.adapters.clock import SystemClock
from hansa.adapters.transport.fabric import Fabric
from hansa.adapters.transport.loopback import Harbour, Loopback
from hansa.adapters.transport.params import Params
from hansa.adapters.transport.websocket import WebSocket
from hansa.adapters.transport.wire import Broken, Carrier, Wire
from hansa.entrypoints.http import overlay
from hansa.entrypoints.http.gate import Gate
from hansa.entrypoints.http.heads import server_config
from hansa.entrypoints.http.server import listen
from hansa.kernel.ids import NodeId
from hansa.kernel.verdict import Reason
from tests.identity.parties import NETWORK, me

QUICK = Params(beat_ms=200, idle_ms=2_000, closing_ms=500, settle_ms=300, per_host_per_minute=10_000, per_second=1_000)
"""As by default, but for waiting less."""

PATIENCE = 10.0


class Ear:
    """A listener that keeps what it was told."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []
        self.frames: list[bytes] = []
        self._changed = asyncio.Event()
        self.on_frame: Callable[[NodeId, bytes], None] = lambda _, __: None

    def linked(self, peer: NodeId, url: str, dialled: bool) -> None:
        self._note("linked", peer, url, dialled)

    def heard(self, peer: NodeId, data: bytes) -> None:
        self.frames.append(data)
        self.on_frame(peer, data)
        self._changed.set()

    def lost(self, peer: NodeId, reason: Reason | None) -> None:
        self._note("lost", peer, reason)

    def _note(self, *what: Any) -> None:
        self.told.append(what)
        self._changed.set()

    @property
    def standing(self) -> list[NodeId]:
        """Whom it was told it is linked to, from all it was told; each linked once before it is lost."""
        peers: list[NodeId] = []
        for what, peer, *_ in self.told:
            if what == "linked":
                assert peer not in peers, "linked twice"
                peers.append(peer)
            else:
                assert peer in peers, "lost without a link"
                peers.remove(peer)
        return peers

    async def until(self, holds: Callable[[Ear], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not holds(self):
                self._changed.clear()
                await self._changed.wait()

    async def loss(self) -> Reason | None:
        """Waits until a link is lost, and returns why."""
        await self.until(lambda ear: any(one[0] == "lost" for one in ear.told))
        return next(one[2] for one in self.told if one[0] == "lost")


class Tearable:
    """A carrier whose wires a test can get at."""

    def __init__(self, inner: Carrier) -> None:
        self.inner = inner
        self.wires: list[Wire] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    async def connect(self, url: str, whom: NodeId | None) -> Wire:
        wire = await self.inner.connect(url, whom)
        self.wires.append(wire)
        return wire


@dataclass
class End:
    """A node with links."""

    fabric: Fabric
    carrier: Tearable
    ear: Ear
    id: NodeId
    url: str
    close: Callable[[], Any]
    ports: list[int] = field(default_factory=list)


class Way:
    """Makes nodes that reach each other over one carrier."""

    kind = ""

    def __init__(self) -> None:
        self.ends: list[End] = []

    async def end(self, number: int, *, network: str = NETWORK, params: Params = QUICK, **changes: Any) -> End:
        """Returns a node that is started; of number N it is always the same node, a new process each time."""
        own = me(number, network=network, boot=bytes([number, len(self.ends)]) * 8, **changes)
        carrier, url, closing = await self._carrier(number, own.network)
        tearable = Tearable(carrier)
        fabric = Fabric(lambda: own, [tearable], SystemClock(), params)
        ear = Ear()
        made = End(fabric, tearable, ear, own.node, url, closing)
        await fabric.start(ear)
        self.ends.append(made)
        return made

    async def _carrier(self, number: int, network: str) -> tuple[Carrier, str, Callable[[], Any]]:
        raise NotImplementedError

    async def stop(self, end: End) -> None:
        self.ends.remove(end)
        await end.fabric.stop()
        await end.close()

    async def close(self) -> None:
        for end in list(self.ends):
            await self.stop(end)


async def nothing() -> None:
    """Does nothing."""


class LoopWay(Way):
    kind = "loopback"

    def __init__(self) -> None:
        super().__init__()
        self.harbour = Harbour()

    async def _carrier(self, number: int, network: str) -> tuple[Carrier, str, Callable[[], Any]]:
        return Loopback(self.harbour, str(number)), f"loop:{number}", nothing


class _Quiet(uvicorn.Server):
    """Leaves signals alone: of two in one process, the one that ends last would put the other's handler back."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.asynccontextmanager
async def serving(door: Any, port: int = 0) -> AsyncIterator[str]:
    """Serves an application as a node does."""
    sock = listen("127.0.0.1", port)
    server = _Quiet(server_config(door, timeout_graceful_shutdown=2))
    task = asyncio.create_task(server.serve(sockets=[sock]))
    while not server.started:
        await asyncio.sleep(0)
    try:
        yield f"http://127.0.0.1:{sock.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task


def small_door() -> FastAPI:
    """Returns a door that takes links and nothing else."""
    door = FastAPI(
        openapi_url=None, telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False}
    )
    door.add_middleware(Gate)
    overlay.add_to(door)
    return door


class WebSocketWay(Way):
    kind = "websocket"

    def __init__(self) -> None:
        super().__init__()
        self.ports: dict[int, int] = {}

    async def _carrier(self, number: int, network: str) -> tuple[Carrier, str, Callable[[], Any]]:
        door = small_door()
        stack = contextlib.AsyncExitStack()
        url = await stack.enter_async_context(serving(door, self.ports.get(number, 0)))
        self.ports[number] = int(url.rpartition(":")[2])
        carrier = WebSocket(own=lambda _: True, address=url)
        door.state.overlay = carrier
        return carrier, url, stack.aclose


def free_port() -> int:
    """Returns a port that was free a moment ago."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


async def torn(wire: Wire) -> None:
    """Waits until a wire has ended."""
    with pytest.raises(Broken):
        while True:
            await wire.receive()


class ZenohWay(Way):
    """All nodes are clients of one router, and reach each other through that alone."""

    kind = "zenoh"

    def __init__(self) -> None:
        super().__init__()
        self.router: Any = None

    async def _carrier(self, number: int, network: str) -> tuple[Carrier, str, Callable[[], Any]]:
        zenoh = pytest.importorskip("zenoh", reason="eclipse-zenoh is not installed: pip install 'hansa[zenoh]'")
        from hansa.adapters.transport.zenoh import Zenoh, _settings

        if self.router is None:
            self.port = free_port()
            settings = _settings("router", [f"tcp/127.0.0.1:{self.port}"], (), None)
            self.router = await asyncio.to_thread(zenoh.open, zenoh.Config.from_json5(json.dumps(settings)))
        own = me(number).node
        return Zenoh(own, network, connect=[f"tcp/127.0.0.1:{self.port}"]), f"zenoh:{own}", nothing

    async def close(self) -> None:
        await super().close()
        if self.router is not None:
            await asyncio.to_thread(self.router.close)
