"""Calls other nodes over HTTP: where the guard lets it, bounded in time and size, no redirects, no proxies.

1. The address is judged, its name resolved once (`guard`).
2. The connection goes to an address that was judged; the certificate must be for the name.
3. Connecting may take 5 s, silence 10 s (and as long as a question asks to wait), a whole call two minutes.
4. Answers are taken uncompressed, up to 5 MiB; redirections are answers like any other.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx2

from hansa.adapters.guard import Address, Guard, Target
from hansa.kernel.errors import Unavailable
from hansa.kernel.limits import WHOLE_ANSWERS
from hansa.node.ports import Answer

MAX_ANSWER = WHOLE_ANSWERS.max_bytes
"""Largest answer that is read, bytes: a page of a feed has at most 4 MiB of records."""

CONNECT_SECONDS = 5.0
SILENT_SECONDS = 10.0
WHOLE_SECONDS = 120.0
MAX_CLIENTS = 64
"""Nodes to which connections are kept open."""


@dataclass(frozen=True, slots=True)
class _Call:
    method: str
    url: str
    path: str
    body: bytes | None = None
    wait: float = 0.0

    @property
    def headers(self) -> dict[str, str]:
        if self.body is None:
            return {}
        return {"Content-Type": "application/octet-stream" if self.method == "PUT" else "application/json"}


class HttpCaller:
    """A client for the doors of other nodes."""

    def __init__(self, guard: Guard | None = None, make_client: Callable[[], httpx2.AsyncClient] | None = None) -> None:
        """Opens no connection yet; `make_client` makes the client for one node."""
        self._make_client = make_client or _plain_client
        self._guard = guard or Guard()
        # A client for each pair of name and address: no connection is ever used for another name (threat 65).
        self._clients: OrderedDict[tuple[str, str, int, Address], httpx2.AsyncClient] = OrderedDict()

    async def get(self, url: str, path: str, wait: float = 0.0) -> Answer:
        """Fetches `path` from the node at `url`."""
        return await self._call(_Call("GET", url, path, wait=wait))

    async def post(self, url: str, path: str, body: bytes) -> Answer:
        """Sends `body` to `path` of the node at `url`."""
        return await self._call(_Call("POST", url, path, body))

    async def put(self, url: str, path: str, body: bytes) -> Answer:
        """Sends `body` as the content of `path`."""
        return await self._call(_Call("PUT", url, path, body))

    async def close(self) -> None:
        """Closes all connections."""
        while self._clients:
            await self._clients.popitem()[1].aclose()

    async def _call(self, call: _Call) -> Answer:
        target = await self._guard.target(call.url)  # 1
        async with _told(call.url), asyncio.timeout(WHOLE_SECONDS + call.wait):
            failures: list[httpx2.TransportError] = []
            for address in target.addresses:  # 2
                try:
                    return await self._ask(target, address, call)
                except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
                    failures.append(error)
            raise next((one for one in failures if _tls_fault(one)), failures[-1])  # the one that tells most

    async def _ask(self, target: Target, address: Address, call: _Call) -> Answer:
        place = f"[{address}]" if address.version == 6 else str(address)
        async with self._client(target, address).stream(
            call.method,
            f"{target.scheme}://{place}:{target.port}{target.path}{call.path}",
            content=call.body,
            headers={"Host": target.authority, **call.headers},
            timeout=httpx2.Timeout(SILENT_SECONDS + call.wait, connect=CONNECT_SECONDS),
            extensions={"sni_hostname": target.host},
        ) as response:
            if response.headers.get("content-encoding", "identity") != "identity":
                raise Unavailable(f"{call.url} answers with compressed data, which is not taken")
            data = bytearray()
            async for piece in response.aiter_raw():
                data += piece
                if len(data) > MAX_ANSWER:
                    raise Unavailable(f"{call.url} answers with more than {MAX_ANSWER} bytes")
            return Answer(response.status_code, bytes(data))

    def _client(self, target: Target, address: Address) -> httpx2.AsyncClient:
        key = (target.scheme, target.host, target.port, address)
        if key not in self._clients:
            if len(self._clients) >= MAX_CLIENTS:
                self._forget_one()
            self._clients[key] = self._make_client()
        self._clients.move_to_end(key)
        return self._clients[key]

    def _forget_one(self) -> None:
        """Lets go of the node that was not called for longest; its connections end with their last call."""
        _, oldest = self._clients.popitem(last=False)
        asyncio.get_running_loop().call_later(WHOLE_SECONDS, lambda: asyncio.ensure_future(oldest.aclose()))


def _plain_client() -> httpx2.AsyncClient:
    headers = {"Accept-Encoding": "identity", "User-Agent": "hansa"}
    return httpx2.AsyncClient(follow_redirects=False, trust_env=False, headers=headers)


@asynccontextmanager
async def _told(url: str) -> AsyncIterator[None]:
    """Turns what can go wrong on the way into one sentence."""
    try:
        yield
    except (httpx2.InvalidURL, httpx2.UnsupportedProtocol, UnicodeError):
        raise Unavailable(f"{url} is not the address of a node: write it like http://127.0.0.1:8470") from None
    except httpx2.ConnectError as error:
        raise Unavailable(_unconnected(url, _tls_fault(error))) from None
    except (httpx2.TimeoutException, TimeoutError):
        raise Unavailable(f"{url} does not answer in time: try again later") from None
    except httpx2.RemoteProtocolError:
        other = ", and is it https://?" if url.startswith("http:") else "?"
        raise Unavailable(f"{url} broke off, or does not speak HTTP: is that the port of a node{other}") from None
    except httpx2.TransportError as error:
        raise Unavailable(f"{url} can't be reached ({type(error).__name__}): try again later") from None


def _tls_fault(error: BaseException) -> ssl.SSLError | None:
    """Returns what went wrong with TLS, where that is why a connection was not made."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLError):
        cause = cause.__cause__ or cause.__context__
    return cause


def _unconnected(url: str, fault: ssl.SSLError | None) -> str:
    if isinstance(fault, ssl.SSLCertVerificationError):
        return f"{url} shows a certificate that is not good for it ({fault.verify_message}): is it that node's address?"
    if fault is not None:
        return f"something answers at {url}, but not with TLS: a node without a proxy is at http://, not https://"
    return f"no node answers at {url}: is it up, and is the port right?"
