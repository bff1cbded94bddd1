"""Growth under the node's own policy: as many links as are good for it, within bounds (M1, `bounded`).

Nodes come in batches of a quarter of those that are there. In each round of a batch, rules in order:

1. a node below `low` dials until it has `target`; one with fewer than `outbound` links of its own making dials more
2. whom it dials is drawn evenly from all who are there: who knows a whole network has a table of it
3. above `high` a node ends links that others made before its own, the youngest first, none of the same round
   (the grace of a link), and never so many that fewer than `outbound` of its own stay

A batch is over when nobody dials or ends. Left out: scores, ranges of addresses, feelers and the exchange of links.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hansa.kernel.rng import Rng
from hansa.sim.models.chance import below, generator
from hansa.sim.models.graph import Graph, Mask, Nodes, Positions, paired, ranks

ROUNDS = 400
"""Rounds of one batch at most; some 10 to 30 are needed."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many links, as in the node's own parameters.

    Attributes:
        target, low, high: links that a node fills up to, below which it begins to, above which it ends some. Raising
            them makes word travel over fewer hops and each word cost more.
        outbound: links of its own making that it keeps. Raising it makes an eclipse harder.
    """

    target: int = 8
    low: int = 6
    high: int = 12
    outbound: int = 3

    def validate(self) -> None:
        """Raises ValueError beginning with the name of the field that makes no sense."""
        if not 1 <= self.low <= self.target:
            raise ValueError("low must be between 1 and target")
        if self.high < self.target + 2:
            raise ValueError("high must be at least target and two more")
        if not 0 <= self.outbound <= self.target // 2:
            raise ValueError("outbound must be between 0 and half of target")


def bounded(nodes: int, bounds: Bounds, rng: Rng) -> Graph:
    """Returns a graph in which every node has between `low` and `high` links.

    Raises:
        ValueError: a bound makes no sense, or `nodes` is not above `target`.
    """
    bounds.validate()
    if nodes <= bounds.target:
        raise ValueError(f"nodes must be above target, {bounds.target}")
    growing = _Growing(nodes, bounds, generator(rng))
    at = bounds.target + 1
    growing.begin(at)
    while at < nodes:
        at = min(nodes, at + max(1, at // 4))
        growing.settle(at)
    return growing.graph()


class _Growing:
    """Links as they come and go: who made each, who took it, in which round."""

    def __init__(self, nodes: int, bounds: Bounds, chance: np.random.Generator) -> None:
        self._bounds, self._chance = bounds, chance
        self._makers, self._takers = np.empty(0, np.int32), np.empty(0, np.int32)
        self._born = np.empty(0, np.int32)
        self._degrees = np.zeros(nodes, np.int64)
        self._own = np.zeros(nodes, np.int64)
        self._filling = np.ones(nodes, np.bool_)
        self._round = 0

    def begin(self, count: int) -> None:
        """Links the first ones in a ring, each with those that follow it."""
        reach = self._bounds.target // 2
        makers = np.repeat(np.arange(count, dtype=np.int32), reach)
        self._add(makers, ((makers + np.tile(np.arange(1, reach + 1), count)) % count).astype(np.int32))

    def settle(self, count: int) -> None:
        """Lets `count` nodes be there, and goes on until all have what they want."""
        for _ in range(ROUNDS):
            self._round += 1
            dialled = self._dial(count)
            ended = self._end()
            if not dialled and not ended:
                return

    def graph(self) -> Graph:
        """Returns the links that stand."""
        return Graph.of_links(self._degrees.size, self._makers, self._takers)

    def _dial(self, count: int) -> bool:  # 1, 2
        bounds, degrees = self._bounds, self._degrees[:count]
        filling = self._filling[:count]
        filling &= degrees < bounds.target
        filling |= degrees < bounds.low
        missing = np.where(filling, bounds.target - degrees, 0)
        missing = np.maximum(missing, bounds.outbound - self._own[:count])
        callers = np.flatnonzero(missing > 0)
        if not callers.size:
            return False
        makers = np.repeat(callers, missing[callers]).astype(np.int32)
        takers = below(self._chance, count, makers.size).astype(np.int32)
        new = ~self._linked(callers, makers, takers)
        self._add(makers[new], takers[new])
        return True

    def _linked(self, callers: Positions, makers: Nodes, takers: Nodes) -> Mask:
        """Says which calls go to oneself, to a neighbour, or where another one of this round goes."""
        calls = np.zeros(self._degrees.size, np.bool_)
        calls[callers] = True
        near = np.flatnonzero(calls[self._makers] | calls[self._takers])
        known = _unordered(self._makers[near], self._takers[near])
        keys = _unordered(makers, takers)
        first = np.zeros(keys.size, np.bool_)
        first[np.unique(keys, return_index=True)[1]] = True
        return (makers == takers) | ~first | np.isin(keys, known)

    def _add(self, makers: Nodes, takers: Nodes) -> None:
        self._makers = np.concatenate((self._makers, makers))
        self._takers = np.concatenate((self._takers, takers))
        self._born = np.concatenate((self._born, np.full(makers.size, self._round, np.int32)))
        self._count(makers, takers, 1)

    def _count(self, makers: Nodes, takers: Nodes, by: int) -> None:
        nodes = self._degrees.size
        made = np.bincount(makers, minlength=nodes)
        self._own += by * made
        self._degrees += by * (made + np.bincount(takers, minlength=nodes))

    def _end(self) -> bool:  # 3
        excess = self._degrees - self._bounds.high
        over = excess > 0
        if not over.any():
            return False
        firm = self._born < self._round
        others = np.flatnonzero(over[self._takers] & firm)
        ends = self._worst(self._takers[others], others, excess)
        own = np.flatnonzero((over & (self._own > self._bounds.outbound))[self._makers] & firm)
        spare = np.minimum(excess - np.bincount(self._takers[ends], minlength=excess.size), self._own)
        spare = np.minimum(spare, self._own - self._bounds.outbound)
        ends = np.union1d(ends, self._worst(self._makers[own], own, spare))
        self._count(self._makers[ends], self._takers[ends], -1)
        stay = np.ones(self._makers.size, np.bool_)
        stay[ends] = False
        self._makers, self._takers, self._born = self._makers[stay], self._takers[stay], self._born[stay]
        return True

    def _worst(self, nodes: Nodes, links: Positions, most: NDArray[np.int64]) -> Positions:
        """Returns of some links, each seen from one of its ends, the youngest `most` of each node."""
        order = np.lexsort((-links, -self._born[links], nodes))
        nodes, links = nodes[order], links[order]
        picked: Positions = links[ranks(nodes.astype(np.int64)) < most[nodes]]
        return picked


def _unordered(makers: Nodes, takers: Nodes) -> NDArray[np.int64]:
    return paired(np.minimum(makers, takers), np.maximum(makers, takers))
