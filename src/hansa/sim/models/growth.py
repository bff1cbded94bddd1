"""Growth by preferential attachment: each newcomer makes `attach` links, to those who have many (M1, `preferential`).

Barabasi and Albert, "Emergence of scaling in random networks", Science 286, 1999. The list of all ends of links names
each node as often as it has links, so an even pick from it is a pick by degree (Batagelj and Brandes, "Efficient
generation of large random networks", Physical Review E 71, 2005). Newcomers are drawn in blocks. A pick that names an
end which is decided in the same block follows the pointer until it stands; whoever picked one node twice picks anew.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hansa.kernel.rng import Rng
from hansa.sim.models.chance import generator
from hansa.sim.models.graph import Graph

BLOCK = 1 << 14
"""Newcomers that are drawn at once, at most: their numbers stay in the processor's cache."""


def _checked(nodes: int, attach: int) -> None:
    if attach < 1:
        raise ValueError("attach must be at least 1")
    if nodes <= attach:
        raise ValueError(f"nodes must be above attach, {attach}")
    if nodes * attach >= 1 << 30:
        raise ValueError("nodes times attach must be below 2^30")


def preferential(nodes: int, attach: int, rng: Rng) -> Graph:
    """Returns a scale-free graph with `attach * (nodes - attach)` links; node `attach` is linked to all before it.

    Args:
        nodes: how many.
        attach: links that each newcomer makes, to as many different nodes.
        rng: a stream of its own.

    Raises:
        ValueError: `attach` is below 1, `nodes` not above it, or both too many.
    """
    _checked(nodes, attach)
    chance = generator(rng)
    newcomers = nodes - attach
    ends = np.empty(2 * attach * newcomers, np.int32)  # who made a link, who took it, who made the next …
    ends[0::2] = np.repeat(np.arange(attach, nodes, dtype=np.int32), attach)
    ends[1 : 2 * attach : 2] = np.arange(attach)
    at = 1
    while at < newcomers:
        to = min(newcomers, at + min(BLOCK, max(1, at // 4)))
        _block(ends, 2 * attach * at, 2 * attach * to, attach, chance)
        at = to
    made = np.full(nodes, attach)
    made[:attach] = 0
    return Graph.of_links(nodes, ends[0::2], ends[1::2], made)


def _block(ends: NDArray[np.int32], low: int, high: int, attach: int, chance: np.random.Generator) -> None:
    """Draws the takers of the links in `ends[low:high]`."""
    known = np.arange(low, high, 2 * attach, dtype=np.float64)[:, None]  # ends that stood before each newcomer
    picks = (chance.random((known.size, attach)) * known).astype(np.int64)
    while True:
        takers = _followed(ends, picks, low, high)
        twice = np.zeros(known.size, np.bool_)
        for one in range(1, attach):
            for other in range(one):
                twice |= takers[:, one] == takers[:, other]
        again = np.flatnonzero(twice)
        if not again.size:
            return
        picks[again] = (chance.random((again.size, attach)) * known[again]).astype(np.int64)


def _followed(ends: NDArray[np.int32], picks: NDArray[np.int64], low: int, high: int) -> NDArray[np.int32]:
    """Returns whom picks come to, and writes it into `ends[low:high]`."""
    mine = ends[low + 1 : high : 2]
    mine[:] = -1
    takers = ends.take(picks, mode="clip")
    flat, flat_picks = takers.reshape(-1), picks.reshape(-1)
    waiting = np.flatnonzero(flat < 0)
    while waiting.size:
        mine[:] = flat
        flat[waiting] = ends.take(flat_picks[waiting], mode="clip")
        waiting = waiting[flat[waiting] < 0]
    mine[:] = flat
    return takers


def preferential_slowly(nodes: int, attach: int, rng: Rng) -> Graph:
    """Returns what `preferential` models, one newcomer after the other; the same distribution from other numbers."""
    _checked(nodes, attach)
    makers, takers = [attach] * attach, list(range(attach))
    ends = makers + takers
    for newcomer in range(attach + 1, nodes):
        picked: dict[int, None] = {}
        while len(picked) < attach:
            picked[rng.pick(ends)] = None
        for one in picked:
            makers.append(newcomer)
            takers.append(one)
            ends += [newcomer, one]
    return Graph.of_links(nodes, np.array(makers, np.int32), np.array(takers, np.int32))


def exponent(graph: Graph, least: int) -> float:
    """Returns the exponent of the power law that the degrees from `least` on follow, by maximum likelihood.

    The estimate for whole numbers of Clauset, Shalizi and Newman, "Power-law distributions in empirical data", SIAM
    Review 51, 2009, equation 3.7; a scale-free graph has 3.
    """
    tail = graph.degrees[graph.degrees >= least]
    return float(1 + tail.size / np.log(tail / (least - 0.5)).sum())
