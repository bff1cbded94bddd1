"""Growth by preferential attachment: each newcomer makes `attach` links, to those who have many (M1, `preferential`).

Barabasi and Albert, "Emergence of scaling in random networks", Science 286, 1999. Every link has two ends, so an even
pick among the ends of all links is a pick by degree (Batagelj and Brandes, "Efficient generation of large random
networks", Physical Review E 71, 2005). Half of those ends are the makers', among whom each newcomer is as often as any
other; the other half are the takers.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hansa.kernel.compiled import compiled
from hansa.kernel.rng import Rng
from hansa.sim.models.chance import generator
from hansa.sim.models.graph import Graph, Nodes


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
    takers = np.empty(attach * (nodes - attach), np.int32)
    _draw(attach, takers, chance.random(takers.size), chance)
    made = np.full(nodes, attach)
    made[:attach] = 0
    return Graph.of_takers(takers, made)


@compiled
def _draw(attach: int, takers: Nodes, picks: NDArray[np.float64], chance: np.random.Generator) -> None:
    """Draws who takes each link; a pick, in [0, 1), that names a node twice is drawn anew."""
    for one in range(attach):
        takers[one] = one
    for newcomers in range(1, takers.size // attach):  # so many that made links before
        first = newcomers * attach
        link = first
        while link < first + attach:
            pick = 2 * picks[link]
            taker = takers[int(pick * first)] if pick < 1 else attach + int((pick - 1) * newcomers)
            twice = False
            for earlier in range(first, link):
                twice |= takers[earlier] == taker
            if twice:
                picks[link] = chance.random()
            else:
                takers[link] = taker
                link += 1


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
