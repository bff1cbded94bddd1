"""Attack 65: addresses that lead into the operator's own machine or network.

Passes when no connection goes to an address that is not globally routable, however the address is written: numbers,
names, names that change, redirections; and the only exceptions are those that the operator made.
"""

from __future__ import annotations

import asyncio
import ipaddress
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansa.adapters.caller import HttpCaller
from hansa.adapters.guard import Guard, Outbound, Target
from hansa.kernel.errors import Unavailable

NAMES = {
    "public.example": ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"],
    "inside.example": ["10.1.2.3"],
    "loop.example": ["127.0.0.1"],
    "mixed.example": ["93.184.215.14", "192.168.0.7"],
    "mapped.example": ["::ffff:10.0.0.1"],
    "metadata.example": ["169.254.169.254"],
    "scoped.example": ["fe80::1%eth0"],
    "nothing.example": [],
    "2130706433": ["127.0.0.1"],
    "0x7f000001": ["127.0.0.1"],
    "0177.0.0.1": ["127.0.0.1"],
    "127.1": ["127.0.0.1"],
    "0": ["0.0.0.0"],
    "localhost.localdomain": ["127.0.0.1"],
    "printer": ["192.168.1.20"],
}

NUMBERS = """
0.0.0.0 10.0.0.1 10.255.255.255 100.64.0.1 127.0.0.2
127.255.255.254 169.254.169.254 169.254.0.1 172.16.0.1 172.31.255.255
192.0.0.1 192.0.2.1 192.168.0.1 192.168.255.255 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.250 240.0.0.1
255.255.255.255 [::] [::ffff:127.0.0.1] [::ffff:10.0.0.1] [::ffff:169.254.169.254] [::ffff:a9fe:a9fe] [64:ff9b::7f00:1]
[64:ff9b::a00:1] [64:ff9b::a9fe:a9fe] [2002:7f00:1::] [2002:a00:1::1] [2002:c0a8:1::1] [fc00::1] [fd12:3456::1]
[fe80::1]
[fec0::1] [ff02::1] [100::1] [2001:db8::1] [2001:0:7f00:1::f5ff:fffe] [::1%25lo] [fe80::1%25eth0]
""".split()

CORPUS = [f"{scheme}://{host}:8470" for host in NUMBERS for scheme in ("http", "https")]
CORPUS += [f"https://{name}" for name in NAMES if name != "public.example"]
CORPUS += [
    "http://public.example", "http://93.184.215.14", "file:///etc/passwd", "ftp://public.example", "gopher://x:70/_",
    "https://user@public.example", "https://public.example:secret@10.0.0.1", "https://public.example@10.0.0.1",
    "https://public.example#@10.0.0.1", "https://public.example?x=1", "https://", "https:///x", "https://public.example:0",
    "https://public.example:99999", "https://public .example", "https://public.example\r\nHost: x", "//10.0.0.1", "",
    "https://10.0.0.1\\@public.example", "https://[::1", "javascript:alert(1)", "https://\u2488\u2488.example",
]  # fmt: skip


async def resolve(host: str, port: int) -> Sequence[str]:
    if host not in NAMES:
        raise OSError("no such name")
    return NAMES[host]


def ok() -> httpx2.Response:
    async def body() -> AsyncIterator[bytes]:
        yield b"{}"

    return httpx2.Response(200, content=body())


class Wire:
    """Notes whatever this process connects to."""

    def __init__(self) -> None:
        self.open = False
        self.connections: list[Any] = []

    def note(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.open and event == "socket.connect":
            self.connections.append(arguments[1])


WIRE = Wire()
sys.addaudithook(WIRE.note)


@pytest.fixture
def wire() -> Iterator[Wire]:
    WIRE.connections.clear()
    WIRE.open = True
    yield WIRE
    WIRE.open = False


def test_the_corpus_is_large_enough() -> None:
    assert len(set(CORPUS)) >= 60


@pytest.mark.parametrize("url", CORPUS, ids=ascii)
async def test_no_address_of_the_corpus_is_connected_to(url: str, wire: Wire) -> None:
    caller = HttpCaller(Guard(resolve=resolve))
    try:
        for call in (caller.get(url, "/feed"), caller.post(url, "/hello", b"{}"), caller.put(url, "/skills/x", b"x")):
            with pytest.raises(Unavailable):
                await call
    finally:
        await caller.close()
    assert wire.connections == []


HERE = ["http://127.0.0.1:8470", "https://localhost:1", "http://[::1]:8470", "http://LOCALHOST"]


@pytest.mark.parametrize("url", HERE)
async def test_this_machine_is_reached_by_the_operators_word_alone(url: str) -> None:
    guard = Guard(resolve=resolve)
    assert (await guard.target(url)).addresses
    with pytest.raises(Unavailable, match="leads to this machine itself"):
        await guard.target(url, own=False)


async def test_what_is_public_is_taken_and_goes_to_what_was_judged() -> None:
    found = await Guard(resolve=resolve).target("https://Public.Example./hansa/")
    assert (found.host, found.port, found.path, found.authority) == ("public.example", 443, "/hansa", "public.example")
    assert [str(one) for one in found.addresses] == NAMES["public.example"]


async def test_a_network_of_the_list_is_taken_without_encryption_and_no_other_one() -> None:
    guard = Guard(Outbound(lan=("192.168.1.0/24", "fd00::/8")), resolve)
    assert (await guard.target("http://printer", own=False)).addresses
    assert (await guard.target("http://[fd12::1]:9")).authority == "[fd12::1]:9"
    assert (await guard.target("http://[::ffff:192.168.1.9]")).addresses
    for url in ("http://192.168.2.1", "https://inside.example", "https://mixed.example", "http://public.example"):
        with pytest.raises(Unavailable, match=r"outbound\.lan"):
            await guard.target(url)


@pytest.mark.parametrize("text", ["", "home", "192.168.0.1/16", "10.0.0.0/33", "::/129"])
def test_a_list_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"lan: .* is no network"):
        Outbound(lan=(text,)).validate()


async def test_a_name_that_changes_between_judging_and_connecting_changes_nothing() -> None:
    """DNS rebinding: the second answer of the resolver would be this machine; nobody asks a second time."""
    answers = iter([["93.184.215.14"], ["127.0.0.1"], ["127.0.0.1"]])
    asked: list[httpx2.Request] = []

    async def rebinding(host: str, port: int) -> Sequence[str]:
        return next(answers)

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        return ok()

    caller = HttpCaller(Guard(resolve=rebinding), lambda: httpx2.AsyncClient(transport=httpx2.MockTransport(answer)))
    assert (await caller.get("https://evil.example", "/feed")).status == 200
    (request,) = asked
    assert (request.url.host, request.headers["host"]) == ("93.184.215.14", "evil.example")
    assert request.extensions["sni_hostname"] == "evil.example"
    with pytest.raises(Unavailable, match="not public"):
        await caller.get("https://evil.example", "/feed")
    await caller.close()


async def test_names_that_share_an_address_share_no_connection() -> None:
    made: list[httpx2.AsyncClient] = []

    def client() -> httpx2.AsyncClient:
        made.append(httpx2.AsyncClient(transport=httpx2.MockTransport(lambda _: ok())))
        return made[-1]

    async def one_place(host: str, port: int) -> Sequence[str]:
        return ["93.184.215.14"]

    caller = HttpCaller(Guard(resolve=one_place), client)
    for name in ("good.example", "evil.example", "good.example"):
        await caller.get(f"https://{name}", "/")
    assert len(made) == 2
    await caller.close()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirection_is_not_followed(status: int, wire: Wire) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        where = "http://169.254.169.254/latest/meta-data"
        writer.write(f"HTTP/1.1 {status} x\r\nLocation: {where}\r\nContent-Length: 0\r\n\r\n".encode())
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    address = server.sockets[0].getsockname()
    caller = HttpCaller()
    found = await caller.get(f"http://127.0.0.1:{address[1]}", "/")
    await caller.close()
    server.close()
    assert found.status == status
    assert {one[:2] for one in wire.connections} == {address}


async def test_the_next_address_is_tried_when_one_does_not_answer() -> None:
    asked: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(request.url.host)
        if ":" not in request.url.host:
            raise httpx2.ConnectError("no")
        return ok()

    caller = HttpCaller(Guard(resolve=resolve), lambda: httpx2.AsyncClient(transport=httpx2.MockTransport(answer)))
    assert (await caller.get("https://public.example", "/")).status == 200
    assert asked == NAMES["public.example"]
    await caller.close()


@given(st.integers(0, 2**32 - 1))
async def test_any_number_is_taken_only_when_it_is_public_in_every_disguise(number: int) -> None:
    plain = ipaddress.IPv4Address(number)
    disguises = [
        ipaddress.IPv6Address((0xFFFF << 32) + number),
        ipaddress.IPv6Address((0x64FF9B << 96) + number),
        ipaddress.IPv6Address((0x2002 << 112) + (number << 80)),
    ]
    allowed = plain.is_global and not plain.is_multicast and not plain.is_reserved
    for host in (str(plain), *(f"[{one}]" for one in disguises)):
        try:
            found: Target | None = await Guard(resolve=resolve).target(f"https://{host}", own=False)
        except Unavailable:
            found = None
        assert (found is not None) == allowed, host
