"""What a network looks like: clustering, lengths of ways, degrees. Exact up to some size, then sampled with the error.

Errors are half of a 95 % interval, 1.96 standard errors of a sample that is drawn without putting back; 0 where all was
looked at.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hansa.kernel.compiled import compiled
from hansa.sim.models.graph import Graph, Nodes
from hansa.sim.models.growth import exponent

EXACT_WAYS, WAYS_FROM, WAYS_FROM_LARGE = 2_000, 256, 64
"""Nodes up to which ways are measured from everybody; beyond it from so many, and from so many above `LARGE`."""

EXACT_CLUSTERING, CLUSTERED = 10_000, 10_000
"""Nodes up to which everybody's neighbours are looked at; beyond it those of so many."""

LARGE = 200_000
_BLOCK = 8_000_000
_TAIL = 50
_CANDIDATES = 200


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean, with half of its 95 % interval; `error` is 0 where it is exact, `sample` is what it is the mean of."""

    value: float
    error: float
    sample: int


@dataclass(frozen=True, slots=True)
class Lengths:
    """How far it is from node to node, over ordered pairs of different nodes.

    Attributes:
        path_length: mean number of links of the shortest way, over pairs that have one.
        efficiency: mean of 1 / that number, 0 for pairs without a way: the global efficiency of Latora and Marchiori,
            "Efficient behavior of small-world networks", Physical Review Letters 87, 2001, equation 1.
        connected: share of pairs that have a way.
        longest: the longest of the shortest ways that were looked at.
    """

    path_length: Estimate
    efficiency: Estimate
    connected: float
    longest: int


@dataclass(frozen=True, slots=True)
class PowerLaw:
    """What the degrees from `least` on follow.

    Attributes:
        exponent: by maximum likelihood: Clauset, Shalizi and Newman, "Power-law distributions in empirical data", SIAM
            Review 51, 2009, equation 3.7, from the `least` degree for which it fits best (section 3.3).
        error: standard error, (exponent - 1) / sqrt(tail).
        distance: of Kolmogorov and Smirnov: how far the law and the degrees are apart at most.
        tail: nodes with such degrees.
    """

    exponent: float
    error: float
    least: int
    distance: float
    tail: int


def drawn(nodes: int, most: int, chance: np.random.Generator) -> Nodes:
    """Returns up to `most` different nodes, rising: all where there are no more."""
    if nodes <= most:
        return np.arange(nodes, dtype=np.int32)
    return np.sort(chance.choice(nodes, most, replace=False)).astype(np.int32)


# ---- clustering


def clustering(graph: Graph, chance: np.random.Generator) -> Estimate:
    """Returns the mean share of links that there are among a node's neighbours, 0 for nodes with fewer than two.

    The clustering coefficient of Watts and Strogatz, "Collective dynamics of small-world networks", Nature 393, 1998.
    """
    looked = drawn(graph.nodes, graph.nodes if graph.nodes <= EXACT_CLUSTERING else CLUSTERED, chance)
    found = local_clustering(graph, looked)
    return _mean(found, graph.nodes)


def local_clustering(graph: Graph, nodes: Nodes) -> NDArray[np.float64]:
    """Returns for each of some nodes which share of the links among its neighbours there is."""
    found = np.zeros(nodes.size)
    marks = np.full(graph.nodes, -1, np.int32)
    _local(graph.starts, graph.peers.view(np.uint32), nodes.view(np.uint32), marks, found)
    return found


@compiled
def _local(
    starts: NDArray[np.int64],
    peers: NDArray[np.uint32],
    nodes: NDArray[np.uint32],
    marks: Nodes,
    found: NDArray[np.float64],
) -> None:
    for place in range(nodes.size):
        one = nodes[place]
        begins, ends = starts[one], starts[one + 1]
        for at in range(begins, ends):
            marks[peers[at]] = place
        both = 0
        for at in range(begins, ends):
            other = peers[at]
            for there in range(starts[other], starts[other + 1]):
                both += marks[peers[there]] == place
        size = int(ends - begins)
        if size > 1:
            found[place] = both / (size * (size - 1))


# ---- lengths of ways


def lengths(graph: Graph, chance: np.random.Generator) -> Lengths:
    """Returns how far it is from node to node: from everybody, or from a sample of nodes to everybody."""
    most = WAYS_FROM_LARGE if graph.nodes > LARGE else WAYS_FROM
    sources = drawn(graph.nodes, graph.nodes if graph.nodes <= EXACT_WAYS else most, chance)
    counts = at_distances(graph, sources)  # by source and links
    others = graph.nodes - 1
    steps = np.arange(counts.shape[1])
    reached = counts[:, 1:].sum(axis=1)
    total = counts @ steps
    pairs = int(reached.sum())
    mean = float(total.sum()) / pairs if pairs else 0.0
    near = counts[:, 1:] @ (1 / steps[1:]) / max(1, others)
    off = (total - mean * reached) / max(1.0, pairs / sources.size)  # of a ratio (Cochran 1977, 2.11)
    longest = int(np.flatnonzero(counts.sum(axis=0)).max())
    return Lengths(
        Estimate(mean, _half(off, graph.nodes), sources.size),
        _mean(near, graph.nodes),
        pairs / (sources.size * others) if others else 0.0,
        longest,
    )


def at_distances(graph: Graph, sources: Nodes) -> NDArray[np.int64]:
    """Returns how many nodes are so many links away from each of some nodes; shape (sources, longest + 1).

    All searches at once, a bit each: Then and others, "The more the merrier: efficient multi-source graph traversal",
    VLDB 8, 2014.
    """
    wide = 64 * max(1, _BLOCK // max(1, graph.peers.size))
    blocks = [_searched(graph, sources[at : at + wide]) for at in range(0, sources.size, wide)]
    longest = max(block.shape[1] for block in blocks)
    return np.concatenate([np.pad(block, ((0, 0), (0, longest - block.shape[1]))) for block in blocks])


def _searched(graph: Graph, sources: Nodes) -> NDArray[np.int64]:
    words = -(-sources.size // 64)
    front = np.zeros((graph.nodes, words), np.uint64)
    numbers = np.arange(sources.size)
    np.bitwise_or.at(front, (sources, numbers // 64), np.uint64(1) << (numbers % 64).astype(np.uint64))
    left = ~front
    linked = np.flatnonzero(graph.degrees)
    counts = [np.ones(sources.size, np.int64)]
    while linked.size:
        fresh = np.zeros_like(front)
        fresh[linked] = np.bitwise_or.reduceat(front[graph.peers], graph.starts[linked], axis=0)
        fresh &= left
        left &= ~fresh
        found = _bits(fresh)[: sources.size]
        if not found.any():
            break
        counts.append(found)
        front = fresh
    return np.stack(counts, axis=1)


def _bits(words: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Returns how many rows have each bit set; shape (64 * words,)."""
    rows = max(1, _BLOCK // (8 * words.shape[1]))
    total = np.zeros(64 * words.shape[1], np.int64)
    for at in range(0, words.shape[0], rows):
        bytes_ = words[at : at + rows].astype("<u8", copy=False).view(np.uint8)
        total += np.unpackbits(bytes_, axis=1, bitorder="little").sum(axis=0, dtype=np.int64)
    return total


# ---- degrees


def degree_counts(graph: Graph) -> list[tuple[int, int]]:
    """Returns how many nodes have how many links: (links, nodes), rising."""
    degrees, counts = np.unique(graph.degrees, return_counts=True)
    return list(zip(degrees.tolist(), counts.tolist(), strict=True))


def power_law(graph: Graph) -> PowerLaw | None:
    """Returns the power law that fits the degrees best; None where no tail has 50 nodes of different degrees."""
    degrees = np.sort(graph.degrees)
    best: PowerLaw | None = None
    for least in np.unique(degrees[degrees > 0]).tolist()[:_CANDIDATES]:
        tail = degrees[np.searchsorted(degrees, least) :]
        if tail.size < _TAIL or tail[0] == tail[-1]:
            break
        law = exponent(graph, least)
        values, firsts = np.unique(tail, return_index=True)
        above = 1 - firsts / tail.size  # share with so many links or more
        model = ((values - 0.5) / (least - 0.5)) ** (1 - law)
        distance = float(np.abs(above - model).max())
        if best is None or distance < best.distance:
            best = PowerLaw(law, (law - 1) / math.sqrt(tail.size), least, distance, tail.size)
    return best


# ---- errors


def _mean(found: NDArray[np.float64], of: int) -> Estimate:
    return Estimate(float(found.mean()), _half(found, of), found.size)


def _half(found: NDArray[np.float64], of: int) -> float:
    """Returns half of the 95 % interval of a sample's mean, without putting back (Cochran 1977, equation 2.20)."""
    if found.size >= of or found.size < 2:
        return 0.0
    return 1.96 * float(found.std(ddof=1)) * math.sqrt((1 - found.size / of) / found.size)
