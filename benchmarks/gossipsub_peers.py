"""What `benchmarks/deliveries.py` is held against: py-libp2p's GossipSub among peers of one process, strictly signing.

Each peer is a host on the loopback interface, with the library's own security and muxer; all have the same links as
our nodes, and each seeks a mesh of six of them. What the library switches on of itself and what would only hold
back a test on one machine is off: ten messages a second from a neighbour, and distinct addresses in the mesh.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import trio

from benchmarks.feeding import Fed, Tally

TOPIC = "records"
SETTLE_SECONDS = 3.0
LOST_AFTER = 20.0
"""Seconds after which a message that is not everywhere counts as lost where it did not come."""


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
        return trio.run(_fed, pairs, nodes, size, count, windows)
    finally:
        logging.disable(logging.NOTSET)


async def _fed(
    pairs: Sequence[tuple[int, int]], nodes: int, size: int, count: int, windows: Sequence[int]
) -> list[Fed]:
    made: list[Fed] = []
    async with trio.open_nursery() as nursery, contextlib.AsyncExitStack() as stack:
        peers = [await stack.enter_async_context(_peer()) for _ in range(nodes)]
        await _link(peers, pairs)
        tally = Tally(nodes - 1)
        for peer in peers:
            nursery.start_soon(_count, await peer.pubsub.subscribe(TOPIC), peer.host.get_id().to_bytes(), tally)
        await trio.sleep(SETTLE_SECONDS)
        await _feed(peers, tally, size, 2 * nodes, 1)  # warm-up
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
    cpu, began = time.process_time(), time.perf_counter()
    for number in range(first, first + count):
        while not tally.has_room(window, LOST_AFTER):
            await trio.sleep(0.005)
        tally.said(name := number.to_bytes(8, "big"))
        await peers[number % len(peers)].pubsub.publish(TOPIC, name + bytes(size - 8))
    while not tally.has_room(1, LOST_AFTER):
        await trio.sleep(0.005)
    tally.named = first + count
    return tally.ended(count, window, time.perf_counter() - began, time.process_time() - cpu)
