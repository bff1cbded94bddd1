"""The slow, obvious overlay: tell all neighbours at once, and compare everything with one of them every second.

It bounds nothing and hides nothing, so it is no overlay for the world outside; in a simulated one it is the reference
that the real one is held against, and what the simulator itself is tested with.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

from hansa.admission.service import Via
from hansa.identity.envelope import Signed
from hansa.kernel.errors import HansaError, Refused
from hansa.kernel.ids import ContentId, NodeId
from hansa.kernel.verdict import Reason
from hansa.node.gathering import Taken
from hansa.node.node import Node
from hansa.node.vault import open_record
from hansa.overlay import frames
from hansa.overlay.frames import MAX_IDS, Have, Want, Word, digest, named
from hansa.sim.world import Place

ROUND_S = 1.0


class Naive:
    """Implements `sim.world.Inhabitant`."""

    def __init__(self, node: Node, place: Place, kinds: Sequence[str]) -> None:
        """Joins a node with its place; records of `kinds` travel."""
        self.node = node
        self._place = place
        self._kinds = kinds
        self._peers: dict[NodeId, None] = {}
        self._tasks: dict[asyncio.Task[None], None] = {}

    async def start(self) -> None:
        """Listens, and from then on keeps its links and compares, as long as the node runs."""
        await self._place.transport.start(self)
        while True:
            for whom, url in self._place.contacts:
                if whom not in self._peers:
                    self._do(self._dial(whom, url))
            peers = list(self._peers)
            if peers:
                self._tell_all(self._place.rng.pick(peers))
            await asyncio.sleep(ROUND_S)

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks[task] = None
        task.add_done_callback(self._tasks.pop)

    async def _dial(self, whom: NodeId, url: str) -> None:
        try:
            await self._place.transport.dial(url, whom)
        except HansaError:
            return  # the next round tries again

    async def publish(self, signed: Signed) -> Taken:
        """Keeps what this node says, and tells all neighbours."""
        taken = await self.node.inbox.receive(signed.raw, Via.LOCAL)
        self._spread(taken.id, None)
        return taken

    # ---- links

    def linked(self, peer: NodeId, url: str, dialled: bool) -> None:
        """A link stands."""
        self._peers[peer] = None

    def lost(self, peer: NodeId, reason: Reason | None) -> None:
        """A link ended."""
        self._peers.pop(peer, None)

    def heard(self, peer: NodeId, data: bytes) -> None:
        """A neighbour said something."""
        frame = frames.decode(data)
        store = self.node.core.store
        if isinstance(frame, Word):
            self._do(self._take(peer, frame.raw))
        elif isinstance(frame, Have):
            theirs = [named(one) for one in frame.ids]
            held = dict.fromkeys(store.held(theirs))
            lacking = tuple(digest(one) for one in theirs if one not in held)
            if lacking:
                self._send(peer, Want(lacking))
        elif isinstance(frame, Want):
            self._serve(peer, [named(one) for one in frame.ids])

    # ---- records

    async def _take(self, peer: NodeId, raw: bytes) -> None:
        try:
            taken = await self.node.inbox.receive(raw, Via.FEED, peer)
        except HansaError:
            return  # noted by the inbox; what came too early comes again
        self._spread(taken.id, peer)

    def _spread(self, id_: ContentId, source: NodeId | None) -> None:
        for peer in list(self._peers):
            if peer != source:
                self._serve(peer, [id_])

    def _serve(self, peer: NodeId, ids: Sequence[ContentId]) -> None:
        for id_ in sorted(ids, key=self._age):
            row = self.node.core.store.record(id_)
            if row is None:
                continue
            try:
                open_record(row, self.node.core.ring)
            except Refused:
                continue  # damaged: withheld
            self._send(peer, Word(row.envelope))

    def _age(self, id_: ContentId) -> int:
        row = self.node.core.store.record(id_)
        return row.created if row is not None else 0

    def _tell_all(self, peer: NodeId) -> None:
        store = self.node.core.store
        rows = (store.record(id_) for id_ in store.record_ids("", 1_000_000))
        ids = [digest(row.id) for row in rows if row is not None and not row.withheld and row.kind in self._kinds]
        for start in range(0, len(ids), MAX_IDS):
            self._send(peer, Have(tuple(ids[start : start + MAX_IDS])))

    def _send(self, peer: NodeId, frame: frames.AnyFrame) -> None:
        self._place.transport.send(peer, frames.encode(frame))
