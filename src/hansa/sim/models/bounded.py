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
    """Links as they come and go: who made each, who took it, in which round.

    What ended keeps its place, as a link of nobody with nobody, until the next batch.
    """

    def __init__(self, nodes: int, bounds: Bounds, chance: np.random.Generator) -> None:
        self._bounds, self._chance, self._nobody = bounds, chance, nodes
        self._links = np.empty((3, 2 * nodes * bounds.target), np.int32)
        self._used = 0
        self._degrees = np.zeros(nodes + 1, np.int64)
        self._own = np.zeros(nodes + 1, np.int64)
        self._filling = np.ones(nodes + 1, np.bool_)
        self._round = 0

    @property
    def _makers(self) -> Nodes:
        return self._links[0, : self._used]

    @property
    def _takers(self) -> Nodes:
        return self._links[1, : self._used]

    @property
    def _born(self) -> NDArray[np.int32]:
        return self._links[2, : self._used]

    def begin(self, count: int) -> None:
        """Links the first ones in a ring, each with those that follow it."""
        reach = self._bounds.target // 2
        makers = np.repeat(np.arange(count, dtype=np.int32), reach)
        self._add(makers, ((makers + np.tile(np.arange(1, reach + 1), count)) % count).astype(np.int32))

    def settle(self, count: int) -> None:
        """Lets `count` nodes be there, and goes on until all have what they want."""
        self._clear()
        for _ in range(ROUNDS):
            self._round += 1
            dialled = self._dial(count)
            ended = self._end()
            if not dialled and not ended:
                return

    def graph(self) -> Graph:
        """Returns the links that stand."""
        self._clear()
        return Graph.of_links(self._nobody, self._makers, self._takers)

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
        calls = np.zeros(self._nobody + 1, np.bool_)
        calls[callers] = True
        near = np.flatnonzero(calls[self._makers] | calls[self._takers])
        known = _unordered(self._makers[near], self._takers[near])
        keys = _unordered(makers, takers)
        first = np.zeros(keys.size, np.bool_)
        first[np.unique(keys, return_index=True)[1]] = True
        refused: Mask = (makers == takers) | ~first | np.isin(keys, known)
        return refused

    def _add(self, makers: Nodes, takers: Nodes) -> None:
        used = self._used + makers.size
        if used > self._links.shape[1]:
            self._links = np.concatenate((self._links, np.empty_like(self._links)), axis=1)
        self._links[0, self._used : used] = makers
        self._links[1, self._used : used] = takers
        self._links[2, self._used : used] = self._round
        self._used = used
        self._count(makers, takers, 1)

    def _clear(self) -> None:
        stay = self._makers != self._nobody
        used = int(stay.sum())
        for row in self._links:
            row[:used] = row[: self._used][stay]
        self._used = used

    def _count(self, makers: Nodes, takers: Nodes, by: int) -> None:
        np.add.at(self._own, makers, by)
        np.add.at(self._degrees, makers, by)
        np.add.at(self._degrees, takers, by)

    def _end(self) -> bool:  # 3
        excess = self._degrees - self._bounds.high
        over = excess > 0
        if not over.any():
            return False
        others = np.flatnonzero(over[self._takers])
        self._remove(self._worst(self._takers[others], others, excess))
        spare = np.minimum(self._degrees - self._bounds.high, self._own - self._bounds.outbound)
        own = np.flatnonzero((spare > 0)[self._makers])
        self._remove(self._worst(self._makers[own], own, spare))
        return True

    def _remove(self, links: Positions) -> None:
        self._count(self._makers[links], self._takers[links], -1)
        self._makers[links] = self._takers[links] = self._nobody

    def _worst(self, nodes: Nodes, links: Positions, most: NDArray[np.int64]) -> Positions:
        """Returns of some links, seen from one end each, the youngest `most` of each node, none of this round."""
        born = self._born[links]
        firm = born < self._round
        nodes, links, born = nodes[firm], links[firm], born[firm]
        order = np.lexsort((-links, -born, nodes))
        nodes, links = nodes[order], links[order]
        picked: Positions = links[ranks(nodes.astype(np.int64)) < most[nodes]]
        return picked


def _unordered(makers: Nodes, takers: Nodes) -> NDArray[np.int64]:
    return paired(np.minimum(makers, takers), np.maximum(makers, takers))
