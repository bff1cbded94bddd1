"""A word through 100,000 nodes: the tree of the node's gossip, and gossipsub with D = 6 over the same links.

Latencies are even from 10 to 100 ms. Each row is the median of the last words, each from another node, after the tree
was left to settle; nodes die at once and unnoticed, and the first word after that is counted in. Copies are what comes
to a living node, hops and time those to 99 % of the nodes.
"""

from __future__ import annotations

import statistics
import time
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from hansa.kernel.rng import Rng
from hansa.sim.models.bounded import Bounds, bounded
from hansa.sim.models.chance import generator
from hansa.sim.models.gossipsub import Gossipsub, Mesh
from hansa.sim.models.graph import Graph
from hansa.sim.models.growth import preferential
from hansa.sim.models.spreading import Spreading, Tree
from hansa.sim.models.travel import Net, Spread

NODES = 100_000
SETTLE, WORDS = 12, 3
SHORTCUT = 200
COLUMNS = (
    "links", "dead", "loss", "coverage", "copies a node", "most", "held",
    "hops to 99 %", "gossipsub's (copies)", "at most 1.5x", "ms to 99 %", "s a word",
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
        for shortcut in (0, SHORTCUT):
            for loss in (0.0, 0.1):
                yield from _losses(f"{name}, shortcuts {shortcut or 'off'}", graph, shortcut, loss)


def _losses(name: str, graph: Graph, shortcut: int, loss: float) -> Iterator[tuple[str, ...]]:
    chance = generator(Rng(2))
    net = Net.over(graph, chance, loss=loss)
    spreading = Spreading(net, Tree(shortcut=shortcut), Rng(3))
    beside = Gossipsub(net, Mesh(), Rng(4))
    order = chance.permutation(graph.nodes)
    for source in order[:SETTLE]:
        spreading.spread(int(source))
    for dead in (0.0, 0.1, 0.3):
        alive = np.ones(graph.nodes, np.bool_)
        alive[order[graph.nodes - round(dead * graph.nodes) :]] = False
        spreading.net = beside.net = replace(net, alive=alive)
        started = time.perf_counter()
        words = [spreading.spread(int(source)) for source in order[SETTLE : SETTLE + WORDS]]
        each = (time.perf_counter() - started) / WORDS
        theirs = [beside.spread(int(source)) for source in order[SETTLE : SETTLE + WORDS]]
        yield name, f"{dead:.0%}", f"{loss:.0%}", *_cells(words, theirs, spreading.net, 1.1 if not dead else 2.5, each)


def _cells(words: list[Spread], theirs: list[Spread], net: Net, most: float, each: float) -> tuple[str, ...]:
    copies = statistics.median(word.copies_per_node() for word in words)
    hops = statistics.median(word.hops_to(0.99) for word in words)
    other = statistics.median(word.hops_to(0.99) for word in theirs)
    theirs_copies = statistics.median(word.copies_per_node() for word in theirs)
    clean = most > 2 or not net.loss
    return (
        f"{min(word.coverage(net) for word in words):.5f}",
        f"{copies:.2f}",
        f"{most}" if clean else "",
        ("yes" if copies <= most else "**no**") if clean else "",
        f"{hops:.0f}",
        f"{other:.0f} ({theirs_copies:.2f})",
        "yes" if hops <= 1.5 * other else "**no**",
        f"{statistics.median(word.milliseconds_to(0.99) for word in words):.0f}",
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
