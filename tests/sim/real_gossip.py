"""The node's own gossip and anti-entropy over the links of a model: one virtual clock, an inbox that takes all."""

from __future__ import annotations

import base64
import heapq
import itertools

import numpy as np
from numpy.typing import NDArray

from hansa.identity import envelope
from hansa.kernel.ids import ContentId, NodeId
from hansa.kernel.instant import Instant
from hansa.kernel.rng import Rng
from hansa.kernel.verdict import Verdict
from hansa.overlay import reconcile_params
from hansa.overlay.doing import Doing
from hansa.overlay.frames import AnyFrame, Fetch, Held, Sums, Word, digest
from hansa.overlay.gossip import Gossip
from hansa.overlay.gossip_params import Params, Rank
from hansa.overlay.holdings import Holdings
from hansa.overlay.reconcile import Reconciler
from hansa.sim.models.travel import GRAIN, Net, Spread

START = Instant(1_800_000_000_000)
TICK = 100
SETTLING = 20_000
"""Milliseconds before the first word; in the first half neighbours begin to compare, each pair at a time of its own."""
LONG_ENOUGH = 12_000
"""Milliseconds after which a word has come to whom it will come, and neighbours were held to what they said of it."""


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
        self._raws: dict[ContentId, bytes] = {}
        self._gossips, self._reconcilers = [], []
        for n in range(graph.nodes):
            mine = Holdings()
            self._reconcilers.append(Reconciler(mine, reconcile_params.Params(), rng.child("reconciler", n)))
            held = lambda id_, mine=mine: digest(id_) in mine  # noqa: E731
            self._gossips.append(Gossip(node_id(n), Params(), rng.child("gossip", n), held=held))
        for n, gossip in enumerate(self._gossips):
            for place, other in enumerate(self._rows[n]):
                gossip.linked(node_id(other), START, dialled=place < graph.made[n])
                due = self.now + rng.child("links", n).child(other).below(SETTLING // 2)
                heapq.heappush(self._queue, (due, next(self._number), n, other, None))
            phase = GRAIN * rng.child("ticks").child(n).below(TICK // GRAIN)
            heapq.heappush(self._queue, (self.now + phase, next(self._number), n, -1, None))
        self._copies = self._sent = self._compared = 0
        self._run(SETTLING)

    @property
    def lossy(self) -> NDArray[np.bool_]:
        """Which nodes take it that frames are lost."""
        return np.array([bool(gossip.counters()["lossy"]) for gossip in self._gossips])

    def spread(self, author: int) -> Spread:
        """Returns what becomes of the next word of a node."""
        nodes = len(self._gossips)
        self._took, self._hops = np.full(nodes, -1), np.full(nodes, -1)
        self._took[author] = self._hops[author] = 0
        self._began, self._copies, self._sent, self._compared = self.now, 0, 0, 0
        raw = raw_word(node_id(author), next(self._number))
        id_ = envelope.id_of(raw)
        assert id_ is not None
        self._raws[id_] = raw
        self._reconcilers[author].taken(digest(id_), Instant(self.now))
        self._reconcilers[author].spreading(digest(id_), Instant(self.now))
        self._do(author, self._gossips[author].spread(id_, raw, Rank.KNOWN, Instant(self.now)))
        self._run(LONG_ENOUGH)
        return Spread(author, self._took, self._hops, self._copies, self._sent, 0, 0, self._compared)

    def _run(self, milliseconds: int) -> None:
        end = self.now + milliseconds
        while self._queue and self._queue[0][0] <= end:
            self.now, _, whom, source, frame = heapq.heappop(self._queue)
            if frame is None and source >= 0:
                self._do(whom, self._reconcilers[whom].linked(node_id(source), Instant(self.now)))
                continue
            if frame is None:
                heapq.heappush(self._queue, (self.now + TICK, next(self._number), whom, -1, None))
                if self.net.alive[whom]:
                    self._do(whom, self._gossips[whom].tick(Instant(self.now)))
                    self._do(whom, self._reconcilers[whom].tick(Instant(self.now)))
                continue
            self._copies += isinstance(frame, Word)
            self._do(whom, self._hears(whom, source, frame))
        self.now = end

    def _hears(self, me: int, source: int, frame: AnyFrame) -> Doing:
        """Hands a frame to the part that it is for, as `node.wordroom` does."""
        peer, now, reconciler = node_id(source), Instant(self.now), self._reconcilers[me]
        if isinstance(frame, Sums | Held | Fetch):
            return reconciler.heard(peer, frame, now)
        id_ = envelope.id_of(frame.raw) if isinstance(frame, Word) else None
        if id_ is None or not reconciler.is_asked(peer, digest(id_)):
            return self._gossips[me].heard(peer, frame, now)  # type: ignore[arg-type]
        reconciler.came(peer, digest(id_), now)
        if digest(id_) not in reconciler.holdings:
            assert isinstance(frame, Word)
            self._compared += 1
            self._took[me], self._hops[me] = self.now - self._began, self._hops[source] + 1
            frame = Word(frame.raw, int(self._hops[me]))
            self._gossips[me].brought(peer, frame, now)
            reconciler.taken(digest(id_), now)
            reconciler.hurry_others(peer, now)
            return self._gossips[me].judged(id_, peer, Verdict.ACCEPT, None, Rank.KNOWN, now)
        return Doing()

    def _do(self, me: int, doing: Doing) -> None:
        for judge in doing.judges:
            if self._took[me] < 0:
                self._took[me], self._hops[me] = self.now - self._began, judge.hops
            id_ = envelope.id_of(judge.raw)
            assert id_ is not None
            now = Instant(self.now)
            self._reconcilers[me].taken(digest(id_), now)
            self._reconcilers[me].spreading(digest(id_), now)
            self._do(me, self._gossips[me].judged(id_, judge.source, Verdict.ACCEPT, None, Rank.KNOWN, now))
        sends = [(serve.whom, Word(self._raws[id_])) for serve in doing.serves for id_ in serve.ids]
        for whom, frame in [*doing.sends, *sends]:
            other = int(whom[-6:])
            self._sent += isinstance(frame, Word)
            if self.net.alive[other] and not self._chance.happens(self.net.loss):
                due = self.now + self._latency[me][other]
                heapq.heappush(self._queue, (due, next(self._number), other, me, frame))
