"""A word through 100,000 nodes: the tree of the node's gossip, and gossipsub with D = 6 over the same links.

Latencies are even from 10 to 100 ms. Each author has said some words before, so that its tree stands; then nodes die at
once and unnoticed. Figures are medians over authors, of the first word after that and of the third; copies are what
comes to a living node. Neighbours compare what they hold at the node's own pace; the greatest share of nodes to which
a word came by that, and not by gossip, stands beside the coverage. HANSA_BENCH_SPREADING says another number of nodes.
"""

from __future__ import annotations

import os
import time
import tracemalloc
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from statistics import median

import numpy as np

from hansa.kernel.rng import Rng
from hansa.sim.models.bounded import Bounds, bounded
from hansa.sim.models.chance import generator
from hansa.sim.models.gossipsub import Gossipsub, Mesh
from hansa.sim.models.graph import Graph
from hansa.sim.models.growth import preferential
from hansa.sim.models.spreading import Spreading, Tree
from hansa.sim.models.travel import Net

NODES = int(os.environ.get("HANSA_BENCH_SPREADING", "100000"))
AUTHORS, SETTLE = 3, 3
COLUMNS = (
    "links", "dead", "loss", "coverage", "of that by comparing", "copies a node: first, third", "at most", "held",
    "hops to 99 %: first, third", "gossipsub: hops, copies", "at most 1.5x", "ms to 99 %: first, third", "s a word",
)  # fmt: skip


def body() -> str:
    """Returns the table, in Markdown."""
    lines = [COLUMNS, ("---",) * len(COLUMNS), *_rows(NODES)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines) + "\n\n" + _memory(NODES)


def _graphs(nodes: int) -> Iterator[tuple[str, Graph]]:
    yield "within bounds", bounded(nodes, Bounds(), Rng(1))
    yield "scale-free", preferential(nodes, 4, Rng(1))


def _rows(nodes: int) -> Iterator[tuple[str, ...]]:
    for name, graph in _graphs(nodes):
        for loss in (0.0, 0.1):
            net = Net.over(graph, generator(Rng(2)), loss=loss)
            beside = Gossipsub(net, Mesh(), Rng(4))
            order = generator(Rng(5)).permutation(graph.nodes)
            settled = Spreading(net, Tree(), Rng(3))
            for author in np.repeat(order[:AUTHORS], SETTLE).tolist():
                settled.spread(author)
            for dead in (0.0, 0.1, 0.3):
                spreading = deepcopy(settled)
                alive = np.ones(nodes, np.bool_)
                alive[order[nodes - round(dead * nodes) :]] = False
                spreading.net = beside.net = replace(net, alive=alive)
                yield name, f"{dead:.0%}", f"{loss:.0%}", *_cells(order[:AUTHORS].tolist(), spreading, beside)


def _cells(authors: list[int], spreading: Spreading, beside: Gossipsub) -> tuple[str, ...]:
    net = spreading.net
    started = time.perf_counter()
    words = [[spreading.spread(author) for _ in range(3)] for author in authors]
    each = (time.perf_counter() - started) / (3 * len(authors))
    theirs = [beside.spread(author) for author in authors]
    first, third = [one[0] for one in words], [one[2] for one in words]
    copies = [median(word.copies_per_node() for word in some) for some in (first, third, theirs)]
    hops = [median(word.hops_to(0.99) for word in some) for some in (first, third, theirs)]
    times = [median(word.milliseconds_to(0.99) for word in some) for some in (first, third)]
    most = 1.1 if net.alive.all() and not net.loss else 2.5
    return (
        f"{min(word.coverage(net) for word in (*first, *third)):.5f}",
        f"{max(word.compared for word in (*first, *third)) / net.alive.sum():.2%}",
        f"{copies[0]:.2f}, {copies[1]:.2f}",
        f"{most}",
        "yes" if max(copies[:2]) <= most else "**no**",
        f"{hops[0]:.0f}, {hops[1]:.0f}",
        f"{hops[2]:.0f}, {copies[2]:.2f}",
        "yes" if max(hops[:2]) <= 1.5 * hops[2] else "**no**",
        f"{times[0]:.0f}, {times[1]:.0f}",
        f"{each:.2f}",
    )


def _memory(nodes: int) -> str:
    _, graph = next(_graphs(nodes))
    tracemalloc.start()
    net = Net.over(graph, generator(Rng(2)))
    Spreading(net, Tree(), Rng(3)).spread(0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return f"Peak memory of a word over {nodes:,} nodes within bounds: {peak / 1e6:,.0f} MB beside the graph."
