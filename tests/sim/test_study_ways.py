"""Ways of a study are the overlay's ways: as short, as many, and of the same merit; and links carry what they can."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hansa.kernel.ids import NodeId
from hansa.kernel.rng import Rng
from hansa.overlay import paths
from hansa.overlay.paths import Edge
from hansa.sim.models.bounded import Bounds, bounded
from hansa.sim.models.graph import Graph
from hansa.sim.models.healing import Healing, heal, tables
from hansa.sim.studies.ways import MOST_ROOM, Way, Ways, link_facts
from tests.sim.graphs import graphs, reached_slowly

HALF = st.lists(st.booleans(), min_size=24, max_size=24)


def of(graph: Graph) -> Ways:
    return Ways(graph, 7, np.arange(graph.nodes, dtype=np.int32) * 37 % 1001)


def on_the_overlay(graph: Graph, off: np.ndarray) -> dict[NodeId, dict[NodeId, Edge]]:
    """Returns the map that the overlay's own search has."""
    latency, room = link_facts(graph, 7)
    made: dict[NodeId, dict[NodeId, Edge]] = {NodeId(str(one)): {} for one in range(graph.nodes) if not off[one]}
    for one in range(graph.nodes):
        for at in range(graph.starts[one], graph.starts[one + 1]):
            other = int(graph.peers[at])
            if not off[one] and not off[other]:
                made[NodeId(str(one))][NodeId(str(other))] = Edge(int(latency[at]), int(room[at]))
    return made


def ends(graph: Graph, off: np.ndarray) -> Iterator[tuple[int, int]]:
    living = [one for one in range(graph.nodes) if not off[one]]
    return ((one, other) for one in living for other in living if one != other)


@settings(max_examples=40)
@given(graphs(), HALF)
def test_the_first_way_is_as_short_as_the_overlay_s(graph: Graph, gone: list[bool]) -> None:
    off = np.array(gone)[: graph.nodes] & (np.arange(graph.nodes) % 3 == 0)
    ways, there = of(graph), on_the_overlay(graph, off)
    for start, goal in ends(graph, off):
        search = paths.Search(there, NodeId(str(start)), NodeId(str(goal)), paths.Budget(10**6))
        shortest = search.k_shortest(1)
        found = ways.candidates(start, goal, off)
        lengths = sorted(1000 * way.hops + way.latency_ms for way in found)
        assert lengths[:1] == [search.length(path) for path in shortest]


@settings(max_examples=40)
@given(graphs(), HALF)
def test_ways_share_no_relay_pass_nobody_who_is_off_and_there_are_as_many_as_can_be(
    graph: Graph, gone: list[bool]
) -> None:
    off = np.array(gone)[: graph.nodes] & (np.arange(graph.nodes) % 2 == 0)
    ways = of(graph)
    for start, goal in ends(graph, off):
        found = ways.candidates(start, goal, off)
        relays = [one for way in found for one in way.relays]
        assert len(relays) == len(set(relays)) and not {start, goal} & set(relays)
        assert sum(way.hops == 1 for way in found) <= 1
        for way in found:
            assert (way.nodes[0], way.nodes[-1]) == (start, goal)
            for one, other in pairwise(way.nodes):
                assert other in graph.peers[graph.starts[one] : graph.starts[one + 1]] and not off[other]
        if len(found) < 4:  # nothing is left but the direct link
            passable = [not off[one] and one not in relays for one in range(graph.nodes)]
            near = graph.peers[graph.starts[start] : graph.starts[start + 1]].tolist()
            others = [one for one in near if passable[one] and one != goal]
            passable[start] = False
            assert not any(goal in reached_slowly(graph, one, passable) for one in others)
            assert (goal in near) == any(way.hops == 1 for way in found)


@settings(max_examples=25)
@given(graphs())
def test_merit_is_the_overlay_s_and_the_best_way_comes_first(graph: Graph) -> None:
    nobody = np.zeros(graph.nodes, np.bool_)
    ways, there = of(graph), on_the_overlay(graph, nobody)
    trust = {NodeId(str(one)): (one * 37 % 1001) / 1000 for one in range(graph.nodes)}
    for start, goal in ends(graph, nobody):
        found = ways.candidates(start, goal, nobody)
        assert [way.merit for way in found] == sorted((way.merit for way in found), reverse=True)
        for way in found:
            path = tuple(NodeId(str(one)) for one in way.nodes)
            facts = paths.facts(there, path, MOST_ROOM, trust, {})
            assert abs(way.merit - paths.merit(facts)) < 1e-12


def test_a_way_loses_merit_as_it_fills_up() -> None:
    graph = bounded(60, Bounds(), Rng(1))
    ways, nobody = of(graph), np.zeros(60, np.bool_)
    best = ways.candidates(3, 50, nobody)[0]
    assert ways.take(best, best.free)
    again = {way.nodes: way for way in ways.candidates(3, 50, nobody)}[best.nodes]
    assert again.free == 0 and again.merit < best.merit


@given(st.lists(st.tuples(st.integers(0, 39), st.integers(0, 39), st.integers(1, 200)), max_size=60), st.randoms())
def test_no_link_carries_more_than_it_can_and_all_is_given_back(
    flows: list[tuple[int, int, int]], order: object
) -> None:
    graph = bounded(40, Bounds(), Rng(2))
    ways, nobody = of(graph), np.zeros(40, np.bool_)
    held: list[tuple[Way, int]] = []
    for start, goal, units in flows:
        if start == goal:
            continue
        for way in ways.candidates(start, goal, nobody):
            fits = way.free >= units
            assert ways.take(way, units) == fits
            if fits:
                held.append((way, units))
                break
        assert (ways.used <= ways.room).all()
        assert ways.used.sum() == 2 * sum(units * way.hops for way, units in held)
    for way, units in held:
        ways.give_back(way, units)
    assert not ways.used.any()


def test_relays_that_failed_are_not_passed_again() -> None:
    graph = bounded(60, Bounds(), Rng(1))
    ways, nobody = of(graph), np.zeros(60, np.bool_)
    failed: list[int] = []
    for _ in range(3):
        found = ways.candidates(3, 50, nobody, failed)
        assert found and not {one for way in found for one in way.relays} & set(failed)
        failed += found[0].relays
    assert ways.candidates(3, 50, nobody), "it is a matter of one search"


def test_a_link_is_the_same_link_in_each_picture_of_the_network() -> None:
    graph = bounded(200, Bounds(), Rng(1))
    alive = np.ones(200, np.bool_)
    alive[::4] = False
    healed = heal(graph, alive, tables(200, 4, Rng(2)), Healing(), Rng(3)).graph(graph, alive)
    facts = []
    for one in (graph, healed):
        pairs = zip(one.owners().tolist(), one.peers.tolist(), strict=True)
        facts.append(
            dict(zip(pairs, zip(*(column.tolist() for column in link_facts(one, 9)), strict=True), strict=True))
        )
    before, after = facts
    both = [pair for pair in before if pair in after]
    assert both and all(before[pair] == after[pair] == after[pair[::-1]] for pair in both)
    assert {ms for ms, _ in before.values()} == set(range(10, 101, 10))
    assert all(100 <= room <= 400 for _, room in before.values())
