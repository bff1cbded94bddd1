"""Health: each figure is a share, moves the right way, and is what the slow and obvious count says."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansa.kernel.ids import NodeId
from hansa.overlay import health
from hansa.overlay.health import Delivery, Health, Repair, advice, measure
from hansa.overlay.paths import Edge
from hansa.overlay.structure import structure
from hansa.overlay.traffic import Rates
from tests.overlay.graphs import graph, node, nodes, weighted

COUNT = 7
NODES = [node(number) for number in range(COUNT)]
FIGURES = ["connectivity", "redundancy", "latency", "throughput", "utilisation", "trust", "flow", "balance"]

pairs = st.tuples(st.integers(0, COUNT - 1), st.integers(0, COUNT - 1)).filter(lambda pair: pair[0] < pair[1])
edges = st.builds(Edge, st.integers(0, 600_000), st.integers(0, 10**9), st.integers(0, 1000), st.integers(0, 1000))
graphs = st.dictionaries(pairs, edges, max_size=15)
shares = st.floats(0, 1)

Near = dict[NodeId, dict[NodeId, Edge]]


def reach(near: Near, start: NodeId, without: NodeId | None = None) -> set[NodeId]:
    seen, todo = {start}, [start]
    while todo:
        for other in near.get(todo.pop(), {}):
            if other not in seen and other != without:
                seen.add(other)
                todo.append(other)
    return seen


def without(near: Near, one: NodeId, two: NodeId) -> Near:
    return {a: {b: edge for b, edge in row.items() if {a, b} != {one, two}} for a, row in near.items()}


@given(graphs)
def test_where_a_network_comes_apart_is_what_taking_each_piece_out_shows(made: dict[tuple[int, int], Edge]) -> None:
    near = weighted(made)
    found = structure(near, NODES)
    parts = {frozenset(reach(near, one)) for one in NODES}
    assert sorted(found.parts) == sorted(map(len, parts))
    cuts = {
        one
        for one in NODES
        if any(
            two not in reach(near, start, one)
            for start in NODES
            for two in reach(near, start)
            if one not in (start, two)
        )
    }
    assert set(found.cut_nodes) == cuts
    bridges = {frozenset((a, b)) for a, row in near.items() for b in row if b not in reach(without(near, a, b), a)}
    assert set(map(frozenset, found.bridges)) == bridges
    circled = {a for a, row in near.items() for b in row if frozenset((a, b)) not in bridges}
    assert found.on_circles == len(circled)


@given(graphs, st.lists(shares, min_size=COUNT, max_size=COUNT), st.lists(st.integers(0, 10**9), max_size=5))
def test_every_figure_and_the_whole_are_shares(
    made: dict[tuple[int, int], Edge], trust: list[float], loads: list[int]
) -> None:
    links = {node(number): Rates(bytes_in=load) for number, load in enumerate(loads)}
    found = measure(weighted(made), NODES, dict(zip(NODES, trust, strict=True)), links, 3.5, Delivery(10, 4))
    for figure in FIGURES:
        assert 0 <= getattr(found, figure) <= 1 + 1e-9, figure
    assert 0 <= found.overall <= 1 + 1e-9


@given(graphs, pairs, edges)
def test_a_further_link_never_makes_connectivity_or_redundancy_worse(
    made: dict[tuple[int, int], Edge], pair: tuple[int, int], edge: Edge
) -> None:
    before = structure(weighted(made), NODES)
    after = structure(weighted({**made, pair: edge}), NODES)
    assert health.connectivity(after) >= health.connectivity(before)
    assert health.redundancy(after) >= health.redundancy(before)


@given(graphs.filter(bool), st.integers(0, 10**6), st.integers(0, 1000))
def test_slower_and_fuller_links_never_make_it_better(
    made: dict[tuple[int, int], Edge], more: int, fuller: int
) -> None:
    worse = {
        pair: Edge(edge.latency_ms + more, 0, max(fuller, edge.utilisation), edge.shared) for pair, edge in made.items()
    }
    assert health.latency(weighted(worse)) <= health.latency(weighted(made))
    assert health.utilisation(weighted(worse)) <= health.utilisation(weighted(made))


@given(st.lists(shares, min_size=1, max_size=9), st.integers(0, 8), shares)
def test_more_trust_for_anybody_never_makes_it_worse(trust: list[float], who: int, more: float) -> None:
    who %= len(trust)
    better = [max(value, more) if place == who else value for place, value in enumerate(trust)]
    assert health.trust_distribution(better) >= health.trust_distribution(trust) - 1e-12


@given(st.lists(shares, min_size=1, max_size=9))
def test_trust_distribution_is_the_mean_less_the_gini_coefficient(trust: list[float]) -> None:
    count, mean = len(trust), sum(trust) / len(trust)
    gini = sum(abs(one - two) for one in trust for two in trust) / (2 * count**2 * mean) if mean else 0.0
    assert health.trust_distribution(trust) == pytest.approx(mean * (1 - gini), abs=1e-9)


@given(st.integers(1, 10**6), st.integers(0, 10**6), st.integers(0, 10**6))
def test_more_that_arrives_is_better(sent: int, one: int, two: int) -> None:
    assert health.throughput(sent, max(one, two)) >= health.throughput(sent, min(one, two))
    assert health.flow(max(one, two)) >= health.flow(min(one, two))


def test_a_table_of_figures() -> None:
    ring = graph([(number, (number + 1) % 4) for number in range(4)], Edge(100, 0, 850))
    found = measure(ring, nodes(0, 1, 2, 3), dict.fromkeys(nodes(0, 1, 2, 3), 0.5), {}, 1, Delivery(100, 80))
    assert found == Health(1.0, 1.0, 0.5, 0.8, pytest.approx(0.5), 0.5, 0.5, 1.0)
    assert found.overall == pytest.approx(0.25 + 0.2 + 0.15 * 1.8 + 0.05)
    line = measure(graph([(0, 1), (1, 2)]), nodes(0, 1, 2, 3), {}, {}, 0)
    assert (line.connectivity, line.redundancy, line.throughput, line.trust) == (0.5, 0.0, 1.0, 0.0)
    assert line.cut_nodes == nodes(1)
    alone = measure({node(0): {}}, nodes(0), {}, {}, 0)
    assert (alone.connectivity, alone.redundancy, alone.latency, alone.utilisation) == (0, 0, 0, 0)
    assert health.balance([5, 5, 5]) == 1
    assert health.balance([9, 0, 0]) == pytest.approx(1 / 3)
    assert health.balance([0, 0]) == health.balance([]) == 1


@pytest.mark.parametrize(
    ("figure", "weight"), list(zip(FIGURES, [0.25, 0.2, 0.15, 0.15, 0.15, 0.1, 0, 0], strict=True))
)
def test_the_weights(figure: str, weight: float) -> None:
    assert replace(Health(*[0.0] * 8), **{figure: 1.0}).overall == pytest.approx(weight)


def test_where_there_is_nothing_there_is_no_advice() -> None:
    alone = measure({node(0): {}}, nodes(0), {}, {}, 0)
    assert [one.repair for one in advice(alone)] == [Repair.DIAL]
    apart = measure({node(0): {}}, nodes(0, 1), {}, {}, 0)
    assert apart.unmeasured == ("redundancy", "latency", "utilisation", "flow")
    assert {one.figure for one in advice(apart)} == {"connectivity", "trust"}
    slow = measure(graph([(0, 1), (1, 2)], Edge(10_000, 0, 1000)), nodes(0, 1, 2), {}, {}, 0.5)
    assert slow.unmeasured == ()
    assert {"redundancy", "latency", "utilisation", "flow"} <= {one.figure for one in advice(slow)}


def test_advice_names_what_is_weak_the_weakest_first_and_what_is_done() -> None:
    assert advice(Health(*[1.0] * 8)) == []
    found = advice(replace(Health(*[1.0] * 8), redundancy=0.2, latency=0.1, cut_nodes=nodes(4)))
    assert [(one.figure, one.repair, one.about) for one in found] == [
        ("latency", Repair.NEARER, ()),
        ("redundancy", Repair.BYPASS, nodes(4)),
    ]
    assert len(advice(Health(*[0.0] * 8))) == 8
    assert {one.repair for one in advice(Health(*[0.0] * 8))} == set(Repair)
