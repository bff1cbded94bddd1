"""What WebSocket alone has: addresses, where it connects to, certificates, and what else may answer at an address."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import ipaddress
import ssl
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from hansa.adapters.clock import SystemClock
from hansa.adapters.guard import Guard, Outbound
from hansa.adapters.transport.fabric import Fabric
from hansa.adapters.transport.websocket import WebSocket, node_url, wire_url
from hansa.entrypoints.http.heads import server_config
from hansa.entrypoints.http.server import listen
from hansa.kernel.errors import Unavailable
from tests.identity.parties import me
from tests.transport.ends import QUICK, Ear, WebSocketWay, serving, small_door


@pytest.fixture
async def way() -> AsyncIterator[WebSocketWay]:
    made = WebSocketWay()
    yield made
    await made.close()


@pytest.mark.parametrize(
    ("given", "near", "wire"),
    [
        ("http://127.0.0.1:8470", "http://127.0.0.1:8470", "ws://127.0.0.1:8470/overlay"),
        ("http://127.0.0.1:8470/", "http://127.0.0.1:8470", "ws://127.0.0.1:8470/overlay"),
        ("ws://127.0.0.1:8470/overlay", "http://127.0.0.1:8470", "ws://127.0.0.1:8470/overlay"),
        ("wss://node.example/overlay", "https://node.example", "wss://node.example/overlay"),
        ("https://node.example/hansa", "https://node.example/hansa", "wss://node.example/hansa/overlay"),
        ("http://[::1]:8470", "http://[::1]:8470", "ws://[::1]:8470/overlay"),
    ],
)
def test_a_node_and_its_links_have_one_address_in_two_forms(given: str, near: str, wire: str) -> None:
    assert (node_url(given), wire_url(given)) == (near, wire)
    assert WebSocket().speaks(given)


@pytest.mark.parametrize("url", ["ftp://x", "zenoh:did:key:z6Mk", "loop:1", "", "x", "ws//", "http://a\n"])
def test_other_addresses_are_left_to_others(url: str) -> None:
    assert not WebSocket().speaks(url)


# ---- where it connects to (attack 65)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9", "ws://localhost:9/overlay", "http://10.0.0.1", "ws://169.254.169.254/overlay",
            "http://[::ffff:10.0.0.1]", "http://example.com", "ws://u:p@127.0.0.1:9/overlay", "http://127.0.0.1:9?x=1",
            "http://"]
)  # fmt: skip
async def test_an_address_that_came_from_elsewhere_leads_to_no_private_place(url: str) -> None:
    asked: list[str] = []

    async def resolve(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"]

    with pytest.raises(Unavailable):
        await WebSocket(Guard(resolve=resolve)).connect(url, None)
    assert asked in ([], ["example.com"])


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "ws://localhost:9/overlay", "http://[::1]:9"])
async def test_an_address_of_this_machine_is_followed_only_where_the_operator_gave_it(url: str) -> None:
    with pytest.raises(Unavailable, match="it came from elsewhere"):
        await WebSocket().connect(url, None)
    asked: list[str] = []
    with pytest.raises(Unavailable, match="no node answers"):
        await WebSocket(own=lambda near: asked.append(near) is None).connect(url, None)
    assert asked == [node_url(url)]


async def test_a_name_is_resolved_once_and_the_connection_goes_there(way: WebSocketWay) -> None:
    """A resolver that answers otherwise the second time is never asked a second time."""
    b = await way.end(2)
    port = b.url.rpartition(":")[2]
    asked: list[str] = []

    async def resolve(host: str, _: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["192.0.2.1"]

    carrier = WebSocket(Guard(Outbound(lan=("127.0.0.0/8",)), resolve))
    with pytest.raises(Unavailable, match="answers with 403"):  # its gate knows no such name: so that is who answered
        await carrier.connect(f"http://node.example:{port}", None)
    assert asked == ["node.example"]


@contextlib.asynccontextmanager
async def answering(raw: bytes) -> AsyncIterator[str]:
    """A little server that answers everything with the same bytes."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(raw)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_no_redirection_is_followed(way: WebSocketWay, status: int) -> None:
    b = await way.end(2)
    raw = f"HTTP/1.1 {status} x\r\nLocation: {wire_url(b.url)}\r\nContent-Length: 0\r\n\r\n".encode()
    async with answering(raw) as url:
        with pytest.raises(Unavailable, match=f"answers with {status}"):
            await WebSocket(own=lambda _: True).connect(url, None)


@pytest.mark.parametrize(
    "raw", [b"", b"SSH-2.0-OpenSSH_9.6\r\n", b"\0" * 100, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
            b"HTTP/1.1 101 Switching Protocols\r\n\r\n", b"HTTP/1.1 404 x\r\nContent-Length: 0\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nX: " + b"y" * 1_000_000]
)  # fmt: skip
async def test_whatever_else_answers_is_named_and_no_error_of_ours(raw: bytes) -> None:
    async with answering(raw) as url:
        with pytest.raises(Unavailable) as caught:
            await WebSocket(own=lambda _: True).connect(url, None)
        assert url in str(caught.value)


async def test_a_proxy_of_the_environment_is_not_asked(way: WebSocketWay, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "ws_proxy", "wss_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
        monkeypatch.setenv(name.upper(), "http://127.0.0.1:9")
    b = await way.end(2)
    wire = await WebSocket(own=lambda _: True).connect(b.url, None)
    await wire.close()


async def test_text_is_no_message_of_a_link(way: WebSocketWay) -> None:
    b = await way.end(2)
    async with connect(wire_url(b.url), compression=None, proxy=None) as socket:
        await socket.send("text")
        with pytest.raises(ConnectionClosed):
            await socket.recv()
    assert b.fabric.half_open == 0


# ---- certificates


def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """Writes a certificate for this machine's number or a name, signed by itself; returns it and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    alternative = x509.IPAddress(ipaddress.ip_address(name)) if name[0].isdigit() else x509.DNSName(name)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=36_500))
        .add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    cert, private = folder / "cert.pem", folder / "key.pem"
    cert.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return cert, private


@contextlib.asynccontextmanager
async def encrypted(folder: Path, name: str) -> AsyncIterator[tuple[str, Fabric, Path]]:
    """A node behind TLS: its address, its fabric, and its certificate."""
    cert, private = certificate(folder, name)
    door = small_door()
    sock = listen("127.0.0.1", 0)
    server = uvicorn.Server(server_config(door, ssl_certfile=str(cert), ssl_keyfile=str(private)))
    task = asyncio.create_task(server.serve(sockets=[sock]))
    while not server.started:
        await asyncio.sleep(0)
    url = f"https://127.0.0.1:{sock.getsockname()[1]}"
    door.state.overlay = carrier = WebSocket(address=url)
    fabric = Fabric(lambda: me(2), [carrier], SystemClock(), QUICK)
    await fabric.start(Ear())
    yield url, fabric, cert
    await fabric.stop()
    server.should_exit = True
    await task


async def test_a_link_to_an_https_node_is_encrypted_and_its_certificate_checked(tmp_path: Path) -> None:
    async with encrypted(tmp_path, "127.0.0.1") as (url, fabric, cert):
        assert fabric.addresses == [f"wss{url[5:]}/overlay"]
        trusting = ssl.create_default_context(cafile=str(cert))
        own = Fabric(lambda: me(1), [WebSocket(own=lambda _: True, tls=trusting)], SystemClock(), QUICK)
        await own.start(Ear())
        assert await own.dial(url, me(2).node) == me(2).node
        await own.stop()
        with pytest.raises(Unavailable, match="certificate"):
            await WebSocket(own=lambda _: True).connect(url, None)


async def test_a_certificate_for_another_name_is_refused(tmp_path: Path) -> None:
    async with encrypted(tmp_path, "other.example") as (url, _, cert):
        trusting = ssl.create_default_context(cafile=str(cert))
        with pytest.raises(Unavailable, match="certificate"):
            await WebSocket(own=lambda _: True, tls=trusting).connect(url, None)


async def test_a_server_that_stops_ends_its_links(way: WebSocketWay) -> None:
    """Even where the fabric was not stopped before it."""
    a = await way.end(1)
    door = small_door()
    ear = Ear()
    async with serving(door) as url:
        door.state.overlay = carrier = WebSocket(address=url)
        fabric = Fabric(lambda: me(2), [carrier], SystemClock(), QUICK)
        await fabric.start(ear)
        await a.fabric.dial(url, me(2).node)
    await a.ear.loss()
    await ear.loss()
    await fabric.stop()
