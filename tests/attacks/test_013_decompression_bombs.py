"""Attack 13: little that comes out as much. Nothing compressed is taken, in either direction, and sizes are bounded."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import tracemalloc
import zlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hansa.adapters.caller import MAX_ANSWER, HttpCaller
from hansa.kernel.errors import Unavailable
from tests.attacks.test_063_agents_door import HEADERS, HELLO, door
from tests.node.ways import Target
from tests.node.world import SLUG, listening, skill_message

ENCODINGS = [
    "gzip",
    "deflate",
    "br",
    "zstd",
    "x-gzip",
    "compress",
    "GZIP",
    "gzip, gzip",
    "identity, gzip",
    "",
    "*",
    "x",
]
MIB = 1024 * 1024
ROUTES = [
    ("POST", "/skills"), ("POST", "/records"), ("POST", "/skills/bulk"), ("POST", "/hello"), ("POST", "/join"),
    ("PUT", f"/skills/{SLUG.id}/files/{'0' * 64}"), ("POST", "/admin/operations/status"),
]  # fmt: skip


def with_files():
    from hansa.skills.model import File

    result = SLUG.result.__class__(
        media_type=SLUG.result.media_type, text=SLUG.result.text, entry_point="slugify",
        files=(File(path="a.txt", digest="0" * 64, size=3),),
    )  # fmt: skip
    import msgspec

    return msgspec.structs.replace(SLUG, result=result)


async def target_with_a_bundle(folder: Path) -> tuple[Target, str]:
    target = await Target.fresh(folder, role="hub")
    skill = with_files()
    assert await target.push("http", skill_message(target.author.key, skill).raw) == "taken"
    return target, skill.id


@pytest.mark.parametrize("encoding", ENCODINGS)
async def test_every_door_that_takes_a_body_takes_no_compressed_one(tmp_path: Path, encoding: str) -> None:
    target, bundle = await target_with_a_bundle(tmp_path)
    before = target.snapshot()
    headers = {"Content-Encoding": encoding, "Authorization": "Bearer the-token", "Host": "127.0.0.1"}
    bomb = gzip.compress(bytes(4 * MIB))
    async with target.node.http() as http:
        for method, path in [(method, path.replace(SLUG.id, bundle)) for method, path in ROUTES]:
            answer = await http.request(method, path, content=bomb, headers=headers)
            assert (answer.status_code, answer.json()["reason"]) == (415, "content_encoding"), path
        for method, path in ROUTES[:3]:
            plain = skill_message(target.author.key, SLUG).raw
            answer = await http.request(method, path, content=plain, headers=headers)
            assert answer.status_code == 415
    assert target.snapshot() == before


@pytest.mark.parametrize("encoding", ENCODINGS)
async def test_the_agents_door_takes_no_compressed_body_either(tmp_path: Path, encoding: str) -> None:
    target = await Target.fresh(tmp_path)
    body = gzip.compress(json.dumps(HELLO).encode())
    async with door(target.node) as http:
        for content in (body, json.dumps(HELLO).encode()):
            answer = await http.post("/mcp", content=content, headers=HEADERS | {"Content-Encoding": encoding})
            assert (answer.status_code, answer.json()["reason"]) == (415, "content_encoding")


async def test_the_list_of_doors_above_is_whole(tmp_path: Path) -> None:
    target = await Target.fresh(tmp_path)
    described = target.node.door.openapi()["paths"]  # all but the operator's own
    taking = {(method.upper(), path) for path, methods in described.items() for method in methods if method != "get"}
    assert len(taking) + 1 == len(ROUTES), taking


async def test_identity_is_no_compression(tmp_path: Path) -> None:
    target = await Target.fresh(tmp_path)
    from tests.node.world import DOUBLE

    async with target.node.http() as http:
        raw = skill_message(target.author.key, DOUBLE).raw
        answer = await http.post("/skills", content=raw, headers={"Content-Encoding": "identity"})
        assert answer.status_code == 201


@pytest.mark.parametrize("announced", [True, False])
async def test_a_body_that_is_too_large_is_refused_as_soon_as_that_is_known(tmp_path: Path, announced: bool) -> None:
    """Over a real connection: 16 MiB in pieces, with and without saying so before."""
    target = await Target.fresh(tmp_path)
    sent = 0

    async def pieces() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(256):
            sent += 1
            yield bytes(64 * 1024)

    import httpx2

    async with listening(target.node.door) as url, httpx2.AsyncClient(trust_env=False) as http:
        headers = {"Content-Length": str(16 * MIB)} if announced else {}
        with contextlib.suppress(httpx2.TransportError):  # the door may hang up while we still send
            answer = await http.post(f"{url}/skills", content=pieces(), headers=headers)
            assert (answer.status_code, answer.json()["reason"]) == (413, "too_large")
        assert (await http.get(f"{url}/healthz")).json() == {"status": "ok"}
    assert target.node.store.feed_mark() == (0, "")


# ---- the other direction: what a source answers


@contextlib.asynccontextmanager
async def source(head: bytes, body: bytes, times: int = 1) -> AsyncIterator[str]:
    """A little server that answers everything with this head, and this body `times` times over."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(head)
            for _ in range(times):
                writer.write(body)
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@contextlib.asynccontextmanager
async def caller() -> AsyncIterator[HttpCaller]:
    made = HttpCaller()
    yield made
    await made.close()


def head(*lines: str) -> bytes:
    return "\r\n".join(["HTTP/1.1 200 OK", *lines, "Connection: close", "", ""]).encode()


@pytest.mark.parametrize(
    "encoding", ["gzip", "deflate", "br", "zstd", "gzip, gzip", "identity, gzip", "GZIP", "unknown"]
)
async def test_a_compressed_answer_is_not_taken(encoding: str) -> None:
    bomb = zlib.compress(bytes(64 * MIB), 9)
    async with (
        source(head(f"Content-Encoding: {encoding}", f"Content-Length: {len(bomb)}"), bomb) as url,
        caller() as it,
    ):
        tracemalloc.start()
        for ask in (it.get(url, "/feed"), it.post(url, "/hello", b"{}"), it.put(url, "/skills/x/files/y", b"")):
            with pytest.raises(Unavailable, match="compressed"):
                await ask
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 4 * MIB


@pytest.mark.parametrize(
    "lines",
    [["Content-Length: 1099511627776"], [], ["Transfer-Encoding: chunked"]],
    ids=["announced", "silent", "chunked"],
)
async def test_an_answer_without_end_is_cut_off(lines: list[str]) -> None:
    piece = bytes(256 * 1024)
    if lines == ["Transfer-Encoding: chunked"]:
        piece = b"%x\r\n%b\r\n" % (len(piece), piece)
    async with source(head(*lines), piece, times=400) as url, caller() as it:
        with pytest.raises(Unavailable, match=str(MAX_ANSWER)):
            await it.get(url, "/feed")


async def test_an_answer_just_within_bounds_is_read() -> None:
    async with source(head(f"Content-Length: {MAX_ANSWER}"), bytes(MAX_ANSWER)) as url, caller() as it:
        assert len((await it.get(url, "/feed")).body) == MAX_ANSWER


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100_000 + b"\r\n", b"HTTP/1.1 200 OK\r\nX: " + b"y" * 4_000_000,
        b"", b"\x16\x03\x01\x02\x00", b"SSH-2.0-OpenSSH_9.6\r\n", b"HTTP/1.1 abc\r\n\r\n", b"\0" * 1000,
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
    ids=["headers", "long header", "nothing", "tls", "ssh", "status", "nul", "negative", "short", "chunk"],
)  # fmt: skip
async def test_what_is_no_http_is_named_as_such(raw: bytes) -> None:
    async with source(raw, b"") as url, caller() as it:
        with pytest.raises(Unavailable) as caught:
            await it.get(url, "/feed")
    assert url in str(caught.value)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_no_redirect_is_followed(status: int) -> None:
    async with source(head(), b"secret") as inside:
        there = f"HTTP/1.1 {status} x\r\nLocation: {inside}/admin\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        async with source(there.encode(), b"") as url, caller() as it:
            answer = await it.get(url, "/feed")
    assert (answer.status, answer.body) == (status, b"")


async def test_a_caller_asks_for_plain_answers_and_sends_no_secret() -> None:
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(head("Content-Length: 0"))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server, caller() as it:
        await it.get(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", "/feed")
    lines = {line.split(b":")[0].lower() for line in heard[0].split(b"\r\n")[1:] if line}
    assert b"accept-encoding: identity" in heard[0].lower()
    assert lines <= {b"host", b"accept", b"accept-encoding", b"connection", b"user-agent"}
