"""A crowd of gossiping nodes under one virtual clock: links with latency and loss, inboxes with a capacity, liars.

What is real: `Gossip`, frames, ids. What is a model: the inbox (a table of envelopes that are good, and of whom), the
links (in order, a fixed latency each), and a node's time: one thing after the other, a word that is judged costs one
`1/capacity` of a second, any other frame a fiftieth of that.
"""

from __future__ import annotations

import base64
import heapq
import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from hansa.identity import envelope
from hansa.kernel.ids import ContentId, NodeId
from hansa.kernel.instant import Instant
from hansa.kernel.rng import Rng
from hansa.kernel.verdict import Reason, Verdict
from hansa.overlay.doing import Doing
from hansa.overlay.frames import AnyFrame, Have, Want, Word
from hansa.overlay.gossip import Gossip
from hansa.overlay.gossip_params import Params, Rank

START = Instant(1_800_000_000_000)
TICK = 100
OTHER_FRAMES = 0.02
"""What a frame costs that is no word to be judged, in words."""


def node_id(number: int) -> NodeId:
    return NodeId(f"did:key:zNode{number:06d}")


def raw_word(author: NodeId, number: int, size: int = 200, signature: str = "good") -> bytes:
    """Returns something of an envelope's shape; the crowd's inbox says whether it is good by looking it up."""
    payload = b'{"author":"%b","body":{"n":%d,"text":"%b"}}' % (author.encode(), number, b"x" * size)
    return b'{"payload":"%b","payloadType":"t","signatures":[{"keyid":"k","sig":"%b"}]}' % (
        base64.b64encode(payload),
        signature.encode(),
    )


def size_of(frame: AnyFrame) -> int:
    """Returns about how many bytes a frame takes on a link."""
    if isinstance(frame, Word):
        return len(frame.raw) + 12
    return 8 + 34 * len(frame.ids) if isinstance(frame, Have | Want) else 12


@dataclass
class Node:
    """One node: honest if it has a `Gossip`, else whatever `lie` makes of what it hears."""

    id: NodeId
    gossip: Gossip | None = None
    lie: Callable[[Crowd, Node, NodeId, AnyFrame], None] | None = None
    peers: dict[NodeId, bool] = field(default_factory=dict)
    alive: bool = True
    alters_hops_to: int | None = None
    busy_until: float = 0.0
    taken: dict[ContentId, int] = field(default_factory=dict)
    hops: dict[ContentId, int] = field(default_factory=dict)
    copies: int = 0
    sent: dict[str, int] = field(default_factory=lambda: {"words": 0, "bytes": 0, "frames": 0})
    judged: int = 0


class Crowd:
    """Nodes, links, and the queue of what happens next."""

    def __init__(
        self,
        count: int,
        params: Params | None = None,
        seed: int = 1,
        loss: float = 0.0,
        capacity: int = 0,
        liars: Iterable[int] = (),
        lie: Callable[[Crowd, Node, NodeId, AnyFrame], None] | None = None,
    ) -> None:
        self.rng = Rng(seed)
        self.now = START
        self.loss, self.capacity = loss, capacity
        self.params = params or Params()
        self.ranks: dict[NodeId, Rank] = {}
        self.good: dict[bytes, tuple[ContentId, NodeId]] = {}
        self.published: dict[ContentId, Instant] = {}
        self.topics: dict[ContentId, str] = {}
        self.events: list[tuple[NodeId, str, str]] = []
        self.closed: list[tuple[NodeId, NodeId, Instant]] = []
        self.latencies: dict[tuple[NodeId, NodeId], int] = {}
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._number = itertools.count()
        self._chance = self.rng.child("links")
        lying = set(liars)
        self.nodes = {node_id(n): self._node(n, n in lying, lie) for n in range(count)}
        self.honest = [node for node in self.nodes.values() if node.gossip is not None]
        if len(self.honest) <= 100:
            for node in self.honest:
                self._introduce(node)
        self.at(TICK, self._tick)

    def _introduce(self, node: Node) -> None:
        for other in self.honest:
            if node.gossip is not None:
                node.gossip.ranked(other.id, self.ranks[other.id], self.now)

    def _node(self, number: int, liar: bool, lie: Callable[[Crowd, Node, NodeId, AnyFrame], None] | None) -> Node:
        me = node_id(number)
        self.ranks[me] = Rank.STRANGER if liar else Rank.KNOWN
        if liar:
            return Node(me, lie=lie)
        node = Node(me)
        node.gossip = Gossip(me, self.params, self.rng.child("gossip", number), held=node.taken.__contains__)
        return node

    # ---- time

    def at(self, delay: float, what: Callable[[], None]) -> None:
        heapq.heappush(self._queue, (self.now + delay, next(self._number), what))

    def run(self, milliseconds: int) -> None:
        end = self.now + milliseconds
        while self._queue and self._queue[0][0] <= end:
            at, _, what = heapq.heappop(self._queue)
            self.now = Instant(max(self.now, int(at)))
            what()
        self.now = Instant(end)

    def _tick(self) -> None:
        for node in self.honest:
            if node.alive and node.gossip is not None:
                self.do(node, node.gossip.tick(self.now))
        self.at(TICK, self._tick)

    # ---- links

    def link(self, a: NodeId, b: NodeId) -> None:
        """Makes a link that `a` dialled."""
        if a == b or b in self.nodes[a].peers:
            return
        latency = self._chance.between(20, 80)
        self.nodes[a].peers[b] = self.nodes[b].peers[a] = True
        self.latencies[a, b] = self.latencies[b, a] = latency
        for one, other, dialled in ((a, b, True), (b, a, False)):
            gossip = self.nodes[one].gossip
            if gossip is not None:
                self.do(self.nodes[one], gossip.linked(other, self.now, dialled))

    def weave(self, degree: int, among: list[Node] | None = None) -> None:
        """Links nodes at random, in a ring first, so that all hang together; `degree` on average."""
        ids = [node.id for node in (self.honest if among is None else among)]
        for place, one in enumerate(ids):
            self.link(one, ids[(place + 1) % len(ids)])
            for _ in range(degree // 2 - 1):
                self.link(one, self._chance.pick(ids))

    def unlink(self, a: NodeId, b: NodeId) -> None:
        for one, other in ((a, b), (b, a)):
            node = self.nodes[one]
            if node.peers.pop(other, None) and node.alive and node.gossip is not None:
                self.do(node, node.gossip.lost(other, False, self.now))

    def kill(self, node: Node, noticed_after: int = 5_000) -> None:
        """A node falls silent; its neighbours notice some seconds later."""
        node.alive = False
        self.at(noticed_after, lambda: [self.unlink(node.id, other) for other in list(node.peers)])  # type: ignore[func-returns-value]

    def send(self, source: Node, whom: NodeId, frame: AnyFrame) -> None:
        if whom not in source.peers or not source.alive:
            return
        if source.alters_hops_to is not None and isinstance(frame, Word):
            frame = Word(frame.raw, source.alters_hops_to)
        source.sent["frames"] += 1
        source.sent["bytes"] += size_of(frame)
        source.sent["words"] += isinstance(frame, Word)
        if self._chance.happens(self.loss):
            return
        self.at(self.latencies[source.id, whom], lambda: self._arrives(source.id, self.nodes[whom], frame))

    def _arrives(self, source: NodeId, node: Node, frame: AnyFrame) -> None:
        if not node.alive or source not in node.peers:
            return
        if node.gossip is None:
            if node.lie is not None:
                node.lie(self, node, source, frame)
            return
        if not self.capacity:
            self._hears(source, node, frame)
            return
        node.busy_until = max(node.busy_until, self.now) + OTHER_FRAMES * 1000 / self.capacity
        self.at(node.busy_until - self.now, lambda: self._hears(source, node, frame))

    def _hears(self, source: NodeId, node: Node, frame: AnyFrame) -> None:
        if node.gossip is None or source not in node.peers:
            return
        if isinstance(frame, Word) and frame.raw in self.good:
            node.copies += 1
            id_ = self.good[frame.raw][0]
            node.hops.setdefault(id_, frame.hops)
        self.do(node, node.gossip.heard(source, frame, self.now))

    # ---- the node around gossip

    def do(self, node: Node, doing: Doing) -> None:
        for judge in doing.judges:
            self._judge(node, judge.source, judge.raw)
        for whom, frame in doing.sends:
            self.send(node, whom, frame)
        for serve in doing.serves:
            for id_ in serve.ids:
                raw = self._stored(node, id_)
                if raw is not None:
                    self.send(node, serve.whom, Word(raw))
        for one in doing.events:
            self.events.append((node.id, one.name, one.about))
        for close in doing.closes:
            self.closed.append((node.id, close.whom, self.now))
            self.at(0, lambda whom=close.whom: self.unlink(node.id, whom))  # type: ignore[misc]

    def _stored(self, node: Node, id_: ContentId) -> bytes | None:
        if id_ not in node.taken:
            return None
        return next((raw for raw, (known, _) in self.good.items() if known == id_), None)

    def _judge(self, node: Node, source: NodeId, raw: bytes) -> None:
        node.judged += 1
        if not self.capacity:
            self.at(0, lambda: self._judged(node, source, raw))
            return
        node.busy_until = max(node.busy_until, self.now) + 1000 / self.capacity
        self.at(node.busy_until - self.now, lambda: self._judged(node, source, raw))

    def _judged(self, node: Node, source: NodeId, raw: bytes) -> None:
        if node.gossip is None or not node.alive:
            return
        known = self.good.get(raw)
        id_ = envelope.id_of(raw)
        assert id_ is not None
        if known is None:
            verdict, reason, rank, topic = Verdict.REJECT, Reason.FORGED, Rank.STRANGER, ""
        else:
            rank, topic = self.ranks[known[1]], self.topics.get(id_, "")
            if id_ in node.taken:
                verdict, reason = Verdict.IGNORE, Reason.DUPLICATE
            else:
                verdict, reason = Verdict.ACCEPT, None  # type: ignore[assignment]
                node.taken[id_] = self.now
        self.do(node, node.gossip.judged(id_, source, verdict, reason, rank, self.now, topic))

    # ---- words

    def word(self, author: NodeId, number: int, size: int = 200) -> tuple[ContentId, bytes]:
        """Returns a good word; its author signs it by entering it in the crowd's table."""
        raw = raw_word(author, number, size)
        id_ = envelope.id_of(raw)
        assert id_ is not None
        self.good[raw] = id_, author
        return id_, raw

    def say(self, node: Node, number: int, topic: str = "", rank: Rank | None = None) -> ContentId:
        """An honest node says something."""
        assert node.gossip is not None
        id_, raw = self.word(node.id, number)
        if topic:
            self.topics[id_] = topic
        self.published[id_] = self.now
        node.taken[id_] = self.now
        self.do(node, node.gossip.spread(id_, raw, rank or self.ranks[node.id], self.now, topic))
        return id_

    def talk(self, words: int, every: int, first: int = 0, among: list[Node] | None = None) -> list[ContentId]:
        """One of the honest says something every so many milliseconds; then there is time for it to arrive."""
        said = []
        speakers = self._chance.shuffled(among or [node for node in self.honest if node.alive])
        for number in range(words):
            said.append(self.say(speakers[number % len(speakers)], first + number))
            self.run(every)
        return said

    # ---- what came of it

    def living(self) -> list[Node]:
        return [node for node in self.honest if node.alive]

    def share_delivered(self, ids: Iterable[ContentId], among: list[Node] | None = None) -> float:
        nodes = among or self.living()
        wanted = list(ids)
        return sum(id_ in node.taken for node in nodes for id_ in wanted) / (len(nodes) * len(wanted))

    def delays(self, ids: Iterable[ContentId], among: list[Node] | None = None) -> list[int]:
        """Returns milliseconds from said to taken, in order."""
        nodes = among or self.living()
        return sorted(node.taken[id_] - self.published[id_] for id_ in ids for node in nodes if id_ in node.taken)

    def hops_to(self, share: float, ids: Iterable[ContentId]) -> float:
        """Returns the hops within which a share of nodes had a word, as the mean over words."""
        found = []
        for id_ in ids:
            hops = sorted(node.hops[id_] for node in self.living() if id_ in node.hops)
            found.append(hops[min(len(hops) - 1, int(share * len(hops)))])
        return sum(found) / len(found)


def percentile(values: list[int], share: float) -> int:
    """Returns the value that a share of ordered values does not exceed."""
    return values[min(len(values) - 1, int(share * len(values)))]
