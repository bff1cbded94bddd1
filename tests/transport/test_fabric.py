"""A node with several carriers; parameters; what a listener's fault does; Zenoh's own ways."""

from __future__ import annotations

import asyncio
import builtins
from dataclasses import fields
from typing import Any

import pytest

from hansa.adapters.clock import SystemClock
from hansa.adapters.transport.fabric import Fabric
from hansa.adapters.transport.link import Link
from hansa.adapters.transport.links import Links
from hansa.adapters.transport.loopback import Harbour, Loopback
from hansa.adapters.transport.params import Params
from hansa.identity.handshake import Session
from hansa.identity.sealing import Opener, Sealer
from hansa.kernel.errors import Refused, Unavailable
from hansa.kernel.verdict import Reason
from tests.attacks.specimens import reason
from tests.identity.parties import NETWORK, me
from tests.transport.ends import PATIENCE, QUICK, Ear, free_port

A, B, C = me(1), me(2), me(3)


def fabric(own: Any, *carriers: Any) -> Fabric:
    return Fabric(lambda: own, carriers, SystemClock(), QUICK)


async def started(own: Any, *carriers: Any) -> tuple[Fabric, Ear]:
    made, ear = fabric(own, *carriers), Ear()
    await made.start(ear)
    return made, ear


async def test_a_bridge_links_to_nodes_of_two_worlds_and_keeps_one_link_to_each() -> None:
    north, south = Harbour(), Harbour()

    class South(Loopback):
        """Another carrier, with addresses of its own."""

        name = "south"  # type: ignore[assignment]

        def speaks(self, url: str) -> bool:
            return url.startswith("south:")

        async def connect(self, url: str, whom: Any) -> Any:
            return await super().connect(url.replace("south:", "loop:"), whom)

    a, _ = await started(A, Loopback(north, "a"))
    bridge, ear = await started(B, Loopback(north, "b"), South(south, "b"))
    c, c_ear = await started(C, Loopback(north, "c"), South(south, "c"))
    assert bridge.name == "loop+south"
    assert bridge.addresses == ["loop:b", "loop:b"]
    assert await bridge.dial("loop:a") == A.node
    assert await bridge.dial("south:c") == C.node
    assert await bridge.dial("loop:c") == C.node  # there is one already
    assert await c.dial("loop:b") == B.node
    assert (ear.standing, c_ear.standing) == ([A.node, C.node], [B.node])
    assert len(ear.told) == 2
    for one in (bridge, a, c):
        await one.stop()


async def test_a_node_that_is_not_wanted_gets_no_link_from_either_end() -> None:
    harbour = Harbour()
    a, a_ear = await started(A, Loopback(harbour, "a"))
    b = Fabric(lambda: B, [Loopback(harbour, "b")], SystemClock(), QUICK, lambda peer: Reason.BANNED)
    b_ear = Ear()
    await b.start(b_ear)
    for one, url in ((a, "loop:b"), (b, "loop:a")):
        with pytest.raises(Refused) as caught:
            await one.dial(url)
        assert caught.value.reason is Reason.BANNED
    assert a_ear.told == b_ear.told == []
    for one in (a, b):
        await one.stop()


async def test_a_carrier_that_does_not_start_stops_the_others() -> None:
    harbour = Harbour()
    first, _ = await started(A, Loopback(harbour, "taken"))
    second = fabric(B, Loopback(harbour, "free"), Loopback(harbour, "taken"))
    with pytest.raises(Unavailable, match="taken"):
        await second.start(Ear())
    assert list(harbour.takers) == ["taken"]
    await first.stop()


async def test_a_fault_of_the_listener_ends_that_link_and_no_other(caplog: pytest.LogCaptureFixture) -> None:
    harbour = Harbour()
    (a, _), (b, ear), (c, _) = [await started(own, Loopback(harbour, own.node)) for own in (A, B, C)]
    await a.dial(f"loop:{B.node}")
    await c.dial(f"loop:{B.node}")
    tasks = b._links.to(A.node)._tasks  # type: ignore[union-attr]

    def fail(peer: str, data: bytes) -> None:
        raise ZeroDivisionError

    ear.on_frame = fail
    a.send(B.node, b"x")
    assert await ear.loss() is Reason.BAD_LINK
    assert ear.standing == [C.node]
    with pytest.raises(ZeroDivisionError):
        await tasks[1]
    for one in (a, b, c):
        await one.stop()


# ---- which of two links stands


def link(peer: Any, order: int, *, boot: bytes = b"b" * 16, dialled: bool = False) -> Link:
    class Wire:
        url = "test:"

    session = Session(peer.node, boot, order, Sealer(bytes(32)), Opener(bytes(32)))
    return Link(Wire(), session, None, QUICK, order=order, dialled=dialled)  # type: ignore[arg-type]


@pytest.mark.parametrize(("own", "peer"), [(A, B), (B, A)])
async def test_the_rules_of_the_one_link(own: Any, peer: Any) -> None:
    decides = own.node < peer.node
    links = Links(QUICK)
    standing = link(peer, 5)
    links.put(standing)
    at = standing.since
    later = at + QUICK.settle_ms / 1000 + 0.001  # seconds of a clock: halves of a bit count
    again = link(peer, 6)._session
    anew = link(peer, 1, boot=b"n" * 16)._session
    links.check_taken(own.node, anew, at)  # rule 1
    if decides:
        assert reason(links.check_taken, own.node, again, at) is Reason.DUPLICATE  # rule 2
        links.check_taken(own.node, again, later)  # rule 3
        links.make(peer.node)
        assert reason(links.check_taken, own.node, again, later) is Reason.DUPLICATE  # rule 2
    else:
        links.check_taken(own.node, again, at)
        assert reason(links.check_taken, own.node, link(peer, 5)._session, later) is Reason.DUPLICATE
    assert links.check_made(link(peer, 6)) and not links.check_made(link(peer, 5))
    assert links.check_made(link(peer, 1, boot=b"n" * 16))


async def test_a_link_that_stands_no_more_takes_no_other_with_it() -> None:
    links = Links(QUICK)
    old, new = link(B, 1), link(B, 2)
    links.put(old)
    links.put(new)
    assert not links.drop(old)
    assert links.to(B.node) is new


# ---- parameters


@pytest.mark.parametrize("name", [field.name for field in fields(Params)])
def test_a_parameter_below_one_is_refused_by_name(name: str) -> None:
    with pytest.raises(ValueError, match=f"^{name} "):
        Params(**{name: 0}).validate()


@pytest.mark.parametrize(
    ("name", "value"), [("max_queue", 1_000), ("idle_ms", 3_999), ("max_incoming", 101)]
)  # fmt: skip
def test_parameters_that_do_not_fit_together_are_refused_by_name(name: str, value: int) -> None:
    with pytest.raises(ValueError, match=f"^{name} "):
        Params(**{name: value}).validate()
    with pytest.raises(ValueError, match=f"^{name} "):
        Fabric(lambda: A, [], SystemClock(), Params(**{name: value}))


def test_the_defaults_are_good() -> None:
    Params().validate()


# ---- Zenoh


async def test_without_its_library_zenoh_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    from hansa.adapters.transport.zenoh import Zenoh

    original = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "zenoh":
            raise ImportError(name)
        return original(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    made = fabric(A, Zenoh(A.node, NETWORK))
    with pytest.raises(Unavailable, match=r"hansa\[zenoh\]"):
        await made.start(Ear())


async def test_an_endpoint_of_zenoh_that_is_taken_is_named() -> None:
    pytest.importorskip("zenoh")
    from hansa.adapters.transport.zenoh import Zenoh

    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    made = fabric(A, Zenoh(A.node, NETWORK, listen=[f"tcp/127.0.0.1:{port}"]))
    with pytest.raises(Unavailable, match=str(port)):
        await made.start(Ear())
    server.close()


async def test_nodes_three_routers_apart_link_through_those_between() -> None:
    """Each node is a router itself; the ends know the one in the middle alone."""
    pytest.importorskip("zenoh")
    from hansa.adapters.transport.zenoh import Zenoh

    ports = [free_port() for _ in range(3)]
    places = [f"tcp/127.0.0.1:{port}" for port in ports]
    a, _ = await started(A, Zenoh(A.node, NETWORK, listen=places[:1]))
    b, _ = await started(B, Zenoh(B.node, NETWORK, listen=places[1:2], connect=places[:1]))
    c, c_ear = await started(C, Zenoh(C.node, NETWORK, listen=places[2:], connect=places[1:2]))
    async with asyncio.timeout(PATIENCE):
        while not c_ear.standing:
            try:
                await c.dial(a.addresses[0], A.node)
            except Unavailable:
                continue  # the routers have not found each other yet
    assert a.send(C.node, b"across")
    await c_ear.until(lambda ear: ear.frames == [b"across"])
    for one in (a, c, b):
        await one.stop()


async def test_messages_of_zenoh_for_no_wire_change_nothing() -> None:
    pytest.importorskip("zenoh")
    from hansa.adapters.transport.zenoh import Zenoh

    carrier = Zenoh(A.node, NETWORK, listen=[f"tcp/127.0.0.1:{free_port()}"])
    made, ear = await started(A, carrier)
    for data in (b"", b"\0data", b"\2", b"\3", b"\4\0", b"\xff", b"\1nonsense"):
        carrier._take(f"{B.node}/0011/9-aa", data)
    async with asyncio.timeout(PATIENCE):
        while carrier._wires or made.half_open:
            await asyncio.sleep(0)
    assert (made.half_open, ear.told) == (0, [])
    await made.stop()
