"""Healing: who lost links makes new ones, to nodes that it knows (M2).

In each round, rules in order:

1. a living node with fewer than `low` living links dials until it has `target`
2. whom it dials: an even pick among all that it heard of, each as often as it heard of it: the neighbours of its
   neighbours, as they were before the loss and also of those that died, and its table of addresses
3. a call fails if it goes to a dead node, to itself, to a neighbour, or to one that has `high` links
4. who is still short dials again in the next round, with fresh picks

Left out: the time that it takes to see that a neighbour is dead, which is the failure detector's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hansa.kernel.rng import Rng
from hansa.sim.models.chance import below, generator
from hansa.sim.models.graph import Graph, Mask, Nodes, Positions, paired, ranks, spans


@dataclass(frozen=True, slots=True)
class Healing:
    """How links are replaced.

    Attributes:
        low, target, high: living links below which a node dials, up to which, and from which on it takes none.
        rounds: rounds at most. Raising it lets the last ones find somebody.
    """

    low: int = 6
    target: int = 8
    high: int = 12
    rounds: int = 64

    def validate(self) -> None:
        """Raises ValueError beginning with the name of the field that makes no sense."""
        if not 1 <= self.low <= self.target:
            raise ValueError("low must be between 1 and target")
        if self.high < self.target:
            raise ValueError("high must be at least target")
        if self.rounds < 1:
            raise ValueError("rounds must be at least 1")


@dataclass(frozen=True, slots=True)
class Healed:
    """What came of it.

    Attributes:
        makers, takers: the new links.
        rounds: rounds that it took.
        short: living nodes that still have fewer than `low` links.
        calls: calls that were made, the failed ones included.
    """

    makers: Nodes
    takers: Nodes
    rounds: int
    short: int
    calls: int

    def graph(self, before: Graph, alive: Mask) -> Graph:
        """Returns the healed graph; dead nodes keep their number and have no links."""
        makers, takers = before.links_made()
        stand = alive[makers] & alive[takers]
        return Graph.of_links(
            before.nodes, np.concatenate((makers[stand], self.makers)), np.concatenate((takers[stand], self.takers))
        )


def without_hubs(graph: Graph, share: float) -> Mask:
    """Returns who lives when that share of all nodes is dead, the ones with the most links."""
    alive = np.ones(graph.nodes, np.bool_)
    alive[np.argsort(-graph.degrees, kind="stable")[: round(share * graph.nodes)]] = False
    return alive


def tables(nodes: int, size: int, rng: Rng) -> Nodes:
    """Returns a table of addresses for each node, drawn evenly from all; shape (nodes, size)."""
    return below(generator(rng), nodes, nodes * size).astype(np.int32).reshape(nodes, size)


def heal(graph: Graph, alive: Mask, known: Nodes, params: Healing, rng: Rng) -> Healed:
    """Returns the links that the living make.

    Args:
        graph: the links before the loss.
        alive: who lives; shape (nodes,).
        known: tables of addresses; shape (nodes, size).
        params: when a node dials, and up to what.
        rng: a stream of its own.

    Raises:
        ValueError: a parameter makes no sense.
    """
    params.validate()
    return _Loss(graph, alive, known, params, generator(rng)).healed()


class _Loss:
    def __init__(self, graph: Graph, alive: Mask, known: Nodes, params: Healing, chance: np.random.Generator) -> None:
        self._graph, self._alive, self._known = graph, alive, known
        self._params, self._chance = params, chance
        self._living = self._living_links()
        self._callers = np.flatnonzero(alive & (self._living < params.low)).astype(np.int32)
        self._keys = np.empty(0, np.int64)

    def _living_links(self) -> Positions:
        """Returns how many living neighbours each living node has; the rows of the dead are all that is read."""
        graph, dead = self._graph, np.flatnonzero(~self._alive).astype(np.int32)
        if 2 * dead.size > graph.nodes:
            owners = graph.owners()
            return np.bincount(owners[self._alive[graph.peers]], minlength=graph.nodes)
        return graph.degrees - np.bincount(graph.peers[graph.rows(dead)], minlength=graph.nodes)

    def healed(self) -> Healed:
        callers, params, calls, rounds = self._callers, self._params, 0, 0
        while callers.size and rounds < params.rounds:
            rounds += 1
            makers = np.repeat(callers, params.target - self._living[callers])
            takers = self._picked(makers)
            calls += makers.size
            good = np.flatnonzero(self._answers(makers, takers))
            self._take(makers[good], takers[good])
            callers = callers[self._living[callers] < params.target]
        keys = self._keys
        short = int((self._living[self._callers] < params.low).sum())
        return Healed((keys >> 32).astype(np.int32), keys.astype(np.int32), rounds, short, calls)

    def _picked(self, makers: Nodes) -> Nodes:  # 2
        """Returns whom each call goes to."""
        graph, table = self._graph, self._known.shape[1]
        distinct, which = np.unique(makers, return_inverse=True)
        rows = graph.rows(distinct)
        near = graph.peers[rows]
        heard = np.cumsum(graph.starts[near.astype(np.int64) + 1] - graph.starts[near])  # along all rows at once
        ends = np.cumsum(graph.degrees[distinct])
        upto = np.concatenate((heard[:1] * 0, heard))[np.concatenate((ends[:1] * 0, ends))]
        before, count = upto[:-1][which], np.diff(upto)[which]
        picks = below(self._chance, count + table, makers.size)
        takers = np.empty(makers.size, np.int32)
        own = picks >= count
        takers[own] = self._known[makers[own], picks[own] - count[own]]
        others = np.flatnonzero(~own)
        places = before[others] + picks[others]
        via = np.searchsorted(heard, places, side="right")
        start = heard[via] - np.diff(heard, prepend=0)[via]
        takers[others] = graph.peers[graph.starts[near[via]] + places - start]
        return takers

    def _answers(self, makers: Nodes, takers: Nodes) -> Mask:  # 3
        graph = self._graph
        good: Mask = self._alive[takers] & (makers != takers) & (self._living[takers] < self._params.high)
        asked = np.flatnonzero(good)
        starts = graph.starts[makers[asked]]
        counts = graph.starts[makers[asked].astype(np.int64) + 1] - starts
        which = np.repeat(np.arange(asked.size), counts)
        linked = graph.peers[spans(starts, counts)] == takers[asked][which]
        good[asked[which[linked]]] = False
        keys = _unordered(makers, takers)
        again = np.ones(makers.size, np.bool_)
        standing = np.flatnonzero(good)
        again[standing[_firsts(keys[standing])]] = False
        good &= ~again
        if self._keys.size:
            mine = np.sort(_unordered((self._keys >> 32).astype(np.int32), self._keys.astype(np.int32)))
            place = np.minimum(np.searchsorted(mine, keys), mine.size - 1)
            good &= mine[place] != keys
        return good

    def _take(self, makers: Nodes, takers: Nodes) -> None:
        """Makes the links that find room, the earlier calls first; a call may also fill up whoever made it."""
        room = self._params.high - self._living
        order = np.argsort(takers, kind="stable")
        fits = order[ranks(takers[order].astype(np.int64)) < room[takers[order]]]
        makers, takers = makers[fits], takers[fits]
        self._living += np.bincount(makers, minlength=room.size) + np.bincount(takers, minlength=room.size)
        self._keys = np.concatenate((self._keys, paired(makers, takers)))


def _unordered(makers: Nodes, takers: Nodes) -> Positions:
    return paired(np.minimum(makers, takers), np.maximum(makers, takers))


def _firsts(keys: Positions) -> Positions:
    """Returns where each key stands first."""
    order = np.argsort(keys, kind="stable")
    kept = np.ones(keys.size, np.bool_)
    kept[1:] = keys[order][1:] != keys[order][:-1]
    return order[kept]
