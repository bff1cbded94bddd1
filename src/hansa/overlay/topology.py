"""The map of links that routes are chosen on: only what both ends of a link say, recent, and bounded (attack 46).

Rules, in order:

1. of one author the word with the highest number counts, for `keep_periods` periods from when it was made
2. an edge is there when both ends name each other; it is as bad as the worse end says. A link of this node's own needs
   no second word: it stands
3. the graph is what can be reached from here: the tree of shortest ways to all nodes, and further edges, nearest first,
   up to `max_edges`
4. when more than `max_nodes` authors speak, those go first that can't be reached from here; then, again and again, the
   farthest node behind that neighbour of ours behind which most nodes are. So whoever makes up nodes pushes out its
   own. Between two builds a quarter more is kept, and others are not heard but own neighbours

A build of the graph looks at each named link once: O(nodes + links named).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hansa.kernel.ids import NodeId
from hansa.kernel.instant import SECOND, Instant
from hansa.overlay.links_said import MAX_LINKS, Links, LinkSaid
from hansa.overlay.paths import Edge, Graph


@dataclass(frozen=True, slots=True)
class Params:
    """How much of the map is kept, and for how long.

    Attributes:
        period_ms: milliseconds between two words of a node on its links. Raising it makes the map older, and cheaper.
        keep_periods: periods after which a word counts no more.
        max_nodes: nodes on the map. Raising it costs memory (25 KB each) and time at each build.
        max_edges: edges on the map beside the tree that reaches all nodes. Raising it finds more ways round, slower.
        rebuild_ms: milliseconds between two builds of the graph at least.
    """

    period_ms: int = 30 * SECOND
    keep_periods: int = 3
    max_nodes: int = 1_000
    max_edges: int = 12_000
    rebuild_ms: int = SECOND

    def validate(self) -> None:
        """Raises ValueError naming the field when a value makes no sense."""
        for name in ("period_ms", "keep_periods", "max_nodes", "max_edges"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1")
        if self.rebuild_ms < 0:
            raise ValueError("rebuild_ms must be at least 0")


@dataclass(frozen=True, slots=True)
class _Said:
    seq: int
    at: Instant
    links: Mapping[NodeId, LinkSaid]
    speaks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Reached:
    graph: Graph
    hops: Mapping[NodeId, int]
    branch: Mapping[NodeId, NodeId]


class Topology:
    """Signed words on links, and the graph that follows from them."""

    def __init__(self, me: NodeId, params: Params | None = None) -> None:
        """Begins with an empty map."""
        self._me = me
        self._params = params or Params()
        self._params.validate()
        self._said: dict[NodeId, _Said] = {}
        self._mine: dict[NodeId, LinkSaid] = {}
        self._speaks: tuple[str, ...] = ()
        self._reached = _Reached({me: {}}, {me: 0}, {})
        self._first_out = 0
        self._stale = False
        self._built_at: Instant | None = None
        self.version = 0
        """Rises with each build, so that what was computed on an older graph is known to be old."""

    def __len__(self) -> int:
        """Counts the nodes whose words are kept."""
        return len(self._said)

    def said(self, author: NodeId, links: Links, seq: int, created: Instant, now: Instant) -> bool:
        """Takes a node's verified word; False when it is older than what is known, out of date, or there is no room."""
        at = Instant(min(created, now))
        known = self._said.get(author)
        if author == self._me or at <= now - self._life or (known is not None and seq <= known.seq):
            return False
        room = self._params.max_nodes + self._params.max_nodes // 4
        if known is None and len(self._said) >= room and author not in self._mine:
            return False
        named = {one.whom: one for one in reversed(links.links[:MAX_LINKS]) if one.whom != author}
        self._said[author] = _Said(seq, at, named, links.transports + links.versions)
        self._first_out = min(self._first_out, at + self._life)
        self._stale = self._stale or known is None or known.links != named or known.speaks != self._said[author].speaks
        return True

    def own(self, links: Links) -> None:
        """Sets what links this node has itself: they stand, whatever the other end says."""
        before = list(self._mine)
        self._mine = {one.whom: one for one in links.links if one.whom != self._me}
        self._speaks = links.transports + links.versions
        self._stale = True
        if list(self._mine) != before:
            self._built_at = None

    @property
    def due(self) -> int:
        """Before then nothing comes of `tick`."""
        return self._first_out

    def tick(self, now: Instant) -> None:
        """Forgets what is out of date."""
        if now < self._first_out:
            return
        old = [author for author, said in self._said.items() if said.at <= now - self._life]
        for author in old:
            del self._said[author]
        self._first_out = min((said.at for said in self._said.values()), default=now) + self._life
        self._stale = self._stale or bool(old)
        if len(self._said) > self._params.max_nodes:
            self.graph(now)

    def known(self) -> list[NodeId]:
        """Returns this node, whoever spoke of its links lately, and own neighbours; also who can't be reached."""
        return list({self._me: None, **self._mine, **self._said})

    def graph(self, now: Instant) -> Graph:
        """Returns the graph; built anew when something changed, and not too soon after the last time."""
        soon = self._built_at is not None and now < self._built_at + self._params.rebuild_ms
        if self._stale and not soon:
            self._reached = self._build()
            self._stale, self._built_at = False, now
            self.version += 1
            if len(self._said) > self._params.max_nodes:
                self._make_room()
                self._stale = True
        return self._reached.graph

    def hops(self, node: NodeId) -> int | None:
        """Returns how many links away a node is on the last graph; None when it can't be reached."""
        return self._reached.hops.get(node)

    @property
    def _life(self) -> int:
        return self._params.keep_periods * self._params.period_ms

    def _build(self) -> _Reached:
        near: dict[NodeId, dict[NodeId, Edge]] = {self._me: {}}
        hops = {self._me: 0}
        branch: dict[NodeId, NodeId] = {}
        queue, extra = [self._me], self._params.max_edges
        for node in queue:  # it grows while it is gone through: breadth first
            here = near[node]
            for other in self._mine if node == self._me else self._links_of(node):
                there = near.get(other)
                if other in here or not (there is None or extra):
                    continue
                edge = self._edge(node, other)
                if edge is None:
                    continue
                if there is None:
                    there = near[other] = {}
                    hops[other] = hops[node] + 1
                    branch[other] = branch.get(node, other)
                    queue.append(other)
                else:
                    extra -= 1
                here[other] = there[node] = edge
        return _Reached(near, hops, branch)

    def _links_of(self, node: NodeId) -> Mapping[NodeId, LinkSaid]:
        said = self._said.get(node)
        return said.links if said else {}

    def _edge(self, a: NodeId, b: NodeId) -> Edge | None:
        if self._me in (a, b):
            mine = self._mine.get(b if a == self._me else a)
            if mine is None:
                return None
            said = self._said.get(b if a == self._me else a)
            theirs = said.links.get(self._me) if said else None
            return _joined(mine, theirs or mine, self._speaks, said.speaks if said else ())
        one, two = self._said.get(a), self._said.get(b)
        if one is None or two is None:
            return None
        there, back = one.links.get(b), two.links.get(a)
        if there is None or back is None:
            return None
        return _joined(there, back, one.speaks, two.speaks)

    def _make_room(self) -> None:
        excess = len(self._said) - self._params.max_nodes
        hops, branch = self._reached.hops, self._reached.branch
        far = [author for author in self._said if author not in hops]
        gone = far[::-1][:excess]
        behind: dict[NodeId, list[NodeId]] = {}
        for node in hops:  # nearest first
            if node in self._said:
                behind.setdefault(branch[node], []).append(node)
        while len(gone) < excess:
            gone.append(max(behind.values(), key=len).pop())
        for author in gone:
            del self._said[author]


def _joined(one: LinkSaid, two: LinkSaid, speaks: tuple[str, ...], others: tuple[str, ...]) -> Edge:
    return Edge(
        one.latency_ms if one.latency_ms > two.latency_ms else two.latency_ms,
        one.bandwidth if one.bandwidth < two.bandwidth else two.bandwidth,
        one.utilisation if one.utilisation > two.utilisation else two.utilisation,
        1000 if speaks == others else _shared(speaks, others),
    )


def _shared(one: tuple[str, ...], two: tuple[str, ...]) -> int:
    """Returns thousandths of what either speaks that both speak; all of it where one says nothing: the link stands."""
    if not one or not two:
        return 1000
    both = sum(word in two for word in dict.fromkeys(one))
    return 1000 * both // len({**dict.fromkeys(one), **dict.fromkeys(two)})
