"""Live deliveries: signed records among 16 nodes of one process, each checked at every node, beside GossipSub.

Ours are whole nodes' overlay parts with links over wires in the process, sealed as on every carrier: each record is
verified, admitted, kept in memory, shown to its room and passed on, and the interpreter is set as a node sets it. The
reference is py-libp2p's GossipSub, strictly signing, on the loopback interface, with the same links and as many bytes
of payload; it keeps nothing. Both are fed by all nodes in turn with so many records on their way at once, and the best
pace that delivered 99 % counts. All of it is work of one thread; a second is one of the process's own, of work or of
waiting, without what others at the machine take from it, and all timers run by it too.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec

from benchmarks.feeding import Fed, Tally
from benchmarks.own_time import OwnClock, OwnLoop, OwnTime
from hansa.adapters.keys import MemoryKeys
from hansa.adapters.store.memory import MemoryStore
from hansa.adapters.transport.fabric import Fabric
from hansa.adapters.transport.loopback import Harbour, Loopback
from hansa.adapters.transport.params import Params
from hansa.admission import service as admission
from hansa.admission.service import Via
from hansa.admission.versions import SUPPORTED
from hansa.entrypoints.simulation import NoCaller, NoIndex
from hansa.entrypoints.upkeep import tuned_interpreter
from hansa.identity.handshake import Myself
from hansa.kernel.canonical import encode
from hansa.kernel.errors import HansaError
from hansa.kernel.ids import NodeId
from hansa.kernel.rng import Rng
from hansa.kernel.verdict import Reason
from hansa.node.core import Core, Settings
from hansa.node.network import Network
from hansa.node.node import Node
from hansa.node.overlay_parts import make_parts
from hansa.node.overlay_settings import OverlaySettings
from hansa.node.rows import Change, PeerRow, PutPeer, PutRecord
from hansa.sim.workload import HARNESS, specimen
from hansa.skills import messages
from hansa.skills.model import MILLION, Claim

NODES = 16
STEPS = (1, 2, 4, 6)
"""Whom each node has links with: those so many places further round a ring, and before it; eight in all."""

OURS, THEIRS = (1, 4, 8, 32), (1, 4, 16)
"""Records on their way at once."""

RECORDS, MESSAGES = 96, 16
SETTLE_SECONDS, LOST_AFTER = 3.0, 20.0
ENOUGH, TARGET = 0.99, 30

NETWORK = "bench"


class Counted(MemoryStore):
    """A store that tells of each record that it keeps."""

    def __init__(self) -> None:
        """Tells nobody yet."""
        super().__init__()
        self.kept: Callable[[PutRecord], None] = lambda _: None

    def _applied_or(self, changes: Sequence[Change]) -> HansaError | None:
        error = super()._applied_or(changes)
        if error is None:
            for change in changes:
                if isinstance(change, PutRecord):
                    self.kept(change)
        return error


@dataclass(frozen=True, slots=True)
class Resident:
    """A node with its place in the overlay."""

    node: Node
    store: Counted
    network: Network
    fabric: Fabric


def body() -> str:
    """Returns the table, in Markdown."""
    if find_spec("libp2p") is None:
        return "Not measured: `pip install 'hansa[bench]'` brings py-libp2p."
    from benchmarks import gossipsub_peers  # brings trio, which comes with the extra

    pairs = [(one, (one + step) % NODES) for one in range(NODES) for step in STEPS]
    size = len(encode(_said(1)))
    theirs = gossipsub_peers.fed(pairs, NODES, size, MESSAGES, THEIRS)
    own_time = OwnTime()
    with tuned_interpreter(), asyncio.Runner(loop_factory=lambda: OwnLoop(own_time)) as runner:
        ours = runner.run(_fed(pairs, own_time))
    lines = [
        f"{NODES} nodes, {2 * len(STEPS)} links each, {size} bytes of payload.",
        "",
        "| what | on their way at once | delivered | deliveries a second |",
        "| --- | --: | --: | --: |",
        *(_line("GossipSub", one) for one in theirs),
        *(_line("ours, records", one) for one in ours),
        "",
        _verdict(ours, theirs),
    ]
    return "\n".join(lines)


def _line(what: str, one: Fed) -> str:
    return f"| {what} | {one.window} | {one.delivered:.1%} | {one.per_second:,.0f} |"


def _verdict(ours: Sequence[Fed], theirs: Sequence[Fed]) -> str:
    mine, other = (max((one.per_second for one in each if one.delivered >= ENOUGH), default=0.0)
                   for each in (ours, theirs))  # fmt: skip
    if not other:
        return f"GossipSub delivered {ENOUGH:.0%} at no pace: no ratio."
    held = "held" if mine >= TARGET * other else "**not held**"
    return f"The best pace of each: {mine / other:.1f}x as many deliveries; target at least {TARGET}x: {held}."


def _said(number: int) -> dict[str, object]:
    claim = Claim(confidence=901_000, verification_score=MILLION, trials=35, harness=HARNESS)
    return messages.skill_body(specimen(number), claim)


async def _fed(pairs: Sequence[tuple[int, int]], own_time: OwnTime) -> list[Fed]:
    async with _residents(pairs, own_time) as all_:
        tally = Tally(NODES - 1, own_time)
        for one in all_:
            one.store.kept = lambda put, me=one.node.core.me: (
                tally.came(put.row.id.encode()) if put.row.author != me else None
            )
        await _feed(all_, tally, 4 * NODES, 8)  # warm-up: each author's tree grows
        return [await _feed(all_, tally, RECORDS, window) for window in OURS]


async def _feed(all_: Sequence[Resident], tally: Tally, count: int, window: int) -> Fed:
    """Publishes records, by all nodes in turn, with so many on their way at once."""
    tally.begin()
    done = asyncio.Event()
    tally.woken = done.set

    async def room(window: int) -> None:
        while not tally.has_room(window, LOST_AFTER):
            done.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(done.wait(), 1)

    for number in range(tally.named, tally.named + count):
        await room(window)
        node = all_[number % len(all_)].node
        signed = node.core.seal(messages.SKILL, _said(number))
        tally.said(signed.id.encode())
        await node.inbox.receive(signed.raw, Via.LOCAL)
    await room(1)
    tally.named += count
    return tally.ended(count, window)


@contextlib.asynccontextmanager
async def _residents(pairs: Sequence[tuple[int, int]], own_time: OwnTime) -> AsyncIterator[list[Resident]]:
    harbour, keys = Harbour(), [MemoryKeys(bytes([number]) * 32) for number in range(NODES)]
    near: dict[NodeId, dict[NodeId, None]] = {one.node_id: {} for one in keys}
    for one, other in pairs:
        near[keys[one].node_id][keys[other].node_id] = near[keys[other].node_id][keys[one].node_id] = None
    all_ = [await _resident(number, keys, near, harbour, own_time) for number in range(NODES)]
    for one in all_:
        await one.network.start()
    for one, other in pairs:
        await all_[one].network.connect(f"loop:{other}", keys[other].node_id)
    await asyncio.sleep(SETTLE_SECONDS)
    try:
        yield all_
    finally:
        for one in all_:
            await one.network.stop()


async def _resident(
    number: int,
    keys: Sequence[MemoryKeys],
    near: dict[NodeId, dict[NodeId, None]],
    harbour: Harbour,
    own_time: OwnTime,
) -> Resident:
    store, own = Counted(), keys[number]
    await store.apply([PutPeer(PeerRow(one.node_id, invited=True)) for one in keys if one is not own])
    settings = Settings(
        name=f"node {number}", network=NETWORK, admission=admission.Params(open_to_all=True, records_per_minute=100_000)
    )
    core = Core(settings, own, store, OwnClock(own_time), NoIndex(), None, NoCaller())
    node = Node(core)
    node.start()
    fabric = Fabric(
        lambda: Myself(core.me, NETWORK, tuple(SUPPORTED), [own.key], (), core.ring.chain, bytes([number]) * 16),
        [Loopback(harbour, str(number))], core.clock, Params(per_host_per_minute=10_000, per_second=1_000),
        lambda whom: None if whom in near[core.me] else Reason.UNKNOWN_PEER,
    )  # fmt: skip
    rng = Rng(number)
    parts = make_parts(core, OverlaySettings(), rng.child("parts"), (), (f"loop:{number}",), ("loop",))
    network = Network(
        core, node.inbox, fabric, parts, OverlaySettings(), rng.child("network"), lambda whom: whom in near[core.me]
    )
    return Resident(node, store, network, fabric)
