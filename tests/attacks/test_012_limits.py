"""Attack 12: every way in has the same bounds, before anything is parsed, and a refusal is cheap.

Bounds: 256 KiB (a page of another node 5 MiB, arguments with a token 1 MiB), 32 levels, 1,000 keys, and integers up to
2^53.
Cheap: at most 5 ms of CPU from the bytes to the refusal, for whatever one can write into 256 KiB.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hansa.adapters import files
from hansa.admission.service import Via
from hansa.entrypoints import config
from hansa.entrypoints.http.heads import MAX_HEAD_BYTES
from hansa.identity.envelope import PAYLOAD_TYPE, pre_authentication_encoding, read, verify
from hansa.identity.peek import named_author
from hansa.kernel.errors import Refused, UsageError
from hansa.kernel.limits import ARGUMENTS, WHOLE_ANSWERS, Limits
from hansa.kernel.verdict import Reason
from hansa.kernel.wire import read_json
from hansa.node.keyfetcher import RootsPage
from hansa.node.ports import Answer
from hansa.node.subscribing import FeedPage
from hansa.node.witness import HeadsPage
from hansa.skills.exporting.bundle import read_provenance
from hansa.skills.importing.draft import Draft, Rejected
from hansa.skills.reflections import read_line
from tests.attacks.forgeries import envelope, signature
from tests.attacks.specimens import key, refusal
from tests.attacks.test_012_parser_bombs import BOMBS
from tests.attacks.test_063_agents_door import HEADERS, door
from tests.node.ways import Target
from tests.node.world import listening

DEEP = b'{"a":' + b"[" * 40 + b"]" * 40 + b"}"
WIDE = b"{" + b",".join(b'"%d":0' % n for n in range(1_001)) + b"}"
LONG = b'{"a":[' + b",".join([b"0"] * 10_002) + b"]}"
OUT_OF_BOUNDS = {"deep": (DEEP, Reason.TOO_DEEP), "wide": (WIDE, Reason.TOO_MANY_KEYS),
                 "long": (LONG, Reason.TOO_MANY_KEYS)}  # fmt: skip
ALICE = key(1)


# ---- one set of bounds


def test_the_bounds_are_those_of_the_threat_list() -> None:
    common = Limits(max_bytes=256 * 1024, max_depth=32, max_keys=1_000, max_items=10_000)
    assert Limits() == common
    for wider, most in ((WHOLE_ANSWERS, 5 * 1024 * 1024), (ARGUMENTS, 1024 * 1024)):
        assert wider == Limits(most, common.max_depth, common.max_keys, common.max_items)


@pytest.mark.parametrize("name", OUT_OF_BOUNDS)
@pytest.mark.parametrize("shape", [FeedPage, RootsPage, HeadsPage, dict[str, Any]], ids=str)
def test_what_another_node_answers_has_bounds(name: str, shape: Any) -> None:
    """Each of these would be parsed, or refused as of another shape, by a reader that has none."""
    data, expected = OUT_OF_BOUNDS[name]
    assert refusal(read_json, data, shape).reason is expected
    assert refusal(read_json, data[:-1] + b" " * (6 << 20), shape).reason is Reason.TOO_LARGE


@pytest.mark.parametrize("name", OUT_OF_BOUNDS)
async def test_a_source_answers_with_a_bomb(tmp_path: Path, name: str) -> None:
    target = await Target.fresh(tmp_path)
    before = target.snapshot()
    target.world.net.twists[target.liar.url] = lambda *_: Answer(200, OUT_OF_BOUNDS[name][0])
    with pytest.raises(Refused) as caught:
        await target.node.pull(target.liar)
    assert caught.value.reason is OUT_OF_BOUNDS[name][1]
    assert await target.node.node.subscriber.witness.compare(target.liar.url) == []
    assert target.snapshot() == before


@pytest.mark.parametrize("name", OUT_OF_BOUNDS)
async def test_arguments_with_a_token_have_bounds(tmp_path: Path, name: str) -> None:
    target = await Target.fresh(tmp_path)
    data, expected = OUT_OF_BOUNDS[name]
    headers = {"Authorization": "Bearer the-token", "Host": "127.0.0.1"}
    async with target.node.http() as http:
        for body, reason in ((data, expected.code), (b" " * (1024 * 1024 + 1), "too_large")):
            answer = await http.post("/admin/operations/status", content=body, headers=headers)
            assert answer.json()["reason"] == reason
        assert (await http.post("/admin/operations/status", content=b"{}", headers=headers)).status_code == 200


@pytest.mark.parametrize("name", OUT_OF_BOUNDS)
async def test_what_an_agent_asks_for_has_bounds(tmp_path: Path, name: str) -> None:
    target = await Target.fresh(tmp_path)
    data, expected = OUT_OF_BOUNDS[name]
    call = b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"node_status","arguments":%b}}' % data
    async with door(target.node) as http:
        for body, reason in ((call, expected.code), (call + b" " * (1 << 20), "too_large")):
            answer = await http.post("/mcp", content=body, headers=HEADERS)
            assert answer.json()["reason"] == reason
        answer = await http.post("/mcp", content=call, headers=HEADERS | {"Content-Encoding": "gzip"})
        assert (answer.status_code, answer.json()["reason"]) == (415, "content_encoding")


@pytest.mark.parametrize("name", OUT_OF_BOUNDS)
def test_a_line_of_traces_has_bounds(tmp_path: Path, name: str) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(OUT_OF_BOUNDS[name][0] + b"\n")
    (found,) = files.read(files.Source("traces", path))
    assert isinstance(found, Rejected)
    assert "too large or too deep" in found.problem


@pytest.mark.parametrize(
    ("number", "is_taken"), [(2**53, True), (2**53 + 1, False), (-(2**60), False), (10**19, False)]
)
def test_a_number_in_a_trace_is_one_that_every_reader_agrees_on(tmp_path: Path, number: int, is_taken: bool) -> None:
    row = {"intent": "count to a number", "result": "def f():\n    return 1\n", "note": number, "license": "MIT"}
    path = tmp_path / "x.jsonl"
    path.write_text(json.dumps(row))
    (found,) = files.read(files.Source("traces", path))
    assert isinstance(found, Draft) is is_taken


def test_a_line_without_end_is_read_in_pieces(tmp_path: Path) -> None:
    """64 MiB in one line, and a good one behind it: never more than a piece is held."""
    path = tmp_path / "x.jsonl"
    with path.open("wb") as file:
        for _ in range(64):
            file.write(b"[" * (1 << 20))
        file.write(b"\n" + json.dumps({"intent": "do it", "result": "x", "license": "MIT"}).encode() + b"\n")
    held = 0
    with path.open("rb") as file:
        for line in files._lines(file):
            held = max(held, len(line))
    assert held <= Limits().max_bytes + 1
    source = files.Source("traces", path)
    assert [type(one) for one in files.read(source)] == [Rejected, Draft]
    assert files.count(source) == 2


@pytest.mark.parametrize("name", OUT_OF_BOUNDS)
def test_a_line_of_reflections_and_a_provenance_have_bounds(name: str) -> None:
    data, expected = OUT_OF_BOUNDS[name]
    assert refusal(read_line, data).reason is expected
    assert read_provenance(data) is None


def test_settings_have_bounds(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_bytes(b"# " + b"x" * (1 << 20))
    with pytest.raises(UsageError, match="more than 1048576 bytes"):
        config.load(tmp_path)


# ---- the head of a request


async def _say(port: int, pieces: Iterator[bytes]) -> tuple[int, bytes]:
    """Says pieces until the other side hangs up; returns how many bytes were taken, and what was answered."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    sent = 0
    with contextlib.suppress(ConnectionError):
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            sent += len(piece)
            await asyncio.sleep(0)
    answer = b""
    with contextlib.suppress(ConnectionError, TimeoutError):
        answer = await asyncio.wait_for(reader.read(300), 5)
    writer.close()
    return sent, answer


HEAD = b"POST /skills HTTP/1.1\r\nHost: 127.0.0.1\r\n"
BODY = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
WHOLE = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n"
HEADS: dict[str, tuple[bytes, bytes]] = {
    "many headers": (HEAD, b"X: " + b"y" * 997 + b"\r\n"),
    "one long header": (HEAD + b"X: ", b"y" * 1_000),
    "a long address": (b"GET /", b"y" * 1_000),
    "a long name of a header": (HEAD, b"y" * 1_000),
    "an extension of a chunk": (BODY + b"1;", b"y" * 1_000),
    "trailers": (BODY + b"1\r\nx\r\n0\r\n", b"X: " + b"y" * 997 + b"\r\n"),
    "one long trailer": (BODY + b"1\r\nx\r\n0\r\nX: ", b"y" * 1_000),
    "the second request": (WHOLE + b"\r\n" + WHOLE + b"X: ", b"y" * 1_000),
}


@pytest.mark.parametrize("name", HEADS)
async def test_a_head_without_end_ends_the_connection(tmp_path: Path, name: str) -> None:
    target = await Target.fresh(tmp_path)
    start, more = HEADS[name]
    async with listening(target.node.door) as url:
        port = int(url.rsplit(":", 1)[1])
        sent, _ = await _say(port, itertools.chain([start], itertools.repeat(more, 20_000)))
        assert sent < 8 << 20  # what the sockets of both sides hold; without a bound, all of the 20 MB
        just = (MAX_HEAD_BYTES - len(start)) // len(more) + 1  # the last piece is one too many
        if b"\r\n\r\n" not in start:  # nothing was begun: it is told
            _, answer = await _say(port, itertools.chain([start], itertools.repeat(more, just)))
            assert answer.startswith(b"HTTP/1.1 431")
        _, answer = await _say(port, iter([WHOLE + b"X: " + b"y" * 30_000 + b"\r\nConnection: close\r\n\r\n"]))
        assert answer.startswith(b"HTTP/1.1 200")


async def test_a_long_body_in_small_pieces_is_no_long_head(tmp_path: Path) -> None:
    target = await Target.fresh(tmp_path)
    pieces = itertools.chain([BODY], itertools.repeat(b"1;x\r\n[\r\n", 40_000), [b"0\r\n\r\n"])
    async with listening(target.node.door) as url:
        _, answer = await _say(int(url.rsplit(":", 1)[1]), pieces)
    assert b"too_deep" in answer or b"too_many_keys" in answer or answer.startswith(b"HTTP/1.1 4")
    assert not answer.startswith(b"HTTP/1.1 431")


# ---- what a refusal costs

MOST = 256 * 1024
MILLISECONDS = 5.0


def costly() -> Iterator[tuple[str, bytes]]:
    """Yields what takes long to refuse: bytes repeated, pairs of them, and JSON that is wrong at its very end."""
    for byte in sorted(frozenset(b'"\\[]{}:,09.e- atu\x00\n\xc3\xf0\xff')):
        yield f"{byte:#x} repeated", bytes([byte]) * MOST
    parts = [b'"', b"\\", b"[", b"{", b":", b",", b"9", b"."]
    for one, other in itertools.permutations(parts, 2):
        yield f"{one + other!r} repeated", (one + other) * (MOST // 2)
        yield f"{one + other!r} in a string", b'"' + (one + other) * (MOST // 2 - 1) + b'"'
    for name, inner in {
        "integers": b",".join([b"%d" % (2**53 - 1 - n) for n in range(9_999)]),
        "texts": b",".join([b'"%b"' % (b"a" * 20)] * 9_999),
        "escapes": b",".join([b'"\\u0041\\u0041"'] * 9_999),
        "objects": b",".join(b'{"%03d":[1,2,3,4,5,6,7]}' % n for n in range(1_000)),
        "astral keys": b",".join('{{"\U0001f600{}{}":1}}'.format(n, "\U0001f600" * 50).encode() for n in range(1_000)),
        "escaped quotes": b'"' + b'\\"' * 130_000 + b'"',
        "escaped quotes, a long number": b'9007199254740991,"' + b'\\"' * 130_000 + b'"',
        "escaped quotes, astral": '"\U0001f600'.encode() + b'\\"' * 130_000 + b'"',
        "escaped controls": b'"' + b"\\u001f" * 43_000 + b'"',
        "small escapes in the wrong case": b'9007199254740991,"' + b"\\u001F" * 43_000 + b'"',
        "numbers of 20 digits": b",".join([b"9" * 20] * 9_999),
    }.items():
        yield name, (b"[" + inner + b" ]")[:MOST]


def cpu_ms(call: Any, *args: Any) -> float:
    """Returns the CPU that a refusal takes, in milliseconds: the least of some tries, as others use the machine too."""
    least = float("inf")
    for number in range(20):
        started = time.process_time()
        with contextlib.suppress(Refused, msgspec.ValidationError):
            call(*args)
        least = min(least, (time.process_time() - started) * 1_000)
        if number >= 2 and least <= MILLISECONDS:
            break
    return least


def inside(data: bytes) -> bytes:
    signed = data[: 190 * 1024]
    sig = ALICE.sign(pre_authentication_encoding(PAYLOAD_TYPE, signed))
    return envelope(signed, [signature(ALICE.public.did, sig)])


def whole(data: bytes) -> None:
    verify(read(data))


def test_a_refusal_takes_five_milliseconds_of_cpu_at_most() -> None:
    cases = [*costly(), *((name, data) for name, (data, _) in BOMBS.items())]
    assert len(cases) > 170
    took = {(name, way): cpu_ms(whole, data) for name, bare in cases for way, data in
            (("bare", bare), ("signed", inside(bare)))}  # fmt: skip
    assert {case: ms for case, ms in took.items() if ms > MILLISECONDS} == {}


def test_sixteen_signatures_of_no_use_take_no_longer() -> None:
    payload = read(inside(b"{}")).payload
    keys = [key(number) for number in range(16)]
    message = envelope(payload, [signature(one.public.did, b"\1" * 64) for one in keys])
    assert cpu_ms(whole, message) <= MILLISECONDS


async def test_a_refusal_at_the_inbox_is_as_cheap(tmp_path: Path) -> None:
    """With the note in the journal and the event; the costliest of the list above."""
    target = await Target.fresh(tmp_path)
    inbox = target.node.node.inbox
    for name, data in costly():
        if "repeated" in name:
            continue
        least = float("inf")
        for _ in range(20):
            started = time.process_time()
            with pytest.raises(Refused):
                await inbox.receive(data, Via.HTTP)
            least = min(least, (time.process_time() - started) * 1_000)
            if least <= MILLISECONDS:
                break
        assert least <= MILLISECONDS, name


def test_to_see_who_is_named_costs_no_more(tmp_path: Path) -> None:
    for name, data in costly():
        signed = read(inside(data))
        assert cpu_ms(named_author, signed) <= MILLISECONDS, name
