"""A graph without directions, as rows: for each node its neighbours, one after the other in one array (CSR).

A row begins with the links that the node made itself, then come those that others made. There are no loops, and no
two links between the same two nodes. A *position* is a place in the array: one end of a link, seen from its owner.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hansa.kernel.compiled import compiled

Nodes = NDArray[np.int32]
Mask = NDArray[np.bool_]
Positions = NDArray[np.int64]


def paired(high: NDArray[np.integer], low: NDArray[np.integer]) -> NDArray[np.int64]:
    """Returns two numbers below 2^31 as one, for each pair; it sorts by the first, then by the second."""
    pair = high.astype(np.int64)
    pair <<= 32
    pair |= low
    return pair


def spans(starts: Positions, counts: Positions) -> Positions:
    """Returns the numbers of all spans, one after the other.

    >>> spans(np.array([5, 20]), np.array([2, 3])).tolist()
    [5, 6, 20, 21, 22]
    """
    ends = np.cumsum(counts)
    total = int(ends[-1]) if ends.size else 0
    return np.repeat(starts - ends + counts, counts) + np.arange(total)


def ranks(groups: NDArray[np.integer]) -> Positions:
    """Returns how many of the same group stand before each item; groups must be sorted.

    >>> ranks(np.array([3, 3, 3, 8])).tolist()
    [0, 1, 2, 0]
    """
    starts = np.flatnonzero(np.diff(groups, prepend=groups[:1] - 1))
    counts = np.diff(starts, append=groups.size)
    return np.arange(groups.size) - np.repeat(starts, counts)


@compiled
def _fill(takers: Nodes, made: Positions, starts: Positions, ends: Nodes, peers: Nodes) -> None:
    """Fills rows from links in the order of their makers; `ends` is zero for each node, and then ends its row."""
    for taker in takers:
        ends[taker] += 1
    at = 0
    for one in range(made.size):
        starts[one] = at
        at += made[one] + ends[one]
        ends[one] = starts[one] + made[one]
    starts[made.size] = at
    link = 0
    for maker in range(made.size):
        for own in range(starts[maker], starts[maker] + made[maker]):
            taker = takers[link]
            peers[own] = taker
            peers[ends[taker]] = maker
            ends[taker] += 1
            link += 1


@dataclass(frozen=True, slots=True)
class Graph:
    """A graph in rows.

    Attributes:
        starts: where each node's row begins, and where the last one ends; shape (nodes + 1,).
        peers: the other end at each position; shape (2 * links,).
        made: how many links each node made, which stand first in its row; shape (nodes,).
    """

    starts: Positions
    peers: Nodes
    made: Positions

    @classmethod
    def of_links(cls, nodes: int, makers: Nodes, takers: Nodes) -> Graph:
        """Returns the graph of some links, each given once.

        Args:
            nodes: how many there are; they are numbered from 0.
            makers: who made each link.
            takers: the other end of it.
        """
        links = paired(makers, takers)
        links.sort()
        return cls.of_takers(links.astype(np.int32), np.bincount(makers, minlength=nodes))  # the low half

    @classmethod
    def of_takers(cls, takers: Nodes, made: Positions) -> Graph:
        """Returns the graph of links that are given in the order of their makers.

        Args:
            takers: who took each link.
            made: how many each node made; shape (nodes,).
        """
        starts, peers = np.empty(made.size + 1, np.int64), np.empty(2 * takers.size, np.int32)
        _fill(takers, made, starts, np.zeros(made.size, np.int32), peers)
        return cls(starts, peers, made)

    @property
    def nodes(self) -> int:
        """Number of nodes."""
        return self.starts.size - 1

    @property
    def links(self) -> int:
        """Number of links."""
        return self.peers.size // 2

    @property
    def degrees(self) -> Positions:
        """Number of neighbours of each node."""
        return np.diff(self.starts)

    def owners(self) -> Nodes:
        """Returns whose row each position is in."""
        return np.repeat(np.arange(self.nodes, dtype=np.int32), self.degrees)

    def rows(self, nodes: Nodes) -> Positions:
        """Returns the positions of some nodes' rows, one row after the other."""
        starts = self.starts[nodes]
        return spans(starts, self.starts[nodes.astype(np.int64) + 1] - starts)

    def mirrors(self) -> Positions:
        """Returns for each position that of the other end of its link."""
        owners = self.owners()
        mirrors = np.empty(self.peers.size, np.int64)
        there = np.argsort(paired(owners, self.peers))
        back = np.argsort(paired(self.peers, owners))
        mirrors[there] = back
        return mirrors

    def links_made(self) -> tuple[Nodes, Nodes]:
        """Returns each link once: who made it, and the other end."""
        own = spans(self.starts[:-1], self.made)
        return np.repeat(np.arange(self.nodes, dtype=np.int32), self.made), self.peers[own]

    def components(self, alive: Mask | None = None) -> NDArray[np.int64]:
        """Returns for each node the least number in its component; dead ones are components of their own.

        Least labels over links, hooked onto roots, with pointers halved until they stand: Shiloach and Vishkin,
        "An O(log n) parallel connectivity algorithm", Journal of Algorithms 3, 1982.
        """
        owners, peers = self.owners(), self.peers
        if alive is not None:
            both = alive[owners] & alive[peers]
            owners, peers = owners[both], peers[both]
        parents = np.arange(self.nodes)
        while owners.size:
            mine, theirs = parents[owners], parents[peers]
            lower = theirs < mine
            if not lower.any():
                break
            np.minimum.at(parents, mine[lower], theirs[lower])
            while True:
                jumped = parents[parents]
                if np.array_equal(jumped, parents):
                    break
                parents = jumped
            apart = parents[owners] != parents[peers]
            owners, peers = owners[apart], peers[apart]
        return parents

    def giant_share(self, alive: Mask | None = None) -> float:
        """Returns which share of the living nodes is in the greatest component."""
        living = np.ones(self.nodes, np.bool_) if alive is None else alive
        if not living.any():
            return 0.0
        return float(np.bincount(self.components(alive)[living]).max() / living.sum())

    def reachable(self, source: int, alive: Mask | None = None) -> Mask:
        """Returns who can be reached from a node over living ones, itself included; breadth first."""
        seen = np.zeros(self.nodes, np.bool_) if alive is None else ~alive
        reached = np.zeros(self.nodes, np.bool_)
        front = np.array([source], np.int32)
        while front.size:
            reached[front] = seen[front] = True
            near = self.peers[self.rows(front)]
            front = np.unique(near[~seen[near]])
        return reached
