"""Calls that come to nothing say what to do: another scheme, another path, another certificate."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator

import httpx2
import pytest

from hansa.adapters.caller import HttpCaller
from hansa.kernel.errors import Unavailable


@pytest.fixture
async def plain() -> AsyncIterator[int]:
    """Gives the port of a server that speaks HTTP without TLS, on one address of this machine alone."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


async def asked(url: str, caller: HttpCaller | None = None) -> str:
    """Returns the sentence with which asking ends."""
    caller = caller or HttpCaller()
    try:
        with pytest.raises(Unavailable) as caught:
            await caller.get(url, "/feed")
    finally:
        await caller.close()
    return str(caught.value)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_an_address_that_speaks_no_tls_is_told_to_be_http(plain: int, host: str) -> None:
    """Of this machine's two addresses the other one refuses, which says less."""
    said = await asked(f"https://{host}:{plain}")
    assert "not with TLS" in said and "http://" in said


async def test_where_nobody_listens_nothing_is_said_of_tls() -> None:
    for scheme in ("http", "https"):
        assert "is it up, and is the port right?" in await asked(f"{scheme}://127.0.0.1:1")


async def test_a_certificate_of_another_name_is_told_as_such() -> None:
    def answer(_: httpx2.Request) -> httpx2.Response:
        fault = ssl.SSLCertVerificationError("no")
        fault.verify_message = "Hostname mismatch"
        raise httpx2.ConnectError("no") from fault

    caller = HttpCaller(make_client=lambda: httpx2.AsyncClient(transport=httpx2.MockTransport(answer)))
    assert "certificate that is not good for it (Hostname mismatch)" in await asked("https://127.0.0.1:1", caller)


async def test_a_server_that_wants_tls_is_asked_after_https() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"\x15\x03\x01\x00\x02\x02\x46")  # an alert of TLS
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        assert "is it https://?" in await asked(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
