"""A graph in rows says the same as its links, and the fast searches find what the obvious ones do."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hansa.sim.models.graph import Graph
from tests.sim.graphs import graph_of, graphs, neighbours, reached_slowly


@given(graphs())
def test_each_link_stands_in_two_rows(graph: Graph) -> None:
    assert int(graph.degrees.sum()) == 2 * graph.links == graph.peers.size
    near = neighbours(graph)
    assert all(one in near[other] for one in range(graph.nodes) for other in near[one])
    assert [len(one) for one in near] == graph.degrees.tolist()


def test_a_row_begins_with_the_links_that_its_node_made() -> None:
    graph = graph_of(4, [(2, 3), (0, 2), (2, 1)])
    assert graph.peers[graph.starts[2] : graph.starts[3]].tolist() == [1, 3, 0]
    assert graph.made.tolist() == [1, 0, 2, 0]


@given(graphs())
def test_links_come_out_as_they_went_in(graph: Graph) -> None:
    again = Graph.of_links(graph.nodes, *graph.links_made())
    assert (again.starts == graph.starts).all()
    assert (again.peers == graph.peers).all()
    assert (again.made == graph.made).all()


@given(graphs())
def test_the_mirror_of_a_position_is_the_other_end_of_its_link(graph: Graph) -> None:
    mirrors, owners = graph.mirrors(), graph.owners()
    assert (owners[mirrors] == graph.peers).all()
    assert (graph.peers[mirrors] == owners).all()
    assert (mirrors[mirrors] == np.arange(mirrors.size)).all()


@given(graphs(), st.data())
def test_components_and_reach_are_those_of_the_obvious_search(graph: Graph, data: st.DataObject) -> None:
    living = data.draw(st.lists(st.booleans(), min_size=graph.nodes, max_size=graph.nodes))
    alive = np.array(living)
    labels = graph.components(alive)
    sizes = [0]
    for one in range(graph.nodes):
        if living[one]:
            found = reached_slowly(graph, one, living)
            assert set(np.flatnonzero(graph.reachable(one, alive)).tolist()) == found
            assert labels[one] == min(found)
            sizes.append(len(found))
    assert graph.giant_share(alive) == max(sizes) / max(1, sum(living))
