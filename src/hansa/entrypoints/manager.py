"""A node for programs that know the mycorrhizal-network protocol: its own calls, on a whole node (M19).

    async with MycorrhizalNetworkManager("ann") as ann:
        await ann.connect_to_network(["http://node.example:8470"])
        ann.get_network_status()["links"]

What is shared goes the way of everything else: signed, and believed nowhere before it is proved there. Whom the node
links with, its operator has settled: by invitations, or `overlay={"open": True}`.

What is borrowed comes from nodes that offer it, by their own leave; see `entrypoints.borrowing`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

from hansa.adapters.lock import Claim
from hansa.entrypoints import logs, operations
from hansa.entrypoints.app import App, opened
from hansa.entrypoints.borrowing import borrow, wants
from hansa.entrypoints.config import load
from hansa.entrypoints.home import KEY
from hansa.entrypoints.http import server
from hansa.entrypoints.identities import create_identity
from hansa.entrypoints.steps import Result
from hansa.kernel.errors import HansaError, Unavailable, UsageError
from hansa.kernel.ids import NodeId
from hansa.node.net_views import NetViews
from hansa.overlay.notices import KNOWLEDGE_DISCOVERY
from hansa.skills.messages import SKILL


class MycorrhizalNetworkManager:
    """Runs a node in this program's event loop: its door, its routines, its place in the overlay."""

    def __init__(self, home: str | Path, **settings: Any) -> None:
        """Does nothing yet.

        Args:
            home: the data directory; one that has no identity is given one.
            settings: by the names of `config.toml`, which they go before; the port is a free one unless it is named.
        """
        self._home = Path(home).expanduser()
        self._settings = {"port": 0} | settings
        self._app: App | None = None
        self._opened = AsyncExitStack()
        self._stopping = asyncio.Event()
        self._serving: asyncio.Task[None] | None = None

    async def __aenter__(self) -> MycorrhizalNetworkManager:
        """Initializes and starts."""
        await self.initialize()
        try:
            await self.start()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        """Stops."""
        await self.stop()

    async def initialize(self) -> None:
        """Opens the node, with a new identity if there is none.

        Raises:
            UsageError: a setting makes no sense. Busy: another process has the data directory.
        """
        if self._app is not None:
            return
        if not (self._home / KEY).exists():
            create_identity(self._home)
        config = load(self._home, self._settings)
        logs.configure(config.log_level, config.log_json)
        self._app = await self._opened.enter_async_context(opened(self._home, config, Claim("up")))

    async def start(self) -> None:
        """Opens the node's door and takes its place in the overlay; returns when it answers.

        Raises:
            Unavailable: it can't listen, or was not initialized.
        """
        app = self._ready()
        if self._serving is not None:
            return
        answers = asyncio.get_running_loop().create_future()

        async def ready(url: str) -> None:
            answers.set_result(url)

        self._stopping.clear()
        sock = server.listen(app.config.host, app.config.port)
        self._serving = asyncio.create_task(server.serve(app, sock, ready, self._stopping))
        await asyncio.wait((self._serving, answers), return_when=asyncio.FIRST_COMPLETED)
        if not answers.done():
            failed, self._serving = self._serving, None
            failed.result()
            raise Unavailable("the node ended while it was coming up")

    async def stop(self) -> None:
        """Says good-bye to the neighbours, and closes the node."""
        self._stopping.set()
        if self._serving is not None:
            await asyncio.gather(self._serving, return_exceptions=True)
        self._serving = self._app = None
        await self._opened.aclose()

    @property
    def id(self) -> NodeId:
        """The node's id."""
        return self._ready().node.core.me

    @property
    def url(self) -> str:
        """Where the node's door answers; "" before `start`."""
        return self._ready().url

    async def connect_to_network(self, addresses: Sequence[str]) -> list[NodeId]:
        """Makes links to the nodes at some addresses; returns who is there, of those whose link stands.

        An address where nobody answers, or where this node is not let in, is left out; the node tries it again itself.
        """
        found = await asyncio.gather(*map(self._connect, addresses))
        return list(dict.fromkeys(one for one in found if one))

    async def _connect(self, address: str) -> NodeId | None:
        try:
            return NodeId((await self.ask("net.connect", url=address)).value["instance_id"])
        except HansaError:
            return None

    async def share_knowledge_discovery(
        self, discovery_type: str, data: Mapping[str, Any], target_nodes: Sequence[str] | None = None
    ) -> str:
        """Tells others of records or skills worth having; returns the id of the notice.

        Args:
            discovery_type: what it is about: the topic by which neighbours with an interest are chosen.
            data: `ids`, of records or of skills that this node passes on; whatever else is shown to those who look.
            target_nodes: tells these alone; None: everybody.

        Raises:
            UsageError: no ids, or something is no id.
        """
        ids = [self._record_of(str(one)) for one in data.get("ids") or ()]
        if not ids:
            raise UsageError("a discovery is told of by ids of records or skills: data={'ids': […]}")
        payload = {str(name): str(value) for name, value in data.items()} | {"ids": " ".join(ids)}
        told = await self.ask(
            "net.tell", type=KNOWLEDGE_DISCOVERY, payload=payload, to=list(target_nodes or ()),
            interests=[discovery_type],
        )  # fmt: skip
        return str(told.value["id"])

    def _record_of(self, id_: str) -> str:
        """Returns the record that passes a skill on; the id itself when it is none of a skill."""
        rows = self._ready().node.core.store.records_about(id_, SKILL)
        return rows[0].id if rows else id_

    async def request_computational_resources(
        self,
        cpu_cores: float,
        memory_gb: float,
        duration_hours: float,
        *,
        urgency_level: int = 0,
        cpu_price: str = "0",
        memory_price: str = "0",
        wait_seconds: float = 30.0,
    ) -> dict[str, Any]:
        """Borrows processors and memory; returns what was granted, by whom, and what is still missing.

        Args:
            cpu_cores: processors, to a thousandth; 0 for none. memory_gb: GiB; 0 for none.
            duration_hours: from when it is granted on.
            urgency_level: 0 to 1000.
            cpu_price, memory_price: credits that are paid at most for a core, a GiB and an hour.
            wait_seconds: how long it is waited for all of it; what has not come by then is asked for no more.

        Raises:
            UsageError: it asks for nothing, or an argument makes no sense.
            Unavailable: nobody granted anything in time, and why; or the node takes no part in the overlay.
        """
        wanted = wants(cpu_cores, memory_gb, (cpu_price, memory_price))
        return await borrow(self._ready(), self.ask, wanted, duration_hours, urgency_level, wait_seconds)

    async def offer_computational_resources(
        self,
        cpu_cores: float,
        memory_gb: float,
        availability_hours: float,
        *,
        cpu_price: str = "0",
        memory_price: str = "0",
    ) -> list[str]:
        """Puts processors and memory on offer; returns the ids of the offers.

        Args:
            cpu_cores, memory_gb: as in `request_computational_resources`.
            availability_hours: from now on.
            cpu_price, memory_price: credits for a core, a GiB and an hour.

        Raises:
            UsageError: it offers nothing, or an argument makes no sense.
        """
        offered = wants(cpu_cores, memory_gb, (cpu_price, memory_price))
        return [
            str(
                (await self.ask("market.offer", hours=str(availability_hours), **one.arguments("price"))).value["offer"]
            )
            for one in offered
        ]

    def get_network_status(self) -> dict[str, Any]:
        """Returns what `hansa net status` shows, and under `peers` what `hansa net peers` does."""
        app = self._ready()
        if app.network is None:
            raise Unavailable("the node takes no part in the overlay: start it first, and leave overlay.on as it is")
        views = NetViews(app.network)
        return views.status() | {"peers": views.peers()}

    async def ask(self, operation: str, **arguments: Any) -> Result:
        """Runs any operation of the node, as its owner's command line does; returns what it ends with."""
        last = Result({}, ok=False)
        async for step in operations.run(self._ready(), operation, arguments):
            if isinstance(step, Result):
                last = step
        return last

    def _ready(self) -> App:
        if self._app is None:
            raise Unavailable("the node is not open: await initialize() first")
        return self._app
