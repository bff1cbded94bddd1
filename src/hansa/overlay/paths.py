"""Ways through the graph: the k shortest, some that share no relay, and which of them is best (M4, attack 46).

    merit = 0.3 (1 / length) + 0.25 bandwidth + 0.25 free utilisation + 0.2 compatibility

each term in [0, 1], over a handful of candidates and never over all paths, whose number grows with the factorial of the
nodes. Candidates are the k shortest by Yen's algorithm (Yen 1971, with Lawler's start at the deviation) and a few that
share no relay with each other. One search from the goal gives every further search the exact distance that is left on
the whole graph, so that they go straight on (A*); all of them share one budget of edges looked at, and what was found
when it ends is the answer.

    ways = candidates(graph, me, whom, Params(), trust={}, load={})
    route = ways[0].path[1:]
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import pairwise

import msgspec

from hansa.kernel.ids import NodeId
from hansa.overlay.frames import MAX_ROUTE

HOP = 1_000
"""What one more link costs in the length of a path, in milliseconds of latency."""

Path = tuple[NodeId, ...]
"""Nodes from start to goal, both included, none of them twice."""


class Edge(msgspec.Struct, frozen=True):
    """A link on the map: ms there and back, bytes per second, thousandths in use, thousandths of shared words."""

    latency_ms: int = 0
    bandwidth: int = 0
    utilisation: int = 0
    shared: int = 1000

    @property
    def cost(self) -> int:
        """Its length: one `HOP`, and its latency up to ten of them."""
        return HOP + min(self.latency_ms, 10 * HOP)


Graph = Mapping[NodeId, Mapping[NodeId, Edge]]
"""Node to neighbour to link; each link stands at both of its ends."""


@dataclass(frozen=True, slots=True)
class Params:
    """How many ways are looked for, and how far.

    Attributes:
        k: shortest paths. Raising it offers more choice for more work.
        disjoint: further paths that share no relay with each other. Raising it survives more relays that drop.
        max_hops: links of a path, 1 to 16.
        budget: edges looked at for one destination. Raising it finds more on large maps, slower.
        full_bandwidth: bytes per second from which on more makes no better path.
    """

    k: int = 4
    disjoint: int = 4
    max_hops: int = MAX_ROUTE
    budget: int = 60_000
    full_bandwidth: int = 12_500_000

    def validate(self) -> None:
        """Raises ValueError naming the field when a value makes no sense."""
        for name in ("k", "budget", "full_bandwidth"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1")
        if self.disjoint < 0:
            raise ValueError("disjoint must be at least 0")
        if not 1 <= self.max_hops <= MAX_ROUTE:
            raise ValueError(f"max_hops must be between 1 and {MAX_ROUTE}, not {self.max_hops}")


class Budget:
    """Edges that may still be looked at."""

    __slots__ = ("left",)

    def __init__(self, edges: int) -> None:
        """Begins with so many."""
        self.left = edges


@dataclass(frozen=True, slots=True)
class Facts:
    """What a path is judged by: its links, and three terms in [0, 1]."""

    hops: int
    bandwidth: float
    free: float
    compatibility: float


@dataclass(frozen=True, slots=True)
class Way:
    """A path, and what it is worth."""

    path: Path
    merit: float
    latency_ms: int

    @property
    def relays(self) -> Path:
        """The nodes between its ends."""
        return self.path[1:-1]

    @property
    def edges(self) -> list[tuple[NodeId, NodeId]]:
        """Its links, in order."""
        return list(pairwise(self.path))


def merit(facts: Facts) -> float:
    """Returns what a path is worth, in [0, 1] (M4)."""
    return 0.3 / facts.hops + 0.25 * facts.bandwidth + 0.25 * facts.free + 0.2 * facts.compatibility


def facts(graph: Graph, path: Path, full: int, trust: Mapping[NodeId, float], load: Mapping[NodeId, int]) -> Facts:
    """Returns what M4 asks of a path: each term is that of its worst part.

    Args:
        full: bytes per second that count as 1.
        trust: relay to [0, 1] (M13, and what was seen of it); 0 for whom nothing is known of.
        load: relay to thousandths of it that are in use, as it says.

    Compatibility is the mean of the least trusted relay's trust, 1 without relays, and of the least share of transports
    and versions that two neighbours have in common.
    """
    edges = [graph[a][b] for a, b in pairwise(path)]
    relays = path[1:-1]
    used = max([edge.utilisation for edge in edges] + [load.get(relay, 0) for relay in relays])
    trusted = min((trust.get(relay, 0.0) for relay in relays), default=1.0)
    shared = min(edge.shared for edge in edges) / 1000
    return Facts(
        hops=len(edges),
        bandwidth=min(1.0, min(edge.bandwidth for edge in edges) / full),
        free=1 - min(used, 1000) / 1000,
        compatibility=(trusted + shared) / 2,
    )


def candidates(
    graph: Graph,
    start: NodeId,
    goal: NodeId,
    params: Params,
    trust: Mapping[NodeId, float],
    load: Mapping[NodeId, int],
    dear: Mapping[NodeId, int] | None = None,
) -> list[Way]:
    """Returns the ways worth trying, the best first; none when the goal is not on the map.

    Args:
        dear: relay to what passing it costs on top, in the units of `HOP`: for relays that lost packets.
    """
    search = Search(graph, start, goal, Budget(params.budget), dear or {})
    found = dict.fromkeys(search.disjoint(params.disjoint, params.max_hops))
    found |= dict.fromkeys(search.k_shortest(params.k, params.max_hops))
    ways = [
        Way(path, merit(facts(graph, path, params.full_bandwidth, trust, load)), _latency(graph, path))
        for path in found
    ]
    return sorted(ways, key=lambda way: (-way.merit, way.path))


def _latency(graph: Graph, path: Path) -> int:
    return sum(graph[a][b].latency_ms for a, b in pairwise(path))


class Search:
    """All searches for ways between two nodes: they share the distances to the goal, and the budget."""

    def __init__(
        self, graph: Graph, start: NodeId, goal: NodeId, budget: Budget, dear: Mapping[NodeId, int] | None = None
    ) -> None:
        """Measures the distances to the goal, as far as the start."""
        self._graph = graph
        self._start = start
        self._goal = goal
        self._budget = budget
        self._dear = dear or {}
        self._left = self._distances()
        self._floor = self._left.get(start)

    def _distances(self) -> dict[NodeId, int]:
        """Returns the length from each node to the goal that is no farther than the start (Dijkstra); O(E log V)."""
        done: dict[NodeId, int] = {}
        if self._goal not in self._graph or self._start == self._goal:
            return done
        heap = [(0, self._goal)]
        best = {self._goal: 0}
        while heap and self._budget.left > 0:
            length, node = heappop(heap)
            if node in done:
                continue
            done[node] = length
            if node == self._start:
                break
            near = self._graph[node]
            self._budget.left -= len(near)
            through = length + (self._dear.get(node, 0) if node != self._goal else 0)
            for other, edge in near.items():
                if other not in done:
                    whole = through + edge.cost
                    if whole < best.get(other, whole + 1):
                        best[other] = whole
                        heappush(heap, (whole, other))
        return done

    def length(self, path: Path) -> int:
        """Returns how long a path is: its links, and what its relays cost on top."""
        links = sum(self._graph[a][b].cost for a, b in pairwise(path))
        return links + sum(self._dear.get(relay, 0) for relay in path[1:-1])

    def k_shortest(self, k: int, max_hops: int = MAX_ROUTE) -> list[Path]:
        """Returns up to `k` paths, the shortest first, none with a loop (Yen); fewer when the budget ends."""
        first = self._way(self._start, (), ())
        if first is None:
            return []
        waiting = [(self.length(first), first, 0)]
        seen = {first}
        found: list[Path] = []
        while waiting and len(found) < k:
            _, path, deviation = heappop(waiting)
            if len(path) - 1 <= max_hops:
                found.append(path)
            if len(found) == k:
                break
            for place in range(deviation, min(len(path) - 1, max_hops)):
                root = path[: place + 1]
                taken = {other[place + 1] for other in seen if other[: place + 1] == root and len(other) > place + 1}
                rest = self._way(root[-1], root[:-1], taken)
                if rest is not None and (whole := root[:-1] + rest) not in seen:
                    seen.add(whole)
                    heappush(waiting, (self.length(whole), whole, place))
            if self._budget.left <= 0:
                found += [path for _, path, _ in sorted(waiting) if len(path) - 1 <= max_hops]
                return found[:k]
        return found

    def disjoint(self, count: int, max_hops: int = MAX_ROUTE) -> list[Path]:
        """Returns up to `count` paths that share no relay: the shortest, the shortest without its relays, and so on."""
        found: list[Path] = []
        used: dict[NodeId, None] = {}
        direct: tuple[NodeId, ...] = ()
        while len(found) < count:
            path = self._way(self._start, used, direct)
            if path is None or len(path) - 1 > max_hops:
                break
            found.append(path)
            used |= dict.fromkeys(path[1:-1])
            if len(path) == 2:
                direct = (self._goal,)
        return found

    def _way(self, start: NodeId, without: Collection[NodeId], not_to: Collection[NodeId]) -> Path | None:
        """Returns the shortest way on that passes none of some nodes, and begins with none of others (A*)."""
        if self._floor is None:
            return None
        left, floor = self._left, self._floor
        heap = [(left.get(start, floor), 0, start, start)]
        best, came = {start: 0}, dict[NodeId, NodeId]()
        barred = dict.fromkeys(without)
        while heap and self._budget.left > 0:
            _, minus, node, before = heappop(heap)
            if node in came:
                continue
            came[node] = before
            if node == self._goal:
                return _walked_back(came, start, node)
            near = self._graph[node]
            self._budget.left -= len(near)
            for other, edge in near.items():
                if other in came or other in barred or (node == start and other in not_to):
                    continue
                length = edge.cost - minus + (self._dear.get(other, 0) if other != self._goal else 0)
                if length < best.get(other, length + 1):
                    best[other] = length
                    heappush(heap, (length + left.get(other, floor), -length, other, node))
        return None


def _walked_back(came: Mapping[NodeId, NodeId], start: NodeId, end: NodeId) -> Path:
    path = [end]
    while path[-1] != start:
        path.append(came[path[-1]])
    return tuple(reversed(path))
