"""Wires over WebSocket (RFC 6455), on the node's own HTTP port: what passes firewalls and proxies.

Going out, as for all calls (`adapters.caller`):

1. the address is judged and its name resolved once (`guard`); an address that came from elsewhere leads to no private
   place; the certificate must be for the name
2. no proxy, no redirection, no compression (attack 13), messages up to `MAX_MESSAGE` bytes

Coming in (`WebSocket.serve`), the door in front has judged Host and Origin:

3. whoever may not come in now is told so before the upgrade: 503
4. text is no message of ours, and ends the wire

Signs of life are the link's own business, so neither end pings.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI

from hansa.adapters.guard import Address, Guard, Target
from hansa.adapters.transport.wire import MAX_MESSAGE, Broken, Taker
from hansa.kernel.errors import Refused, Unavailable
from hansa.kernel.ids import NodeId

PATH = "/overlay"
"""Where a node's HTTP port takes wires."""

CONNECT_SECONDS = 5.0
CLOSE_SECONDS = 0.5
_WINDOW = 8
"""Messages that are read ahead."""

_HTTP = {"ws": "http", "wss": "https", "http": "http", "https": "https"}
_WS = {"http": "ws", "https": "wss"}

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


def node_url(url: str) -> str:
    """Returns the address of the node whose wires are taken at `url`.

    >>> node_url("wss://node.example/overlay"), node_url("http://127.0.0.1:8470")
    ('https://node.example', 'http://127.0.0.1:8470')
    """
    try:
        parts = urlsplit(url)
    except ValueError:  # no address at all: whoever judges it says so
        return url
    scheme = _HTTP.get(parts.scheme, parts.scheme)
    return urlunsplit((scheme, parts.netloc, parts.path.rstrip("/").removesuffix(PATH), parts.query, parts.fragment))


def wire_url(url: str) -> str:
    """Returns where the node at `url` takes wires.

    >>> wire_url("https://node.example"), wire_url("ws://127.0.0.1:8470/overlay")
    ('wss://node.example/overlay', 'ws://127.0.0.1:8470/overlay')
    """
    scheme, _, rest = node_url(url).partition("://")
    return f"{_WS.get(scheme, scheme)}://{rest}{PATH}"


class WebSocket:
    """Implements `wire.Carrier`."""

    def __init__(
        self,
        guard: Guard | None = None,
        own: Callable[[str], bool] = lambda _: False,
        tls: ssl.SSLContext | None = None,
        address: str = "",
    ) -> None:
        """Takes wires once `serve` is called by the door of this node.

        Args:
            guard: where this node may connect to.
            own: says of a node's address (http or https) whether the operator gave it; others must be public.
            tls: how certificates of https nodes are checked; by default as this machine does it.
            address: this node's own, as others reach it; "" for one that can't be dialled. May be set later.
        """
        self._guard = guard or Guard()
        self._own = own
        self._tls = tls
        self.address = address
        self._taker: Taker | None = None

    @property
    def name(self) -> str:
        """What it is called."""
        return "ws"

    @property
    def addresses(self) -> Sequence[str]:
        """Where this node takes wires."""
        return [wire_url(self.address)] if self.address and self._taker is not None else []

    def speaks(self, url: str) -> bool:
        """Says whether an address is one of a node's port: ws, wss, http or https."""
        return url.partition("://")[0].lower() in _HTTP and url.isprintable()

    async def start(self, taker: Taker) -> None:
        """Begins to take wires."""
        self._taker = taker

    async def stop(self) -> None:
        """Takes no more."""
        self._taker = None

    async def connect(self, url: str, whom: NodeId | None) -> ClientWire:
        """Returns a wire to a node's port."""
        near = node_url(url)
        target = await self._guard.target(near, own=self._own(near))  # 1
        failure: Exception | None = None
        for address in target.addresses:
            try:
                return ClientWire(wire_url(near), await self._open(target, address))
            except (OSError, TimeoutError, InvalidHandshake, InvalidURI, EOFError) as error:
                failure = error
        raise Unavailable(_told(near, failure)) from None

    async def _open(self, target: Target, address: Address) -> ClientConnection:
        secure = target.scheme == "https"
        options: dict[str, Any] = {}
        if secure:
            options = {"ssl": self._tls or ssl.create_default_context(), "server_hostname": target.host}
        return await _Direct(
            f"{'wss' if secure else 'ws'}://{target.authority}{target.path}{PATH}",
            host=str(address), port=target.port, open_timeout=CONNECT_SECONDS, close_timeout=CLOSE_SECONDS,
            compression=None, proxy=None, ping_interval=None, ping_timeout=None, max_size=MAX_MESSAGE,
            max_queue=_WINDOW, user_agent_header="hansa", **options,
        )  # fmt: skip

    async def serve(self, host: str, receive: Receive, send: Send) -> bool:
        """Takes one WebSocket of an ASGI server, until its wire has ended.

        Args:
            host: whose it is.

        Returns:
            Whether it was accepted; False and nothing was said when there is no room for it now.
        """
        taken = ServerWire(f"ws:{host}", receive, send)
        try:
            if self._taker is None:
                return False
            await self._taker.take(host, taken.accept)
        except Refused:
            return False
        finally:
            await taken.finish()
        return True


class _Direct(connect):
    """Follows no redirection."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        """Takes every answer for the last one."""
        return exc


class ClientWire:
    """The end that dialled."""

    def __init__(self, url: str, connection: ClientConnection) -> None:
        """Speaks over an open connection."""
        self.url = url
        self._connection = connection

    async def send(self, data: bytes) -> None:
        """Sends a message."""
        try:
            await self._connection.send(data)
        except ConnectionClosed:
            raise Broken from None

    async def receive(self) -> bytes:
        """Returns the next message."""
        try:
            data = await self._connection.recv()
        except ConnectionClosed:
            raise Broken from None
        if isinstance(data, str):  # 4
            raise Broken
        return data

    async def close(self) -> None:
        """Ends it in order."""
        await self._connection.close()

    def abort(self) -> None:
        """Tears the connection."""
        self._connection.transport.abort()


class ServerWire:
    """The end that was dialled: what an ASGI server gives us of a WebSocket."""

    def __init__(self, url: str, receive: Receive, send: Send) -> None:
        """Is a wire once `accept` was called."""
        self.url = url
        self._receive = receive
        self._send = send
        self._over = asyncio.Event()
        self._accepted = False

    async def accept(self) -> ServerWire:
        """Upgrades the connection."""
        if (await self._receive())["type"] != "websocket.connect":
            raise Broken
        await self._say({"type": "websocket.accept"})
        self._accepted = True
        return self

    async def send(self, data: bytes) -> None:
        """Sends a message."""
        await self._say({"type": "websocket.send", "bytes": data})

    async def receive(self) -> bytes:
        """Returns the next message."""
        if self._over.is_set():
            raise Broken
        message = await self._receive()
        data = message.get("bytes")
        if message["type"] != "websocket.receive" or not isinstance(data, bytes | bytearray | memoryview):  # 4
            self._over.set()
            raise Broken
        return bytes(data)

    async def close(self) -> None:
        """Ends it in order."""
        await self.finish()

    def abort(self) -> None:
        """Says no more, not even goodbye: the server hangs up."""
        self._accepted = False
        self._over.set()

    async def finish(self) -> None:
        """Says goodbye, where that was not done."""
        if self._accepted:
            self._accepted = False
            self._over.set()
            with contextlib.suppress(Exception):  # whatever the server has to say of one that is gone
                async with asyncio.timeout(CLOSE_SECONDS):
                    await self._send({"type": "websocket.close", "code": 1000})

    async def _say(self, message: Message) -> None:
        if self._over.is_set():
            raise Broken
        try:
            await self._send(message)
        except (OSError, RuntimeError):  # an ASGI server raises OSError once the other end is gone
            self._over.set()
            raise Broken from None


def _told(url: str, failure: Exception | None) -> str:
    if isinstance(failure, ssl.SSLCertVerificationError):
        return f"{url} shows a certificate that is not good for it ({failure.verify_message}): is it that node's?"
    if isinstance(failure, ssl.SSLError):
        return f"something answers at {url}, but not with TLS: a node without a proxy is at http://, not https://"
    if isinstance(failure, InvalidStatus):
        status = failure.response.status_code
        if status == 404:
            return f"the node at {url} takes no links: is its overlay on?"
        if status == 503:
            return f"the node at {url} takes no more links now: try again later"
        return f"{url} answers with {status}: is that the address of a node?"
    if isinstance(failure, InvalidHandshake | EOFError):
        return f"{url} does not speak WebSocket: is that the port of a node, and is it https://?"
    if isinstance(failure, TimeoutError):
        return f"{url} does not answer in time: try again later"
    return f"no node answers at {url}: is it up, and is the port right?"
