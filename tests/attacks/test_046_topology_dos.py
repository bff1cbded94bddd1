"""Attack 46: a map that is made to be hard. Passes when a hostile map of 1,000 nodes costs at most 100 ms of processor
time for building the graph and finding ways on it, and when work stays within its bounds whatever is said.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from hansa.kernel.ids import NodeId
from hansa.kernel.instant import Instant
from hansa.kernel.rng import Rng
from hansa.overlay.health import measure
from hansa.overlay.links_said import MAX_LINKS
from hansa.overlay.paths import Budget, Edge, Params, Search, candidates
from hansa.overlay.topology import Topology
from tests.overlay.graphs import node, words

NODES = 1_000
LIMIT_MS = 100
NOW = Instant(1_760_000_000_000)
GOAL = NODES - 1

Pairs = Iterable[tuple[int, int]]


def ring() -> Pairs:
    """Each names the fifty on either side: as many links as may be said."""
    return ((one, (one + step) % NODES) for one in range(NODES) for step in range(1, 51))


def at_random() -> Pairs:
    rng = Rng("links")
    return ((one, rng.below(NODES)) for one in range(NODES) for _ in range(50))


def layers() -> Pairs:
    """Layers that are wholly joined to the next: the number of paths is 50 to the power of 13."""
    wide = [(0, one) for one in range(1, 51)] + [(one, GOAL) for one in range(601, 651)]
    return wide + [
        (1 + layer * 50 + one, 1 + (layer + 1) * 50 + two)
        for layer in range(12)
        for one in range(50)
        for two in range(50)
    ]


def comb() -> Pairs:
    """A way with a dead end at each step: each search for a second way looks into all of them."""
    line = [(number, number + 1) for number in range(14)] + [(14, GOAL)]
    return line + [(number, 100 + number * 60 + dead) for number in range(14) for dead in range(60)]


def two_crowds() -> Pairs:
    """Two crowds, and one link between them."""
    crowds = [
        (base + one, base + (one + step) % 500) for base in (0, 500) for one in range(500) for step in range(1, 50)
    ]
    return [*crowds, (250, 750)]


def heard(pairs: Pairs) -> Topology:
    near: dict[int, dict[int, None]] = {}
    for one, two in pairs:
        near.setdefault(one, {})[two] = None
        near.setdefault(two, {})[one] = None
    where = Topology(node(0))
    where.own(words(*list(near[0])[:MAX_LINKS]))
    for one, links in near.items():
        where.said(node(one), words(*list(links)[:MAX_LINKS], latency=one % 300), 1, NOW, NOW)
    return where


def least_ms(work: Callable[[], object], tries: int = 5) -> float:
    """Returns the least processor time of some tries: others use the machine too."""
    best = float("inf")
    for _ in range(tries):
        started = time.thread_time_ns()
        work()
        best = min(best, (time.thread_time_ns() - started) / 1e6)
    return best


@pytest.mark.parametrize("shape", [ring, at_random, layers, comb, two_crowds])
def test_a_hostile_map_of_a_thousand_nodes_takes_a_tenth_of_a_second(shape: Callable[[], Pairs]) -> None:
    where = heard(shape())
    own = words(*(int(one[-4:]) for one in where.graph(NOW)[node(0)]))

    def work() -> None:
        where.own(words())  # own links that change have the map built anew
        where.own(own)
        candidates(where.graph(NOW), node(0), node(GOAL), Params(), {}, {})

    built = where.version
    assert least_ms(work) <= LIMIT_MS
    assert where.version > built


@pytest.mark.parametrize("shape", [ring, at_random, layers, comb, two_crowds])
def test_the_whole_health_of_a_hostile_map_takes_a_tenth_of_a_second(shape: Callable[[], Pairs]) -> None:
    where = heard(shape())
    near = where.graph(NOW)
    known = where.known()
    assert least_ms(lambda: measure(near, known, {}, {}, 0)) <= LIMIT_MS


class Row(dict[NodeId, Edge]):
    """A node's links, which counts how many of them are looked at."""

    looked = 0

    def items(self) -> Any:
        Row.looked += len(self)
        return super().items()


@pytest.mark.parametrize("shape", [ring, layers, comb, two_crowds])
def test_edges_looked_at_are_within_the_budget(shape: Callable[[], Pairs]) -> None:
    near = {one: Row(row) for one, row in heard(shape()).graph(NOW).items()}
    for budget in (0, 100, 5_000, 60_000):
        Row.looked = 0
        search = Search(near, node(0), node(GOAL), Budget(budget))
        search.k_shortest(50)
        search.disjoint(50)
        assert Row.looked <= budget + (budget and MAX_LINKS)  # the last node is looked at whole


def test_many_ways_are_found_on_layers_although_there_are_more_than_anybody_could_list() -> None:
    ways = candidates(heard(layers()).graph(NOW), node(0), node(GOAL), Params(), {}, {})
    assert len(ways) >= 4
    assert all(len(way.path) == 15 for way in ways)
