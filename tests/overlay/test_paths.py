"""Ways through the graph, against the slow and obvious search, and what makes one of them the best."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hansa.kernel.ids import NodeId
from hansa.overlay.frames import MAX_ROUTE
from hansa.overlay.paths import Budget, Edge, Facts, Params, Search, candidates, facts, merit
from tests.overlay.graphs import all_paths, graph, node, nodes, weighted

ENOUGH = 10**9

edges = st.builds(Edge, st.integers(0, 3_000), st.integers(0, 10**7), st.integers(0, 1000), st.integers(0, 1000))
pairs = st.tuples(st.integers(0, 5), st.integers(0, 5)).filter(lambda pair: pair[0] < pair[1])
graphs = st.dictionaries(pairs, edges, max_size=15).map(weighted)
prices = st.dictionaries(st.integers(0, 5).map(node), st.integers(0, 5_000), max_size=6)


@settings(max_examples=150)
@given(graphs, prices, st.integers(1, 8), st.integers(1, 5))
def test_the_k_shortest_are_the_first_of_all_paths(
    near: dict[NodeId, dict[NodeId, Edge]], dear: dict[NodeId, int], k: int, max_hops: int
) -> None:
    search = Search(near, node(0), node(1), Budget(ENOUGH), dear)
    every = [path for path in all_paths(near, node(0), node(1)) if len(path) - 1 <= max_hops]
    found = search.k_shortest(k, max_hops)
    assert [search.length(path) for path in found] == sorted(map(search.length, every))[:k]
    assert len(set(found)) == len(found)
    assert set(found) <= set(every)


@settings(max_examples=100)
@given(graphs, st.integers(0, 4))
def test_disjoint_paths_share_no_relay_and_the_first_is_the_shortest(
    near: dict[NodeId, dict[NodeId, Edge]], count: int
) -> None:
    search = Search(near, node(0), node(1), Budget(ENOUGH))
    found = search.disjoint(count)
    relays = [relay for path in found for relay in path[1:-1]]
    assert len(relays) == len(set(relays))
    assert len(set(found)) == len(found) <= count
    every = all_paths(near, node(0), node(1))
    assert set(found) <= set(every)
    if every and count:
        assert search.length(found[0]) == min(map(search.length, every))


@settings(max_examples=100)
@given(graphs, st.integers(0, 40))
def test_a_budget_bounds_the_work_and_what_is_found_are_paths(
    near: dict[NodeId, dict[NodeId, Edge]], budget: int
) -> None:
    left = Budget(budget)
    search = Search(near, node(0), node(1), left)
    found = search.k_shortest(5)
    assert left.left >= -max(map(len, near.values()), default=0)
    assert set(found) <= set(all_paths(near, node(0), node(1)))


def test_without_budget_nothing_is_looked_at() -> None:
    left = Budget(0)
    assert Search(graph([(0, 1)]), node(0), node(1), left).k_shortest(3) == []
    assert left.left == 0


def test_paths_longer_than_a_packet_may_go_are_not_offered() -> None:
    line = graph([(number, number + 1) for number in range(MAX_ROUTE + 1)])
    assert candidates(line, node(0), node(MAX_ROUTE), Params(), {}, {})
    assert not candidates(line, node(0), node(MAX_ROUTE + 1), Params(), {}, {})


def test_a_relay_that_lost_packets_makes_its_paths_longer() -> None:
    near = graph([(0, 2), (2, 1), (0, 3), (3, 4), (4, 1)])
    assert Search(near, node(0), node(1), Budget(ENOUGH)).k_shortest(1) == [nodes(0, 2, 1)]
    assert Search(near, node(0), node(1), Budget(ENOUGH), {node(2): 1_500}).k_shortest(1) == [nodes(0, 3, 4, 1)]


@pytest.mark.parametrize(
    ("given_", "worth"),
    [
        (Facts(1, 1.0, 1.0, 1.0), 1.0),
        (Facts(2, 1.0, 1.0, 1.0), 0.85),
        (Facts(3, 1.0, 1.0, 1.0), 0.8),
        (Facts(1, 0.0, 1.0, 1.0), 0.75),
        (Facts(1, 1.0, 0.0, 1.0), 0.75),
        (Facts(1, 1.0, 1.0, 0.0), 0.8),
        (Facts(1, 0.0, 0.0, 0.0), 0.3),
        (Facts(5, 0.4, 0.2, 0.5), 0.31),
    ],
)
def test_the_table_of_merit(given_: Facts, worth: float) -> None:
    assert merit(given_) == pytest.approx(worth)


@given(
    st.integers(1, 16), *[st.floats(0, 1)] * 3, st.floats(0, 1), st.sampled_from(["bandwidth", "free", "compatibility"])
)
def test_merit_is_a_share_and_rises_with_each_term(
    hops: int, bandwidth: float, free: float, compatibility: float, more: float, term: str
) -> None:
    from dataclasses import replace

    base = Facts(hops, bandwidth, free, compatibility)
    assert 0 <= merit(base) <= 1 + 1e-12
    assert merit(replace(base, **{term: max(more, getattr(base, term))})) >= merit(base) - 1e-12
    assert merit(replace(base, hops=hops + 1)) < merit(base)


def test_each_term_is_that_of_the_worst_part() -> None:
    near = weighted({(0, 2): Edge(5, 500, 100, 1000), (2, 3): Edge(5, 250, 300, 600), (3, 1): Edge(5, 9_999, 0, 900)})
    path = nodes(0, 2, 3, 1)
    assert facts(near, path, 1_000, {node(2): 0.9, node(3): 0.4}, {}) == Facts(3, 0.25, 0.7, 0.5)
    assert facts(near, path, 1_000, {node(2): 0.9}, {node(3): 800}) == Facts(3, 0.25, pytest.approx(0.2), 0.3)
    assert facts(near, path, 100, {node(2): 1.0, node(3): 1.0}, {node(0): 900}).bandwidth == 1.0


def test_without_relays_trust_is_whole() -> None:
    assert facts(graph([(0, 1)]), nodes(0, 1), 1, {}, {}).compatibility == 1.0


def test_trust_decides_between_ways_that_are_alike() -> None:
    near = graph([(0, 2), (2, 1), (0, 3), (3, 1)])
    for better in (2, 3):
        assert candidates(near, node(0), node(1), Params(), {node(better): 0.5}, {})[0].relays == nodes(better)


def test_load_and_bandwidth_decide_between_ways_that_are_alike() -> None:
    wide = weighted({(0, 2): Edge(5, 10), (2, 1): Edge(5, 10), (0, 3): Edge(5, 10**7), (3, 1): Edge(5, 10**7)})
    assert candidates(wide, node(0), node(1), Params(), {}, {})[0].relays == nodes(3)
    near = graph([(0, 2), (2, 1), (0, 3), (3, 1)])
    assert candidates(near, node(0), node(1), Params(), {}, {node(2): 900})[0].relays == nodes(3)


def test_nobody_is_reached_who_is_not_on_the_map() -> None:
    near = graph([(0, 2), (1, 3)])
    for goal in (node(1), node(9), node(0)):
        assert candidates(near, node(0), goal, Params(), {}, {}) == []


@pytest.mark.parametrize("field", ["k", "budget", "full_bandwidth", "disjoint", "max_hops"])
def test_parameters_that_make_no_sense_are_named(field: str) -> None:
    from dataclasses import replace

    for bad in (-1, 17) if field == "max_hops" else (-1,):
        with pytest.raises(ValueError, match=f"^{field}"):
            replace(Params(), **{field: bad}).validate()
    Params().validate()
