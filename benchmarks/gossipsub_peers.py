"""What `benchmarks/deliveries.py` is held against: py-libp2p's GossipSub among peers of one process, strictly signing.

Each peer is a host on the loopback interface, with the library's own security and muxer; all have the same links as
our nodes, and each seeks a mesh of six of them. What the library switches on of itself and what would only hold
back a test on one machine is off: ten messages a second from a neighbour, and distinct addresses in the mesh.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import trio
import trio.abc

from benchmarks.feeding import Fed, Tally
from benchmarks.own_time import OwnTime

TOPIC = "records"
SETTLE_SECONDS = 3.0
LOST_AFTER = 20.0
"""Seconds after which a message that is not everywhere counts as lost where it did not come."""


class _Clock(trio.abc.Clock):
    """trio's timers by the process's own time."""

    def __init__(self, own: OwnTime) -> None:
        self._own = own

    def start_clock(self) -> None:
        """Does nothing: it runs already."""

    def current_time(self) -> float:
        return self._own.now()

    def deadline_to_sleep_time(self, deadline: float) -> float:
        return deadline - self._own.now()


class _Waits(trio.abc.Instrument):
    """Tells when trio waits."""

    def __init__(self, own: OwnTime) -> None:
        self._own = own
        self._most = 0.0

    def before_io_wait(self, timeout: float) -> None:
        self._most = timeout
        self._own.waits()

    def after_io_wait(self, timeout: float) -> None:
        self._own.woke(self._most)


@dataclass(frozen=True, slots=True)
class Peer:
    """A host that takes part."""

    host: Any
    router: Any
    pubsub: Any


def fed(pairs: Sequence[tuple[int, int]], nodes: int, size: int, count: int, windows: Sequence[int]) -> list[Fed]:
    """Returns how it went with each number of messages on their way at once.

    Args:
        pairs: the links, by the numbers of their ends.
        size: bytes of each message, without what GossipSub adds.
    """
    logging.disable(logging.ERROR)
    try:
        own = OwnTime()
        return trio.run(_fed, pairs, nodes, size, count, windows, own, clock=_Clock(own), instruments=[_Waits(own)])
    finally:
        logging.disable(logging.NOTSET)


async def _fed(
    pairs: Sequence[tuple[int, int]], nodes: int, size: int, count: int, windows: Sequence[int], own: OwnTime
) -> list[Fed]:
    made: list[Fed] = []
    async with trio.open_nursery() as nursery, contextlib.AsyncExitStack() as stack:
        peers = [await stack.enter_async_context(_peer()) for _ in range(nodes)]
        await _link(peers, pairs)
        tally = Tally(nodes - 1, own)
        for peer in peers:
            nursery.start_soon(_count, await peer.pubsub.subscribe(TOPIC), peer.host.get_id().to_bytes(), tally)
        await trio.sleep(SETTLE_SECONDS)
        await _feed(peers, tally, size, nodes // 2, 1)  # warm-up
        for window in windows:
            made.append(await _feed(peers, tally, size, count, window))
        nursery.cancel_scope.cancel()
    return made


@contextlib.asynccontextmanager
async def _peer() -> AsyncIterator[Peer]:
    from libp2p import new_host
    from libp2p.crypto.ed25519 import create_new_key_pair
    from libp2p.pubsub.gossipsub import PROTOCOL_ID_V12, GossipSub
    from libp2p.pubsub.pubsub import Pubsub
    from libp2p.tools.anyio_service import background_trio_service
    from multiaddr import Multiaddr

    host = new_host(key_pair=create_new_key_pair())
    router = GossipSub(
        [PROTOCOL_ID_V12], 6, 4, 12, heartbeat_interval=1, adaptive_gossip_enabled=False,
        spam_protection_enabled=False, eclipse_protection_enabled=False,
    )  # fmt: skip
    pubsub = Pubsub(host, router, strict_signing=True)
    async with (
        host.run([Multiaddr("/ip4/127.0.0.1/tcp/0")]),
        background_trio_service(pubsub),
        background_trio_service(router),
    ):
        await pubsub.wait_until_ready()
        yield Peer(host, router, pubsub)


async def _link(peers: Sequence[Peer], pairs: Sequence[tuple[int, int]]) -> None:
    from libp2p.peer.peerinfo import PeerInfo

    for one, other in pairs:
        host = peers[other].host
        await peers[one].host.connect(PeerInfo(host.get_id(), host.get_addrs()))


async def _count(subscription: Any, me: bytes, tally: Tally) -> None:
    while True:
        message = await subscription.get()
        if message.from_id != me:
            tally.came(message.data[:8])


async def _feed(peers: Sequence[Peer], tally: Tally, size: int, count: int, window: int) -> Fed:
    """Publishes messages, by all peers in turn, with so many on their way at once."""
    tally.begin()
    first = tally.named
    for number in range(first, first + count):
        while not tally.has_room(window, LOST_AFTER):
            await trio.sleep(0.005)
        tally.said(name := number.to_bytes(8, "big"))
        await peers[number % len(peers)].pubsub.publish(TOPIC, name + bytes(size - 8))
    while not tally.has_room(1, LOST_AFTER):
        await trio.sleep(0.005)
    tally.named = first + count
    return tally.ended(count, window)
