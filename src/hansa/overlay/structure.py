"""Where a network comes apart: parts, cut nodes, bridges and circles, in one walk in depth (Tarjan 1972): O(V + E)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hansa.kernel.ids import NodeId
from hansa.overlay.paths import Graph


@dataclass(frozen=True, slots=True)
class Structure:
    """What the walk found.

    Attributes:
        parts: sizes of the parts that have no way to each other.
        cut_nodes: nodes without which a part comes apart, in the order in which they were met.
        bridges: links without which a part comes apart.
        on_circles: how many nodes lie on a circle: those with a link that is no bridge.
    """

    parts: tuple[int, ...]
    cut_nodes: tuple[NodeId, ...]
    bridges: tuple[tuple[NodeId, NodeId], ...]
    on_circles: int


class _Walk:
    """The state of the walk: when each node was met, and the earliest that can be reached from what hangs on it."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self.met: dict[NodeId, int] = {}
        self._low: dict[NodeId, int] = {}
        self.cuts: dict[NodeId, None] = {}
        self.bridges: list[tuple[NodeId, NodeId]] = []
        self.circled: dict[NodeId, None] = {}

    def part(self, root: NodeId) -> int:
        """Walks all that can be reached from a node; returns how many nodes that are."""
        before, children = len(self.met), 0
        stack = [(root, root, self._enter(root))]
        while stack:
            node, parent, rest = stack[-1]
            other = next(rest, None)
            if other is None:
                stack.pop()
                if node != root:
                    self._leave(node, parent, root)
                    children += parent == root
            elif other not in self.met:
                stack.append((other, node, self._enter(other)))
            elif other != parent:
                self._low[node] = min(self._low[node], self.met[other])
                self.circled |= {node: None, other: None}
        if children > 1:
            self.cuts[root] = None
        return len(self.met) - before

    def _enter(self, node: NodeId) -> Iterator[NodeId]:
        self.met[node] = self._low[node] = len(self.met)
        return iter(self._graph.get(node, {}))

    def _leave(self, node: NodeId, parent: NodeId, root: NodeId) -> None:
        low = self._low[node]
        self._low[parent] = min(self._low[parent], low)
        if low > self.met[parent]:
            self.bridges.append((parent, node))
        else:
            self.circled |= {parent: None, node: None}
        if parent != root and low >= self.met[parent]:
            self.cuts[parent] = None


def structure(graph: Graph, nodes: Sequence[NodeId]) -> Structure:
    """Returns where the network of some nodes comes apart; nodes without links are parts of their own."""
    walk = _Walk(graph)
    parts = tuple(walk.part(node) for node in nodes if node not in walk.met)
    return Structure(parts, tuple(walk.cuts), tuple(walk.bridges), len(walk.circled))
