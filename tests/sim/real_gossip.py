"""The node's own gossip over the links of a model: a class for each node, one virtual clock, an inbox taking all."""

from __future__ import annotations

import base64
import heapq
import itertools

import numpy as np

from hansa.identity import envelope
from hansa.kernel.ids import NodeId
from hansa.kernel.instant import Instant
from hansa.kernel.rng import Rng
from hansa.kernel.verdict import Verdict
from hansa.overlay.doing import Doing
from hansa.overlay.frames import AnyFrame, Word
from hansa.overlay.gossip import Gossip
from hansa.overlay.gossip_params import Params, Rank
from hansa.sim.models.travel import GRAIN, Net, Spread

START = Instant(1_800_000_000_000)
TICK = 100
LONG_ENOUGH = 6_000
"""Milliseconds after which a word has come to whom it will come."""


def node_id(number: int) -> NodeId:
    return NodeId(f"did:key:zNode{number:06d}")


def raw_word(author: NodeId, number: int) -> bytes:
    """Returns something of an envelope's shape."""
    payload = b'{"author":"%b","body":{"n":%d}}' % (author.encode(), number)
    return b'{"payload":"%b","payloadType":"t","signatures":[{"keyid":"k","sig":"s"}]}' % base64.b64encode(payload)


class RealGossip:
    """Many nodes, and what is on its way between them; `net` may be changed between words."""

    def __init__(self, net: Net, rng: Rng) -> None:
        self.net, self.now = net, int(START)
        self._chance = rng.child("links")
        self._number = itertools.count()
        self._queue: list[tuple[int, int, int, int, AnyFrame | None]] = []
        graph = net.graph
        self._rows = [graph.peers[graph.starts[n] : graph.starts[n + 1]].tolist() for n in range(graph.nodes)]
        self._latency = [
            dict(zip(row, net.latency[graph.starts[n] : graph.starts[n + 1]].tolist(), strict=True))
            for n, row in enumerate(self._rows)
        ]
        self._gossips = [
            Gossip(node_id(n), Params(), rng.child("gossip", n), held=lambda _: False) for n in range(graph.nodes)
        ]
        for n, gossip in enumerate(self._gossips):
            for place, other in enumerate(self._rows[n]):
                gossip.linked(node_id(other), START, dialled=place < graph.made[n])
            phase = GRAIN * rng.child("ticks").child(n).below(TICK // GRAIN)
            heapq.heappush(self._queue, (self.now + phase, next(self._number), n, -1, None))

    def spread(self, author: int) -> Spread:
        """Returns what becomes of the next word of a node."""
        nodes = len(self._gossips)
        self._took, self._hops = np.full(nodes, -1), np.full(nodes, -1)
        self._took[author] = self._hops[author] = 0
        self._began, self._copies, self._sent = self.now, 0, 0
        raw = raw_word(node_id(author), next(self._number))
        id_ = envelope.id_of(raw)
        assert id_ is not None
        self._do(author, self._gossips[author].spread(id_, raw, Rank.KNOWN, Instant(self.now)))
        end = self.now + LONG_ENOUGH
        while self._queue and self._queue[0][0] <= end:
            self.now, _, whom, source, frame = heapq.heappop(self._queue)
            if frame is None:
                heapq.heappush(self._queue, (self.now + TICK, next(self._number), whom, -1, None))
                if self.net.alive[whom]:
                    self._do(whom, self._gossips[whom].tick(Instant(self.now)))
                continue
            self._copies += isinstance(frame, Word)
            self._do(whom, self._gossips[whom].heard(node_id(source), frame, Instant(self.now)))  # type: ignore[arg-type]
        self.now = end
        return Spread(author, self._took, self._hops, self._copies, self._sent, 0, 0)

    def _do(self, me: int, doing: Doing) -> None:
        for judge in doing.judges:
            if self._took[me] < 0:
                self._took[me], self._hops[me] = self.now - self._began, judge.hops
            id_ = envelope.id_of(judge.raw)
            assert id_ is not None
            now = Instant(self.now)
            self._do(me, self._gossips[me].judged(id_, judge.source, Verdict.ACCEPT, None, Rank.KNOWN, now))
        for whom, frame in doing.sends:
            other = int(whom[-6:])
            self._sent += isinstance(frame, Word)
            if self.net.alive[other] and not self._chance.happens(self.net.loss):
                due = self.now + self._latency[me][other]
                heapq.heappush(self._queue, (due, next(self._number), other, me, frame))
