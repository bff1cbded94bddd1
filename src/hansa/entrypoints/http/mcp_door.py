"""`/mcp`: the door for agents on the node's port, when the extra is installed (threats 63, 66).

Checks, in order, before the SDK sees anything of a request:

1. from this machine, unless the setting `mcp_hosts` names hosts
2. for a host of this machine, or one of those (DNS rebinding)
3. from no page, or from a page of that very host and port
4. with a token: `reader.token` reads, `agent.token` has the scopes of agents, `admin.token` has all
5. a body in JSON
6. uncompressed, and within bounds before it is parsed

A token is good for its own server alone: a session that was begun with one can't be gone on with by another. The server
of a token is made when it is first used, so that a node which no agent asks carries nothing of the SDK.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import ipaddress
from collections.abc import AsyncIterator, Callable
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hansa.entrypoints import operations
from hansa.entrypoints.app import App
from hansa.entrypoints.audit.told import Caller
from hansa.entrypoints.home import AGENT_TOKEN, READER_TOKEN, admin_token
from hansa.entrypoints.http.bodies import read_body
from hansa.entrypoints.steps import Progress, Result
from hansa.kernel.canonical import check_bounds
from hansa.kernel.limits import ARGUMENTS

if TYPE_CHECKING:
    from hansa.entrypoints.mcp.hands import Hands, Steps
    from hansa.entrypoints.mcp.scopes import Scope as SessionScope

PATH = "/mcp"
MAX_SESSIONS = 64
_LOCAL = frozenset({"127.0.0.1", "localhost", "[::1]"})


def add_to(door: FastAPI) -> None:
    """Adds the route, where the SDK is installed."""
    if find_spec("mcp") is not None:
        door.state.mcp = McpDoor(door)
        door.router.routes.append(Route(PATH, endpoint=door.state.mcp, methods=["GET", "POST", "DELETE"]))


async def start(door: FastAPI) -> asyncio.Task[None]:
    """Begins to serve agents; returns, once it does, the task that goes on with it until the node stops."""
    opened = asyncio.Event()
    task = asyncio.create_task(_keep_open(door, opened))
    waiting = asyncio.create_task(opened.wait())
    await asyncio.wait((task, waiting), return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    return task


async def _keep_open(door: FastAPI, opened: asyncio.Event) -> None:
    stopping: asyncio.Event = door.state.stopping
    mcp: McpDoor | None = getattr(door.state, "mcp", None)
    async with mcp.running() if mcp is not None else contextlib.nullcontext():
        opened.set()
        await stopping.wait()


class McpDoor:
    """Lets agents in: the six checks, then the server that goes with the token.

    Attributes:
        make: makes the server of a session; by default `entrypoints.mcp.server.assemble`.
    """

    def __init__(self, door: FastAPI) -> None:
        """Serves the node behind `door`, within `running`."""
        self._door = door
        self.make: Callable[[Hands], Any] | None = None
        self._scopes: dict[str, frozenset[SessionScope]] = {}
        self._apps: dict[str, asyncio.Future[ASGIApp]] = {}
        self._wanted: asyncio.Queue[str | None] = asyncio.Queue()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Serves, with a server for each token that is used, and ends their sessions when the block does."""
        from hansa.entrypoints.mcp.scopes import EVERYTHING, READER, granted

        app: App = self._door.state.app
        self._scopes = {
            admin_token(app.home, READER_TOKEN): READER,
            admin_token(app.home, AGENT_TOKEN): granted(app.config.mcp_allow),
            app.token: EVERYTHING,
        }
        making = asyncio.create_task(self._make_servers())
        try:
            yield
        finally:
            self._scopes = {}
            self._wanted.put_nowait(None)
            await making
            for one in self._apps.values():
                one.cancel()
            self._apps.clear()

    async def _make_servers(self) -> None:
        """Makes what is wanted: in one task, which ends it too, as the SDK's groups of tasks ask for."""
        async with contextlib.AsyncExitStack() as held:
            while (token := await self._wanted.get()) is not None:
                made = self._apps[token]
                try:
                    server = await asyncio.to_thread(self._server, token)
                    made.set_result(await held.enter_async_context(http_app(server)))
                except Exception as error:  # whoever asks next tries again
                    self._apps.pop(token).set_exception(error)

    def _server(self, token: str) -> Any:
        from hansa.entrypoints.mcp.hands import Hands
        from hansa.entrypoints.mcp.server import assemble

        hands = Hands(self._steps_of(self._scopes[token]), self._scopes[token])
        return self.make(hands) if self.make else assemble(hands, log_level=self._door.state.app.config.log_level)

    def _steps_of(self, scopes: frozenset[SessionScope]) -> Steps:
        by = Caller("mcp", scopes=tuple(sorted(scopes)))

        async def steps(operation: str, arguments: dict[str, Any]) -> AsyncIterator[Progress | Result]:
            async for step in operations.run(self._door.state.app, operation, arguments, by):
                yield step

        return steps

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        request = Request(scope, receive)
        token = self._token_of(request)
        if isinstance(token, Response):
            await token(scope, receive, send)
            return
        if request.method == "POST":
            receive = _again(await _bounded_body(request), receive)  # 6
        if token not in self._apps:
            self._apps[token] = asyncio.get_running_loop().create_future()
            self._wanted.put_nowait(token)
        answering = await asyncio.shield(self._apps[token])
        await answering(scope, receive, send)

    def _token_of(self, request: Request) -> str | Response:
        """Returns the token of a request that may come in, or a refusal."""
        hosts = self._door.state.app.config.mcp_hosts
        if not hosts and not _from_here(request):  # 1
            return _no(403, "only from this machine: the operator can name others in the setting mcp_hosts")
        host = request.headers.get("host", "").lower()
        if _name_of(host) not in _LOCAL | {name.lower() for name in hosts}:  # 2
            return _no(421, "not for this host")
        origin = request.headers.get("origin")
        if origin is not None and origin.lower() not in (f"http://{host}", f"https://{host}"):  # 3
            return _no(403, "not from a page of another host")
        token = self._known(request.headers.get("authorization", ""))  # 4
        if token is None:
            return _no(401, "give a token: see the files agent.token and reader.token of the data directory",
                       {"WWW-Authenticate": "Bearer"})  # fmt: skip
        if request.method == "POST" and _media_type(request) != "application/json":  # 5
            return _no(415, "send JSON, as application/json")
        return token

    def _known(self, header: str) -> str | None:
        kind, _, given = header.partition(" ")
        found = None
        for token in self._scopes:  # every token is compared, so that the time tells nothing
            if hmac.compare_digest(given.encode(), token.encode()) and kind.lower() == "bearer":
                found = token
        return found


@contextlib.asynccontextmanager
async def http_app(server: Any, **options: Any) -> AsyncIterator[ASGIApp]:
    """Gives the ASGI application of an MCP server for as long as the block runs; hosts are checked before it."""
    from mcp.server.transport_security import TransportSecuritySettings

    made: ASGIApp = server.streamable_http_app(
        streamable_http_path=PATH,
        max_request_body_size=ARGUMENTS.max_bytes,
        max_sessions=MAX_SESSIONS,
        transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
        **options,
    )
    async with server.session_manager.run():
        yield made


async def _bounded_body(request: Request) -> bytes:
    body = await read_body(request, ARGUMENTS.max_bytes)
    check_bounds(body, ARGUMENTS)
    return body


def _again(body: bytes, receive: Receive) -> Receive:
    """Returns a receive that gives a body that was read already, and then what else comes."""
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


def _from_here(request: Request) -> bool:
    try:
        return request.client is not None and ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False


def _name_of(host: str) -> str:
    """Returns a host without its port; what is no host comes back as it is, and is in no list."""
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdecimal() and name else host


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _no(status: int, message: str, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"reason": "http", "message": message}, status, headers)
