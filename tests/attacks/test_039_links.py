"""Attack 39: strangers at the door of the links. They take places, and say nothing, nonsense, or too much.

Passes when: handshakes that go on at once stay within 16, and 8 of one host; one host begins 60 in a minute at most;
each is over after 5 s; what is held of strangers stays below 4 MiB; links that stand deliver every frame meanwhile;
a node of another host gets in; incoming links leave places for those that the node makes itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
import tracemalloc
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from hansa.adapters.clock import ManualClock
from hansa.adapters.transport import doorman
from hansa.adapters.transport.doorman import Doorman
from hansa.adapters.transport.params import Params
from hansa.adapters.transport.websocket import ClientWire, wire_url
from hansa.adapters.transport.wire import MAX_MESSAGE
from hansa.identity.handshake import MAX_MESSAGE as MAX_HELLO
from hansa.identity.handshake import Dialler
from hansa.kernel.errors import Refused, Unavailable
from hansa.kernel.ids import NodeId
from hansa.kernel.verdict import Reason
from tests.attacks.specimens import refusal
from tests.identity.parties import fresh, me
from tests.transport.ends import PATIENCE, End, LoopWay, Way, WebSocketWay

MIB = 1024 * 1024
STRICT = Params(handshake_ms=1_000, beat_ms=200, idle_ms=5_000)
"""As by default, but that a handshake may take 1 s."""


@pytest.fixture
async def way() -> AsyncIterator[WebSocketWay]:
    made = WebSocketWay()
    yield made
    await made.close()


@contextlib.asynccontextmanager
async def strangers(url: str, count: int, say: bytes = b"") -> AsyncIterator[tuple[list[Any], int]]:
    """Connects `count` strangers, each of which says one thing; gives those let in, and how many were not."""

    async def one() -> Any:
        try:
            socket = await connect(wire_url(url), compression=None, proxy=None, ping_interval=None)
        except InvalidStatus as error:
            assert error.response.status_code == 503
            return None
        if say:
            with contextlib.suppress(ConnectionClosed):
                await socket.send(say)
        return socket

    found = await asyncio.gather(*(one() for _ in range(count)))
    inside = [socket for socket in found if socket is not None]
    try:
        yield inside, count - len(inside)
    finally:
        for socket in inside:
            socket.transport.abort()


async def link_up(way: Way, params: Params = STRICT) -> tuple[End, End]:
    a, b = await way.end(1, params=params), await way.end(2, params=params)
    await a.fabric.dial(b.url, b.id)
    return a, b


async def works(a: End, b: End) -> None:
    """Sends a thousand frames over a link that stands; all come."""
    for number in range(1_000):
        assert a.fabric.send(b.id, number.to_bytes(4, "big"))
    await b.ear.until(lambda ear: len(ear.frames) >= 1_000)
    assert b.ear.frames == [number.to_bytes(4, "big") for number in range(1_000)]


async def test_strangers_who_say_nothing_hold_few_places_and_not_for_long(way: WebSocketWay) -> None:
    a, b = await link_up(way)
    async with strangers(b.url, 160) as (inside, outside):
        assert (len(inside), outside) == (8, 152)
        assert b.fabric.half_open == 8
        await works(a, b)
        async with asyncio.timeout(STRICT.handshake_ms / 1000 + 2):
            for socket in inside:
                await socket.wait_closed()
        assert b.fabric.half_open == 0
    assert (a.ear.standing, b.ear.standing) == ([b.id], [a.id])


async def test_a_node_of_another_host_gets_in_while_one_host_floods(way: WebSocketWay, monkeypatch: Any) -> None:
    b, c = await way.end(2, params=STRICT), await way.end(3, params=STRICT)
    async with strangers(b.url, 40) as (inside, _):
        assert len(inside) == 8
        with pytest.raises(Unavailable, match="takes no more links now"):
            await c.fabric.dial(b.url, b.id)

        async def from_elsewhere(url: str, whom: NodeId | None) -> ClientWire:
            target = wire_url(url)
            return ClientWire(target, await connect(target, local_addr=("127.0.0.2", 0), compression=None, proxy=None))

        monkeypatch.setattr(c.carrier, "connect", from_elsewhere, raising=False)
        assert await c.fabric.dial(b.url, b.id) == b.id


@pytest.mark.parametrize(
    "say",
    [b"x", bytes(MAX_HELLO), bytes(MAX_HELLO + 1), Dialler(me(5), fresh(1)).hello[:-1],
     Dialler(me(5), fresh(1)).hello.replace(b"test", b"tost")],
    ids=["short", "zeros", "long", "cut", "network"],
)  # fmt: skip
async def test_strangers_who_talk_nonsense_are_sent_away_at_once(way: WebSocketWay, say: bytes) -> None:
    b = await way.end(2, params=replace(STRICT, handshake_ms=60_000))
    async with strangers(b.url, 8, say) as (inside, _), asyncio.timeout(PATIENCE):
        for socket in inside:
            await socket.wait_closed()
    assert b.fabric.half_open == 0
    assert b.ear.told == []


async def test_one_host_begins_no_more_than_sixty_handshakes_in_a_minute(way: WebSocketWay) -> None:
    b = await way.end(2, params=STRICT)
    entered, began = 0, time.monotonic()
    for _ in range(40):
        async with strangers(b.url, 4, b"x") as (inside, _):
            entered += len(inside)
            for socket in inside:
                await socket.wait_closed()
    assert entered <= 60 + int(time.monotonic() - began) + 1
    assert entered >= 60


async def test_what_is_held_of_strangers_is_bounded(way: WebSocketWay) -> None:
    """Each says as much as it can, in a message that does not end, or in as many as it can."""
    b = await way.end(2, params=replace(STRICT, handshake_ms=3_000))
    piece = bytes(MAX_MESSAGE // 2)

    async def pour(socket: Any) -> None:
        async def endless() -> AsyncIterator[bytes]:
            while True:
                yield piece

        with contextlib.suppress(ConnectionClosed):
            await socket.send(endless())

    tracemalloc.start()
    try:
        async with strangers(b.url, 16) as (inside, _):
            before, _ = tracemalloc.get_traced_memory()
            async with asyncio.timeout(PATIENCE):
                await asyncio.gather(*(pour(socket) for socket in inside))
            _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak - before < 8 * MIB  # of both ends, which are in this process


async def test_a_stranger_costs_little_even_with_a_hello_that_is_good() -> None:
    """What is done before a stranger has proved anything: one key agreement's half and one signature."""
    way = LoopWay()
    b = await way.end(2, params=replace(STRICT, per_second=10_000, handshake_ms=60_000))
    hello = Dialler(me(5), fresh(1)).hello
    began = time.process_time()
    for _ in range(200):
        wire = await b.carrier.connect(b.url, None)
        await wire.send(hello)
        await wire.receive()
        await wire.send(b"no proof")
        with contextlib.suppress(Exception):
            while True:
                await wire.receive()
    assert time.process_time() - began < 200 * 0.006
    await way.close()


async def test_links_that_others_begin_leave_places_for_those_of_ones_own() -> None:
    way = LoopWay()
    b = await way.end(100, params=replace(STRICT, max_links=6, max_incoming=4))
    others = [await way.end(number, params=STRICT) for number in range(1, 9)]
    for one in others[:4]:
        await one.fabric.dial(b.url, b.id)
    with pytest.raises(Refused) as caught:
        await others[4].fabric.dial(b.url, b.id)
    assert caught.value.reason is Reason.CROWDED
    for one in others[5:7]:
        await b.fabric.dial(one.url, one.id)
    assert len(b.ear.standing) == 6
    with pytest.raises(Unavailable, match="6 links stand already"):
        await b.fabric.dial(others[7].url, others[7].id)
    await others[0].fabric.close(b.id)
    await others[4].fabric.dial(b.url, b.id)
    await way.close()


# ---- the doorman alone


def test_places_at_the_door_are_counted_and_given_back() -> None:
    man = Doorman(Params(max_half_open=3, max_half_open_per_host=2), ManualClock(0))
    with contextlib.ExitStack() as stack:
        for host in ("192.0.2.1", "192.0.2.1"):
            stack.enter_context(man.entering(host))
        assert refusal(man.entering("192.0.2.1").__enter__).reason is Reason.CROWDED
        stack.enter_context(man.entering("192.0.2.2"))
        assert refusal(man.entering("192.0.2.3").__enter__).reason is Reason.CROWDED
    assert man.half_open == 0
    with man.entering("192.0.2.1"):
        assert man.half_open == 1


def test_a_network_of_ipv6_counts_as_one_host() -> None:
    man = Doorman(Params(max_half_open_per_host=1), ManualClock(0))
    with man.entering("2001:db8::1"):
        assert refusal(man.entering("2001:db8::ffff:2").__enter__).reason is Reason.CROWDED
        with man.entering("2001:db8:0:1::1"):
            pass


def test_knocking_is_bounded_for_one_host_and_for_all() -> None:
    clock = ManualClock(0)
    man = Doorman(Params(per_host_per_minute=3, per_second=1), clock)

    def knock(host: str) -> Reason | None:
        try:
            with man.entering(host):
                return None
        except Refused as refused:
            return refused.reason

    assert [knock("192.0.2.1") for _ in range(4)] == [None, None, None, Reason.RATE]
    assert [knock(f"192.0.2.{number}") for number in range(2, 6)] == [None, None, Reason.RATE, Reason.RATE]
    clock.advance(20_000)
    assert [knock("192.0.2.1"), knock("192.0.2.1")] == [None, Reason.RATE]


def test_hosts_that_knocked_are_remembered_within_bounds(monkeypatch: Any) -> None:
    monkeypatch.setattr(doorman, "MAX_HOSTS", 10)
    man = Doorman(Params(per_second=1_000), ManualClock(0))
    for number in range(100):
        with man.entering(f"192.0.2.{number}"):
            pass
    assert len(man._hosts) == 10
    assert man._open == {}
