"""Puts a running node into the overlay: transports, parts, seeds, and what is kept over a restart.

Whom it may link with is settled here: nodes that the operator invited or joined, unless `overlay.open` lets all in.
Where it may dial is the guard's word, as for every other connection: addresses that the operator gave, public ones, and
those in `outbound.lan`.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import structlog

from hansa.adapters.guard import Guard
from hansa.adapters.transport.fabric import Fabric
from hansa.adapters.transport.params import Params
from hansa.adapters.transport.websocket import WebSocket, node_url
from hansa.adapters.transport.wire import Carrier
from hansa.adapters.transport.zenoh import Zenoh
from hansa.admission.versions import SUPPORTED
from hansa.entrypoints.app import App
from hansa.identity.handshake import Myself
from hansa.kernel.errors import HansaError, Refused, Unavailable
from hansa.kernel.ids import NodeId
from hansa.kernel.rng import Rng
from hansa.kernel.verdict import Reason
from hansa.node.core import Core
from hansa.node.driver import Effects
from hansa.node.joining import given_mark
from hansa.node.network import Network
from hansa.node.overlay_parts import make_parts
from hansa.node.rows import PutMark
from hansa.overlay.first_calls import Known

KEPT = "overlay"
"""Mark under which the table of addresses is kept over a restart."""

KEEP_SECONDS = 60.0
SEED_SECONDS = 5.0

log = structlog.get_logger("hansa")


@asynccontextmanager
async def linked(app: App, door_state: object, url: str) -> AsyncIterator[None]:
    """Keeps the node in the overlay as long as the block runs; does nothing where `overlay.on` says no.

    Args:
        door_state: `FastAPI.state` of the node's door, which takes links for it.
        url: where that door answers.

    Raises:
        Unavailable: a transport can't listen, or its library is missing.
    """
    settings = app.config.overlay
    if not settings.on:
        yield
        return
    boot = secrets.token_bytes(16)
    carriers = _carriers(app, (*settings.addresses, url)[0], door_state)
    fabric = Fabric(
        lambda: _myself(app, boot), carriers, app.node.core.clock,
        Params(max_links=settings.max_connections, max_incoming=max(1, settings.max_connections * 3 // 4)),
        refuses=lambda whom: None if _admits(app.node.core, settings.open, whom) else Reason.UNKNOWN_PEER,
    )  # fmt: skip
    network = _network(app, fabric)
    await network.start()
    network.reached_at(settings.addresses or tuple(fabric.addresses))
    app.network = network
    tasks = [asyncio.create_task(_keep(app, network)), asyncio.create_task(_seek(app, network))]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await _write(app, network)
        app.network = None
        setattr(door_state, "overlay", None)  # noqa: B010
        await network.stop()


def _carriers(app: App, address: str, door_state: object) -> list[Carrier]:
    config, carriers = app.config, list[Carrier]()
    for name in config.overlay.transports:
        if name == "websocket":
            carrier = WebSocket(Guard(config.outbound), lambda near: _is_own(app, near), address=address)
            setattr(door_state, "overlay", carrier)  # noqa: B010 - what a door's state has is not declared
            carriers.append(carrier)
        else:
            carriers.append(_zenoh(app))
    return carriers


def _zenoh(app: App) -> Zenoh:
    one = app.config.overlay
    tls = None
    if one.zenoh_tls:
        folder = Path(one.zenoh_tls)
        tls = {
            "root_ca_certificate": str(folder / "ca.pem"),
            **{f"{end}_certificate": str(folder / "cert.pem") for end in ("listen", "connect")},
            **{f"{end}_private_key": str(folder / "key.pem") for end in ("listen", "connect")},
            "enable_mtls": True,
        }
    return Zenoh(app.node.core.me, app.config.network, listen=one.zenoh_listen, connect=one.zenoh_connect, tls=tls)


def _is_own(app: App, near: str) -> bool:
    """Says whether the operator gave an address: as a seed, by subscribing, joining or letting in there, or to link to.

    What is given counts as http or ws alike.
    The address that a peer's row has may be what that peer said of itself, whoever let it in (attack 65).
    """
    store = app.node.core.store
    given = [*app.config.overlay.seeds, *app.named, *(one.url for one in store.subscriptions())]
    return near.rstrip("/") in [node_url(one).rstrip("/") for one in given] or bool(store.mark(given_mark(near)))


def _myself(app: App, boot: bytes) -> Myself:
    core = app.node.core
    return Myself(
        node=core.me,
        network=core.settings.network,
        protocols=tuple(SUPPORTED),
        keys=[core.keys.key],
        roots=tuple(record.envelope for record in core.ring.records(core.me)),
        known=core.ring.chain,
        boot=boot,
    )


def _network(app: App, fabric: Fabric) -> Network:
    core, settings = app.node.core, app.config.overlay
    known = [Known(whom, (url,)) for url, whom in _named(core).items()]
    rng = Rng(secrets.token_bytes(32))
    parts = make_parts(core, settings, rng.child("parts"), known, (), tuple(settings.transports))
    kept = core.store.mark(KEPT)
    if kept:
        try:
            parts.members.restore(json.loads(kept), core.now())
        except (ValueError, RecursionError):
            log.warning("the table of addresses can't be read, and is begun anew")
    return Network(
        core,
        app.node.inbox,
        fabric,
        parts,
        settings,
        rng.child("network"),
        lambda whom: _admits(core, settings.open, whom),
    )


def _named(core: Core) -> dict[str, NodeId]:
    """Returns whom this node knows by address: its sources, and peers."""
    peers = {one.url: one.id for one in core.store.peers() if one.invited and not one.banned and one.url}
    return peers | {one.url: one.peer for one in core.store.subscriptions()}


def _admits(core: Core, open_: bool, whom: NodeId) -> bool:
    """Says whether this node may have a link with another: nobody who is banned, nor, unless it is open, a stranger."""
    guest = core.memory.guest(whom)
    if guest.banned or guest.barred:
        return False
    return open_ or guest.invited or any(one.peer == whom for one in core.store.subscriptions())


async def _keep(app: App, network: Network) -> None:
    """Writes down now and then what is to be known after a restart."""
    while True:
        await asyncio.sleep(KEEP_SECONDS)
        await _write(app, network)


async def _write(app: App, network: Network) -> None:
    text = json.dumps(network.parts.members.candidates(network.now()))
    try:
        await app.node.core.driver.perform(Effects([PutMark(KEPT, text)]))
    except HansaError as error:
        log.warning("the table of addresses was not kept", error=str(error))


class Named:
    """Whom this node knows by address; the store is asked only when that may have changed."""

    def __init__(self, core: Core) -> None:
        """Has asked for nothing yet."""
        self._core = core
        self._at = -1
        self._found: dict[str, NodeId] = {}

    def now(self) -> dict[str, NodeId]:
        """Returns the nodes by address."""
        if self._at != (now := self._core.acquaintance):
            self._found, self._at = _named(self._core), now
        return self._found


async def _seek(app: App, network: Network) -> None:
    """Dials what the operator named and no link stands to: seeds, and sources that were subscribed to meanwhile."""
    met: dict[str, NodeId] = {}
    named = Named(app.node.core)
    while True:
        try:
            sources = named.now()
        except Unavailable as error:  # a database on a server may be away for a while
            log.warning("sources not looked up", error=str(error))
            sources = {}
        for url in dict.fromkeys([*app.config.overlay.seeds, *sources]):
            whom = sources.get(url) or met.get(url)
            if whom is None or whom not in network.neighbours:
                try:
                    met[url] = await network.connect(url, whom)
                except (Unavailable, Refused) as error:
                    log.debug("no link to what the operator named", url=url, error=str(error))
        await asyncio.sleep(SEED_SECONDS)
