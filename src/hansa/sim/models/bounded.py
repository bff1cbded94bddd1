"""Growth under the node's own policy: as many links as are good for it, within bounds (M1, `bounded`).

Nodes come in batches of a quarter of those that are there. In each round of a batch, rules in order:

1. a node below `low` dials until it has `target`; one with fewer than `outbound` links of its own making dials more
2. whom it dials is drawn evenly from all who are there: who knows a whole network has a table of it; a call to itself,
   to a neighbour, or while one of the two has twice `high` links fails
3. above `high` a node ends links that others made before its own, the youngest first, none of the same round
   (the grace of a link), and never so many that fewer than `outbound` of its own stay

A batch is over when nobody dials or ends. Left out: scores, ranges of addresses, feelers and the exchange of links.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from hansa.kernel.compiled import compiled
from hansa.kernel.rng import Rng
from hansa.sim.models.chance import generator
from hansa.sim.models.graph import Graph, Mask, Nodes

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
    return next(stages([nodes], bounds, rng))


def stages(sizes: Sequence[int], bounds: Bounds, rng: Rng) -> Iterator[Graph]:
    """Yields one network each time that it has grown to a size: a batch ends there, too.

    Args:
        sizes: numbers of nodes, rising.
        bounds: how many links each has.
        rng: a stream of its own.

    Raises:
        ValueError: a bound makes no sense, sizes do not rise, or the first is not above `target`.
    """
    bounds.validate()
    if sizes[0] <= bounds.target:
        raise ValueError(f"nodes must be above target, {bounds.target}")
    if any(after <= before for before, after in pairwise(sizes)):
        raise ValueError("sizes must rise")
    limits, chance = _Limits(bounds.target, bounds.low, bounds.high, bounds.outbound), generator(rng)
    rows, at = _Rows.empty(sizes[-1], 2 * bounds.high), bounds.target + 1
    _ring(rows, at, bounds.target // 2)
    for size in sizes:
        while at < size:
            at = min(size, at + max(1, at // 4))
            for _ in range(ROUNDS):
                dials = _look(rows, at, limits)
                if dials:
                    _dial(rows, at, chance)
                if not _end(rows, at, limits) and not dials:
                    break
        made = rows.made[:size]
        takers = np.empty(int(made.sum()), np.int32)
        _collect(rows, takers)
        yield Graph.of_takers(takers, made.astype(np.int64))


class _Limits(NamedTuple):
    """The numbers of `Bounds`."""

    target: int
    low: int
    high: int
    outbound: int


class _Rows(NamedTuple):
    """Each node's links, the oldest first: to whom, and whether the node made it itself; then, for each node, numbers.

    `size`, of its links; `made`, of those that it made; `firm`, of those that are older than this round; `missing`, of
    those that it dials in this round; `filling` is 1 for who goes on until it has `target`.
    """

    peers: Nodes
    mine: Mask
    size: Nodes
    made: Nodes
    firm: Nodes
    missing: Nodes
    filling: Nodes

    @classmethod
    def empty(cls, nodes: int, most: int) -> _Rows:
        """Returns rows without links, with room for so many each."""
        return cls(
            np.empty((nodes, most), np.int32), np.empty((nodes, most), np.bool_), *np.zeros((5, nodes), np.int32)
        )


@compiled
def _ring(rows: _Rows, count: int, reach: int) -> None:
    """Links the first ones in a ring, each with those that follow it."""
    for one in range(count):
        for step in range(1, reach + 1):
            _link(rows, one, (one + step) % count)


@compiled
def _look(rows: _Rows, count: int, limits: _Limits) -> bool:  # 1
    """Begins a round: notes how many links each misses, and says whether anybody does."""
    dials = False
    for one in range(count):
        size = rows.size[one]
        rows.firm[one] = size
        if size < limits.low:
            rows.filling[one] = 1
        elif size >= limits.target:
            rows.filling[one] = 0
        rows.missing[one] = max(rows.filling[one] * (limits.target - size), limits.outbound - rows.made[one])
        dials |= rows.missing[one] > 0
    return dials


@compiled
def _dial(rows: _Rows, count: int, chance: np.random.Generator) -> None:  # 2
    most = rows.peers.shape[1]
    for one in range(count):
        for _ in range(rows.missing[one]):
            other = int(chance.random() * count)
            room = rows.size[one] < most and rows.size[other] < most
            if room and other != one and _place(rows, one, other) == rows.size[one]:
                _link(rows, one, other)


@compiled
def _end(rows: _Rows, count: int, limits: _Limits) -> bool:  # 3
    """Ends what is too much, and says whether anybody had too much."""
    over = False
    for one in range(count):
        if rows.size[one] > limits.high:
            over = True
            _end_youngest(rows, one, rows.size[one] - limits.high, False)
            _end_youngest(rows, one, min(rows.size[one] - limits.high, rows.made[one] - limits.outbound), True)
    return over


@compiled
def _end_youngest(rows: _Rows, one: int, most: int, mine: bool) -> None:
    """Ends of a node's firm links, those that it made or those that others made, the youngest."""
    for at in range(rows.firm[one] - 1, -1, -1):
        if most <= 0:
            break
        if rows.mine[one, at] == mine:
            other = rows.peers[one, at]
            _drop(rows, other, _place(rows, other, one))
            _drop(rows, one, at)
            most -= 1


@compiled
def _place(rows: _Rows, one: int, other: int) -> int:
    """Returns where in a node's row another one stands; the length of the row where it does not."""
    for at in range(rows.size[one]):
        if rows.peers[one, at] == other:
            return at
    return int(rows.size[one])


@compiled
def _link(rows: _Rows, maker: int, taker: int) -> None:
    rows.peers[maker, rows.size[maker]] = taker
    rows.mine[maker, rows.size[maker]] = True
    rows.peers[taker, rows.size[taker]] = maker
    rows.mine[taker, rows.size[taker]] = False
    rows.size[maker] += 1
    rows.size[taker] += 1
    rows.made[maker] += 1


@compiled
def _drop(rows: _Rows, one: int, at: int) -> None:
    """Takes a link out of a row; the younger ones move up."""
    rows.size[one] -= 1
    rows.made[one] -= rows.mine[one, at]
    rows.firm[one] -= at < rows.firm[one]
    for place in range(at, rows.size[one]):
        rows.peers[one, place] = rows.peers[one, place + 1]
        rows.mine[one, place] = rows.mine[one, place + 1]


@compiled
def _collect(rows: _Rows, takers: Nodes) -> None:
    """Writes down who took each link, in the order of the makers."""
    link = 0
    for one in range(rows.size.size):
        for at in range(rows.size[one]):
            if rows.mine[one, at]:
                takers[link] = rows.peers[one, at]
                link += 1
