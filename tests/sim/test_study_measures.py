"""What studies say of a network is what networkx says of it; and samples are as near to the truth as they claim."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hansa.kernel.rng import Rng
from hansa.sim.models.bounded import Bounds, bounded
from hansa.sim.models.chance import generator
from hansa.sim.models.graph import Graph
from hansa.sim.models.growth import preferential
from hansa.sim.studies import measures
from hansa.sim.studies.measures import at_distances, clustering, degree_counts, drawn, lengths, power_law
from tests.sim.graphs import graph_of, graphs


def as_networkx(graph: Graph) -> nx.Graph:
    made = nx.Graph()
    made.add_nodes_from(range(graph.nodes))
    makers, takers = graph.links_made()
    made.add_edges_from(zip(makers.tolist(), takers.tolist(), strict=True))
    return made


@given(graphs())
def test_clustering_is_that_of_networkx(graph: Graph) -> None:
    found = clustering(graph, generator(Rng(1)))
    assert found.value == pytest.approx(nx.average_clustering(as_networkx(graph))) and found.error == 0


@given(graphs())
def test_lengths_are_those_of_networkx(graph: Graph) -> None:
    found, other = lengths(graph, generator(Rng(1))), as_networkx(graph)
    pairs = [
        (one, far)
        for one, reached in nx.all_pairs_shortest_path_length(other)
        for to, far in reached.items()
        if to != one
    ]
    total = graph.nodes * (graph.nodes - 1)
    assert found.efficiency.value == pytest.approx(nx.global_efficiency(other))
    assert found.connected == pytest.approx(len(pairs) / total)
    assert found.path_length.value == pytest.approx(np.mean([far for _, far in pairs]) if pairs else 0)
    assert found.longest == max((far for _, far in pairs), default=0)
    assert found.path_length.error == found.efficiency.error == 0


@given(graphs())
def test_degrees_are_counted(graph: Graph) -> None:
    counted = [(links, nodes) for links, nodes in enumerate(nx.degree_histogram(as_networkx(graph))) if nodes]
    assert degree_counts(graph) == counted


@settings(max_examples=20)
@given(graphs(), st.integers(1, 100))
def test_many_searches_at_once_find_what_each_finds_alone(graph: Graph, copies: int) -> None:
    sources = np.tile(np.arange(graph.nodes, dtype=np.int32), copies)[:150]
    together = at_distances(graph, sources)
    for place, one in enumerate(sources.tolist()):
        alone = at_distances(graph, np.array([one], np.int32))[0]
        assert together[place, : alone.size].tolist() == alone.tolist() and not together[place, alone.size :].any()


def test_searches_in_blocks_find_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = bounded(300, Bounds(), Rng(1))
    everybody = np.arange(300, dtype=np.int32)
    whole = at_distances(graph, everybody)
    monkeypatch.setattr(measures, "_BLOCK", 100)
    assert (at_distances(graph, everybody) == whole).all()


def test_samples_are_as_near_as_they_say(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = preferential(1_500, 4, Rng(1))
    exact = lengths(graph, generator(Rng(1))), clustering(graph, generator(Rng(1)))
    monkeypatch.setattr(measures, "EXACT_WAYS", 100)
    monkeypatch.setattr(measures, "EXACT_CLUSTERING", 100)
    monkeypatch.setattr(measures, "CLUSTERED", 300)
    inside = {"path_length": 0, "efficiency": 0, "clustering": 0}
    for seed in range(100):
        chance = generator(Rng(seed))
        far, near = lengths(graph, chance), clustering(graph, chance)
        assert far.path_length.sample == 256 and near.sample == 300 and far.path_length.error > 0
        for name, found, truth in (
            ("path_length", far.path_length, exact[0].path_length),
            ("efficiency", far.efficiency, exact[0].efficiency),
            ("clustering", near, exact[1]),
        ):
            inside[name] += abs(found.value - truth.value) <= found.error
    assert all(85 <= hits <= 100 for hits in inside.values()), inside


def test_all_are_drawn_where_there_are_no_more() -> None:
    assert drawn(5, 9, generator(Rng(1))).tolist() == [0, 1, 2, 3, 4]
    some = drawn(100, 9, generator(Rng(1))).tolist()
    assert some == sorted(set(some)) and len(some) == 9


def test_the_power_law_of_a_scale_free_network() -> None:
    law = power_law(preferential(50_000, 4, Rng(1)))
    assert law is not None and 2.6 < law.exponent < 3.2 and law.distance < 0.02 and law.tail >= 50


def test_there_is_no_power_law_of_a_few_nodes_or_of_one_degree() -> None:
    assert power_law(preferential(20, 4, Rng(1))) is None
    assert power_law(graph_of(200, [(one, (one + 1) % 200) for one in range(200)])) is None
