"""Calls other nodes over HTTP: bounded in time and size, no redirects, no proxies, no compressed answers."""

from __future__ import annotations

from urllib.parse import urlsplit

import httpx2

from hansa.kernel.errors import Unavailable
from hansa.node.ports import Answer

MAX_ANSWER = 8 * 1024 * 1024
"""Largest answer that is read, bytes."""

_TIMEOUT = httpx2.Timeout(10.0, connect=5.0, read=60.0)


class HttpCaller:
    """A client for the doors of other nodes."""

    def __init__(self) -> None:
        """Opens no connection yet."""
        self._client = httpx2.AsyncClient(
            timeout=_TIMEOUT,
            follow_redirects=False,
            trust_env=False,
            headers={"Accept-Encoding": "identity", "User-Agent": "hansa"},
        )

    async def get(self, url: str, path: str) -> Answer:
        """Fetches `path` from the node at `url`."""
        return await self._call("GET", url, path)

    async def post(self, url: str, path: str, body: bytes) -> Answer:
        """Sends `body` to `path` of the node at `url`."""
        return await self._call("POST", url, path, body)

    async def put(self, url: str, path: str, body: bytes) -> Answer:
        """Sends `body` as the content of `path`."""
        return await self._call("PUT", url, path, body)

    async def close(self) -> None:
        """Closes all connections."""
        await self._client.aclose()

    async def _call(self, method: str, url: str, path: str, body: bytes | None = None) -> Answer:
        _check(url)
        address = url.rstrip("/") + path
        kind = "application/octet-stream" if method == "PUT" else "application/json"
        headers = {"Content-Type": kind} if body is not None else {}
        try:
            async with self._client.stream(method, address, content=body, headers=headers) as response:
                if response.headers.get("content-encoding", "identity") != "identity":
                    raise Unavailable(f"{url} answers with compressed data, which is not taken")
                data = bytearray()
                async for piece in response.aiter_raw():
                    data += piece
                    if len(data) > MAX_ANSWER:
                        raise Unavailable(f"{url} answers with more than {MAX_ANSWER} bytes")
                return Answer(response.status_code, bytes(data))
        except (httpx2.InvalidURL, httpx2.UnsupportedProtocol, UnicodeError):
            raise _no_address(url) from None
        except httpx2.ConnectError:
            raise Unavailable(f"no node answers at {url}: is it up, and is the port right?") from None
        except httpx2.TimeoutException:
            raise Unavailable(f"{url} does not answer in time: try again later") from None
        except httpx2.RemoteProtocolError:
            raise Unavailable(f"{url} broke off, or does not speak HTTP: is that the port of a node?") from None
        except httpx2.TransportError as error:
            raise Unavailable(f"{url} can't be reached ({type(error).__name__}): try again later") from None


def _check(url: str) -> None:
    """Refuses what is no address before a connection is tried; the port must be one."""
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        good = False
    if not good:
        raise _no_address(url)


def _no_address(url: str) -> Unavailable:
    return Unavailable(f"{url} is not the address of a node: write it like http://127.0.0.1:8470")
