"""`hansa up`: the door on its port, and what a running node does by itself.

Three routines: bring what lies in the outbox, pull from each source as soon as it has news, prove what came. Each
survives the failures of others (an unreachable peer, a lying source) and logs them; a fault of our own ends the node.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import structlog
import uvicorn
from fastapi import FastAPI

from hansa.entrypoints import overlay, upkeep
from hansa.entrypoints.app import App
from hansa.entrypoints.http import mcp_door
from hansa.entrypoints.http.door import make_door
from hansa.entrypoints.http.heads import server_config
from hansa.kernel.errors import Busy, DiskFull, NoSandbox, NotFound, Refused, Unavailable
from hansa.kernel.ids import ContentId
from hansa.skills.model import Origin, SkillState

RETRY_SECONDS = 5.0
LEAST_PAUSE_SECONDS = 0.2
ARRIVALS_SECONDS = 0.5
_EXPECTED = (Refused, Unavailable, DiskFull, NoSandbox, Busy)

log = structlog.get_logger("hansa")


class _Server(uvicorn.Server):
    """Leaves signals to `serve`: uvicorn would raise them again, and end the process before the node is closed."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Captures none."""
        yield


def listen(host: str, port: int) -> socket.socket:
    """Returns a socket that listens.

    Raises:
        Unavailable: the port is taken, or not allowed to this user.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
        sock.listen(128)
    except PermissionError:
        sock.close()
        raise Unavailable(f"no permission to listen on port {port}: choose one above 1023 with --port") from None
    except OSError as error:
        sock.close()
        if error.errno == errno.EADDRINUSE:
            advice = "choose another with --port, or --port 0 for any"
        else:
            advice = "that is no address of this machine; choose another with --host, 127.0.0.1 for this machine alone"
        raise Unavailable(f"can't listen on {host} port {port} ({error.strerror}): {advice}") from None
    return sock


async def serve(
    app: App, sock: socket.socket, ready: Callable[[str], Awaitable[None]], until: asyncio.Event | None = None
) -> None:
    """Serves until a signal asks to stop, then ends everything it started.

    Args:
        ready: called with the node's address once it answers.
        until: asks to stop instead of signals, which stay those of the program that this node is a part of.
    """
    door = make_door(app)
    host, port = sock.getsockname()[:2]
    url = _address(host, port)
    app.lock.set_url(url)
    app.url = url
    server = _Server(server_config(door, timeout_graceful_shutdown=3))

    def stop() -> None:
        door.state.stopping.set()
        server.should_exit = True

    if until is None:
        loop = asyncio.get_running_loop()
        for signal_ in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(signal_, stop)
    tasks: list[asyncio.Task[Any]] = [asyncio.create_task(server.serve(sockets=[sock]))]
    logging = asyncio.create_task(upkeep.write_down(app))
    linked = contextlib.AsyncExitStack()
    try:
        await _started(server, tasks[0])
        tasks += [asyncio.create_task(upkeep.watch(app, door.state.stopping)), logging, await mcp_door.start(door)]
        tasks += await _own_work(app, door, url, linked)
        if until is not None:
            tasks.append(asyncio.create_task(until.wait()))
        await ready(url)
        await upkeep.came_up(app)
        with upkeep.tuned_interpreter():
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        stop()
        await upkeep.stops(app)
        await linked.aclose()
        ending = [task for task in tasks if task is not logging]
        for task in ending[1:]:
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)
        logging.cancel()  # last, so that it has written down the rest
        await asyncio.gather(logging, return_exceptions=True)


async def _own_work(app: App, door: FastAPI, url: str, linked: contextlib.AsyncExitStack) -> list[asyncio.Task[None]]:
    """Begins what a node does by itself; of several processes of one node, only the one that leads does it."""
    if app.replica is None:
        await linked.enter_async_context(overlay.linked(app, door.state, url))
        return _routines(app, door)
    following = asyncio.create_task(app.replica.follow(door.state.stopping))
    return [following, asyncio.create_task(_lead(app, door, url, app.replica.leads))]


def _address(host: str, port: int) -> str:
    """Returns where commands on this machine reach the door; of one that listens everywhere, the loopback address."""
    reached = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - looked at, not listened on
    return f"http://[{reached}]:{port}" if ":" in reached else f"http://{reached}:{port}"


async def _started(server: uvicorn.Server, task: asyncio.Task[None]) -> None:
    while not server.started and not task.done():
        await asyncio.sleep(0.005)


def _routines(app: App, door: FastAPI) -> list[asyncio.Task[None]]:
    stopping: asyncio.Event = door.state.stopping
    return [
        asyncio.create_task(_deliver(app, stopping)),
        asyncio.create_task(_pull_all(app, stopping)),
        asyncio.create_task(_prove_arrivals(app, stopping)),
    ]


async def _lead(app: App, door: FastAPI, url: str, leads: asyncio.Event) -> None:
    """Does what a node does by itself, once this process leads; ends with the first routine that does."""
    await leads.wait()
    async with overlay.linked(app, door.state, url):
        routines = _routines(app, door)
        try:
            done, _ = await asyncio.wait(routines, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in routines:
                task.cancel()
            await asyncio.gather(*routines, return_exceptions=True)


async def _deliver(app: App, stopping: asyncio.Event) -> None:
    """Brings what lies in the outbox, at once when something is put there, and again after a while."""
    driver = app.node.core.driver
    while not stopping.is_set():
        driver.outbox_filled.clear()
        try:
            async for delivery in app.node.publisher.deliver():
                log.debug("delivery tried", record=delivery.row.record, to=delivery.row.url, state=delivery.row.state)
        except _EXPECTED as error:
            log.warning("delivery failed", error=str(error))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(driver.outbox_filled.wait(), RETRY_SECONDS)


async def _pull_all(app: App, stopping: asyncio.Event) -> None:
    """Keeps one puller for each subscription, as they come and go."""
    pullers: dict[str, asyncio.Task[None]] = {}
    try:
        await _settle(app)
        while not stopping.is_set():
            await _close_votes(app)
            try:
                wanted = {one.url for one in app.node.core.store.subscriptions()}
            except Unavailable as error:  # a database on a server may be away for a while
                log.warning("sources not looked up", error=str(error))
                await _pause(stopping, RETRY_SECONDS)
                continue
            for url in wanted - pullers.keys():
                pullers[url] = asyncio.create_task(_pull(app, url, stopping))
            for url in pullers.keys() - wanted:
                pullers.pop(url).cancel()
            for task in pullers.values():
                if task.done():
                    task.result()
            await _pause(stopping, 1.0)
    finally:
        for task in pullers.values():
            task.cancel()
        await asyncio.gather(*pullers.values(), return_exceptions=True)


async def _settle(app: App) -> None:
    """Draws what follows from disputes that were decided while nobody drew it: a stop in between, other settings."""
    try:
        await app.node.settler.catch_up()
    except _EXPECTED as error:
        log.warning("disputes not settled", error=str(error))


async def _close_votes(app: App) -> None:
    """Closes the votes whose end is over, also where nobody looks at them."""
    try:
        await app.node.voting.settle_all()
    except _EXPECTED as error:
        log.warning("votes not closed", error=str(error))


async def _pull(app: App, url: str, stopping: asyncio.Event) -> None:
    while not stopping.is_set():
        try:
            await app.node.before_pull(url)
            async for pulled in app.node.subscriber.pull(url):
                if pulled.reason is not None:
                    log.debug("record refused", record=pulled.id, reason=pulled.reason.code, source=url)
            for split in await app.node.subscriber.witness.compare(url):
                log.warning("source shows two feeds", told_by=url, error=str(split))
            await _prove_waiting(app)
            await app.node.subscriber.wait_for_news(url, app.config.sync_seconds)
            await _pause(stopping, LEAST_PAUSE_SECONDS)  # a source that answers at once must not make us spin
        except NotFound:
            return  # unsubscribed meanwhile
        except _EXPECTED as error:
            log.info("pull failed", source=url, error=str(error))
            await _pause(stopping, min(RETRY_SECONDS, app.config.sync_seconds))


async def _prove_arrivals(app: App, stopping: asyncio.Event) -> None:
    """Proves what came over links, and before that what others warn of."""
    seen = 0
    while not stopping.is_set():
        words = app.network.words if app.network is not None else None
        if words is not None and (words.news.first or words.skills != seen):
            seen = words.skills
            try:
                await _prove_warned(app, words.news.first)
                await _prove_waiting(app)
            except _EXPECTED as error:
                log.warning("not proved", error=str(error))
        await _pause(stopping, ARRIVALS_SECONDS)


async def _prove_warned(app: App, first: dict[ContentId, None]) -> None:
    for id_ in list(first):
        first.pop(id_, None)
        row = app.node.core.store.skill(id_)
        if row is not None and row.has_checks and row.state is not SkillState.REMOVED and app.node.core.sandbox:
            proof = await app.node.prover.prove(row)
            log.info("somebody warned of it, proved again", skill=id_, outcome=proof.word)


async def _prove_waiting(app: App) -> None:
    if app.node.core.sandbox is None or app.node.core.asks_first:
        return
    async for proof in app.node.prove_waiting(Origin.PEER):
        log.debug("looked at", skill=proof.row.id, outcome=proof.word)


async def _pause(stopping: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stopping.wait(), seconds)
