"""Wires through Eclipse Zenoh: for nodes that share a router, or are routers themselves; the extra `zenoh`.

A node is at zenoh:NODE-ID, wherever in the same fabric of routers. Keys, below hansa/NETWORK:

    node/NODE/PROCESS               a token that lives as long as the process: who is there, and who is gone
    link/TO/PROCESS/FROM/PROCESS/WIRE   messages of a wire, to one process of one node

Each process has one subscription, to link/ITSELF/PROCESS/**, so that nothing needs to be declared for a wire. What was
measured decides the settings: shared memory off (upstream issue 2628), no links of its own choice between routers
(`autoconnect`), a lease of 2 s, callbacks straight from Zenoh's thread with one wake-up of the event loop for a batch.
What is sent goes through one thread of ours: when Zenoh's queue is full it is that thread which waits.

Zenoh starts threads, which a forked process would not have: start processes by `spawn`.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

from hansa.adapters.transport.wire import Broken, Taker
from hansa.adapters.transport.zenoh_wire import Mark, ZenohWire
from hansa.kernel.errors import Refused, Unavailable
from hansa.kernel.ids import NodeId

SCHEME = "zenoh:"
ASK_SECONDS = 0.5
ASKS = 4
"""How often is asked for a node that has perhaps only just come."""

LEASE_MS = 2_000
MAX_WAITING = 64 * 1024 * 1024
"""Bytes that came and that the event loop has not seen yet; beyond that they are dropped, and their links end."""


class Zenoh:
    """Implements `wire.Carrier`."""

    def __init__(
        self,
        me: NodeId,
        network: str,
        *,
        listen: Sequence[str] = (),
        connect: Sequence[str] = (),
        mode: str = "",
        tls: Mapping[str, Any] | None = None,
    ) -> None:
        """Opens no session before `start`.

        Args:
            listen: endpoints that this node takes, e.g. "tls/0.0.0.0:7447".
            connect: endpoints of routers, e.g. "tls/hub.example:7447".
            mode: "router" relays for others, and is the default with `listen`; "client" has its routers do so, and is
                the default without; "peer" reaches those it is connected to, and relays nothing.
            tls: Zenoh's own settings `transport/link/tls`: root_ca_certificate, listen_certificate …
        """
        self._me = me
        self._root = f"hansa/{quote(network, safe='')}"
        self._settings = _settings(mode or ("router" if listen else "client"), listen, connect, tls)
        self._boot = os.urandom(8).hex()
        self._session: Any = None
        self._held: list[Any] = []
        self._wires: dict[str, ZenohWire] = {}
        self._tasks: dict[asyncio.Task[None], None] = {}
        self._taker: Taker | None = None
        self._came: deque[tuple[str, bytes]] = deque()
        self._waiting = 0
        self._woken = False
        self._wires_made = 0

    @property
    def name(self) -> str:
        """What it is called."""
        return "zenoh"

    @property
    def addresses(self) -> Sequence[str]:
        """Where this node can be dialled by whoever shares its routers."""
        return [SCHEME + self._me] if self._session is not None else []

    def speaks(self, url: str) -> bool:
        """Says whether an address names a node."""
        return url.startswith(SCHEME)

    async def start(self, taker: Taker) -> None:
        """Opens the session, and begins to take wires."""
        try:
            import zenoh
        except ImportError:
            raise Unavailable("links by Zenoh need its library: pip install 'hansa[zenoh]'") from None
        self._taker = taker
        self._loop = asyncio.get_running_loop()
        self._sending = ThreadPoolExecutor(1, "zenoh-put")
        config = zenoh.Config.from_json5(json.dumps(self._settings))
        try:
            self._session = await asyncio.to_thread(zenoh.open, config)
        except zenoh.ZError as error:
            endpoints = ", ".join(self._settings["listen"]["endpoints"]) or "no endpoint of its own"
            raise Unavailable(f"Zenoh does not start with {endpoints}: {str(error)[:200]}") from None
        session, alive = self._session, self._session.liveliness()
        mine = f"{self._root}/link/{self._me}/{self._boot}/**"
        self._held = [
            session.declare_subscriber(mine, zenoh.handlers.Callback(self._on_sample, indirect=False)),
            alive.declare_subscriber(
                f"{self._root}/node/*/*", zenoh.handlers.Callback(self._on_token, indirect=False), history=True
            ),
            alive.declare_token(f"{self._root}/node/{self._me}/{self._boot}"),
        ]

    async def stop(self) -> None:
        """Takes no more, and closes the session."""
        self._taker = None
        session, self._session = self._session, None
        for wire in list(self._wires.values()):
            wire.lose()
        if self._tasks:
            await asyncio.wait(list(self._tasks))
        if session is not None:
            await self._loop.run_in_executor(self._sending, session.close)
            self._sending.shutdown(wait=False)
        self._held.clear()

    async def connect(self, url: str, whom: NodeId | None) -> ZenohWire:
        """Returns a wire to the node that an address names."""
        peer = url.removeprefix(SCHEME)
        if self._session is None or not _is_chunk(peer):
            raise Unavailable(f"{url} is not the address of a node by Zenoh: write it like zenoh:did:key:…")
        boots: list[str] = []
        for _ in range(ASKS):
            boots = await self._processes(peer)
            if boots:
                break
            await asyncio.sleep(ASK_SECONDS / 4)
        if not boots:
            raise Unavailable(f"no node answers at {url}: is it up, and connected to the same routers?")
        self._wires_made += 1
        number = f"{self._wires_made}-{os.urandom(8).hex()}"
        return self._wire(peer, boots[-1], number, dialled=True)

    # ---- wires

    def _wire(self, peer: str, boot: str, number: str, dialled: bool) -> ZenohWire:
        name = f"{peer}/{boot}/{number}"
        key = f"{self._root}/link/{peer}/{boot}/{self._me}/{self._boot}/{number}"

        async def put(data: bytes) -> None:
            await self._put(key, data)

        def drop() -> None:
            self._wires.pop(name, None)

        wire = ZenohWire(SCHEME + peer, boot, put, drop, dialled)
        self._wires[name] = wire
        return wire

    async def _put(self, key: str, data: bytes) -> None:
        import zenoh

        if self._session is not None:
            session, block = self._session, zenoh.CongestionControl.BLOCK

            def put() -> None:
                session.put(key, data, congestion_control=block, express=True)

            try:
                await self._loop.run_in_executor(self._sending, put)
            except (zenoh.ZError, RuntimeError):  # the session is closed, or the thread
                raise Broken from None

    def _take(self, name: str, data: bytes) -> None:
        wire = self._wires.get(name)
        if wire is not None:
            wire.came(data)
        elif data[:1] == bytes([Mark.FIRST]) and self._taker is not None:
            peer, boot, number = name.split("/")
            wire = self._wire(peer, boot, number, dialled=False)
            wire.came(data)
            self._begin(self._hand_over(self._taker, wire))

    def _begin(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks[task] = None
        task.add_done_callback(lambda done: self._tasks.pop(done, None))

    async def _hand_over(self, taker: Taker, wire: ZenohWire) -> None:
        async def accept() -> ZenohWire:
            return wire

        try:
            await taker.take("", accept)
        except Refused:
            wire.abort()

    # ---- from Zenoh's threads

    def _on_sample(self, sample: Any) -> None:
        name = str(sample.key_expr).removeprefix(f"{self._root}/link/{self._me}/{self._boot}/")
        data = sample.payload.to_bytes()
        if name.count("/") == 2 and self._waiting <= MAX_WAITING:
            self._waiting += len(data)
            self._hand_in(name, data)

    def _on_token(self, sample: Any) -> None:
        if str(sample.kind).endswith("DELETE"):
            self._hand_in(str(sample.key_expr).removeprefix(f"{self._root}/node/"), b"")

    def _hand_in(self, name: str, data: bytes) -> None:
        self._came.append((name, data))
        if not self._woken:
            self._woken = True
            _soon(self._loop, self._drain)

    def _drain(self) -> None:
        self._woken = False
        while self._came:
            name, data = self._came.popleft()
            self._waiting -= len(data)
            if data:
                self._take(name, data)
                continue
            for held, wire in list(self._wires.items()):
                if held.startswith(f"{name}/"):
                    wire.lose()

    async def _processes(self, peer: str) -> list[str]:
        """Returns the processes of a node that are there, in no order."""
        import zenoh

        found: list[str] = []
        done = self._loop.create_future()
        root = f"{self._root}/node/{peer}/"

        def on_reply(reply: Any) -> None:
            if reply.ok is not None:
                found.append(str(reply.ok.key_expr).removeprefix(root))

        def finish() -> None:
            if not done.done():
                done.set_result(None)

        def on_done() -> None:
            _soon(self._loop, finish)

        handler = zenoh.handlers.Callback(on_reply, on_done, indirect=False)
        self._session.liveliness().get(f"{root}*", handler, timeout=ASK_SECONDS)
        await done
        return found


def _soon(loop: asyncio.AbstractEventLoop, call: Callable[[], object]) -> None:
    try:
        loop.call_soon_threadsafe(call)
    except RuntimeError:
        return  # the loop is closed: nobody waits for this any more


def _is_chunk(text: str) -> bool:
    return text.startswith("did:key:z") and text.replace(":", "").isalnum() and len(text) <= 64


def _settings(
    mode: str, listen: Sequence[str], connect: Sequence[str], tls: Mapping[str, Any] | None
) -> dict[str, Any]:
    return {
        "mode": mode,
        "listen": {"endpoints": list(listen)},
        "connect": {"endpoints": list(connect), "timeout_ms": -1, "exit_on_failure": False},
        "scouting": {
            "delay": 0,
            "multicast": {"enabled": False},
            "gossip": {"enabled": True, "autoconnect": {"router": [], "peer": []}},
        },
        "transport": {
            "shared_memory": {"enabled": False},
            "link": {"tx": {"lease": LEASE_MS}, **({"tls": dict(tls)} if tls else {})},
        },
        "adminspace": {"enabled": False},
    }
