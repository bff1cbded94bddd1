"""Small graphs to try models on."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from hansa.sim.models.graph import Graph


def graph_of(nodes: int, links: list[tuple[int, int]]) -> Graph:
    """Returns a graph of links (maker, taker)."""
    both = np.array(links, np.int32).reshape(-1, 2)
    return Graph.of_links(nodes, both[:, 0], both[:, 1])


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Any graph of up to 24 nodes."""
    nodes = draw(st.integers(2, 24))
    pairs = [(one, other) for one in range(nodes) for other in range(one)]
    links = draw(st.lists(st.sampled_from(pairs), unique=True, max_size=60))
    turned = draw(st.lists(st.booleans(), min_size=len(links), max_size=len(links)))
    return graph_of(nodes, [(b, a) if turn else (a, b) for (a, b), turn in zip(links, turned, strict=True)])


def neighbours(graph: Graph) -> list[set[int]]:
    """Returns each node's neighbours."""
    return [set(graph.peers[graph.starts[one] : graph.starts[one + 1]].tolist()) for one in range(graph.nodes)]


def reached_slowly(graph: Graph, source: int, alive: list[bool]) -> set[int]:
    """Returns who can be reached over living nodes, by the obvious search."""
    near = neighbours(graph)
    found, open_ = {source}, [source]
    while open_:
        for other in near[open_.pop()]:
            if alive[other] and other not in found:
                found.add(other)
                open_.append(other)
    return found
