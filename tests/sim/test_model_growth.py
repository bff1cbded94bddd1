"""Growth in arrays makes what the obvious growth makes, keeps its bounds, and follows from its seed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hansa.kernel.rng import Rng
from hansa.sim.models.bounded import Bounds, _dial, _Rows, bounded
from hansa.sim.models.graph import Graph
from hansa.sim.models.growth import exponent, preferential, preferential_slowly
from tests.sim.graphs import neighbours

Grow = Callable[[int, int, Rng], Graph]


@pytest.mark.parametrize("grow", [preferential, preferential_slowly])
@given(attach=st.integers(1, 6), more=st.integers(1, 300), seed=st.integers(0, 2**32))
@settings(max_examples=30)
def test_each_newcomer_makes_as_many_links_to_as_many_earlier_nodes(
    grow: Grow, attach: int, more: int, seed: int
) -> None:
    graph = grow(attach + more, attach, Rng(seed))
    assert graph.links == attach * more
    assert graph.made.tolist() == [0] * attach + [attach] * more
    makers, takers = graph.links_made()
    assert (takers < makers).all()
    assert [len(one) for one in neighbours(graph)] == graph.degrees.tolist()
    assert graph.giant_share() == 1


def test_degrees_follow_a_power_law_with_the_exponent_three() -> None:
    assert 2.85 < exponent(preferential(200_000, 4, Rng(1)), 30) < 3.15


def test_fast_growth_has_the_degrees_of_slow_growth() -> None:
    fast = np.concatenate([preferential(2_000, 3, Rng(seed)).degrees for seed in range(20)])
    slow = np.concatenate([preferential_slowly(2_000, 3, Rng(seed)).degrees for seed in range(20)])
    for degree in (3, 4, 5, 8, 12, 20, 40):
        shares = (fast >= degree).mean(), (slow >= degree).mean()
        assert abs(shares[0] - shares[1]) < 0.004 + 0.03 * shares[1], degree
    assert abs(exponent_of(fast) - exponent_of(slow)) < 0.06


def exponent_of(degrees: np.ndarray) -> float:
    tail = degrees[degrees >= 9]
    return float(1 + tail.size / np.log(tail / 8.5).sum())


def test_the_oldest_have_the_most_links_in_both() -> None:
    fast = np.mean([preferential(500, 3, Rng(seed)).degrees for seed in range(80)], axis=0)
    slow = np.mean([preferential_slowly(500, 3, Rng(seed)).degrees for seed in range(80)], axis=0)
    assert np.allclose(fast[:4], slow[:4], rtol=0.15)
    assert np.allclose(fast[100:].reshape(-1, 100).mean(1), slow[100:].reshape(-1, 100).mean(1), rtol=0.05)


@given(nodes=st.integers(9, 400), seed=st.integers(0, 2**32))
@settings(max_examples=30, deadline=None)
def test_bounded_growth_keeps_every_degree_within_its_bounds(nodes: int, seed: int) -> None:
    bounds = Bounds()
    graph = bounded(nodes, bounds, Rng(seed))
    assert bounds.low <= graph.degrees.min()
    assert graph.degrees.max() <= bounds.high
    assert graph.made.min() >= bounds.outbound
    assert [len(one) for one in neighbours(graph)] == graph.degrees.tolist()
    assert graph.giant_share() == 1


def test_a_full_row_takes_no_more_links_whoever_calls() -> None:
    rows = _Rows.empty(60, 4)
    rows.missing[:30] = 6
    _dial(rows, 60, np.random.default_rng(1))
    assert rows.size.max() == 4
    assert rows.made[:30].sum() * 2 == rows.size.sum()


@pytest.mark.parametrize("bounds", [Bounds(4, 3, 6, 2), Bounds(1, 1, 3, 0), Bounds(2, 1, 4, 1)])
def test_narrow_bounds_are_kept_where_many_call_one_node_at_once(bounds: Bounds) -> None:
    for seed in range(6):
        graph = bounded(2_000, bounds, Rng(seed))
        near = neighbours(graph)
        assert [len(one) for one in near] == graph.degrees.tolist()
        assert all(one in near[other] and one != other for one in range(2_000) for other in near[one])
        assert bounds.low <= graph.degrees.min()
        assert graph.degrees.max() <= bounds.high
        assert graph.made.min() >= bounds.outbound


@pytest.mark.parametrize(
    "grow", [lambda seed: preferential(5_000, 4, Rng(seed)), lambda seed: bounded(3_000, Bounds(), Rng(seed))]
)
def test_a_seed_gives_one_graph(grow: Callable[[int], Graph]) -> None:
    one, again, other = grow(1), grow(1), grow(2)
    assert (one.peers == again.peers).all()
    assert one.peers.size != other.peers.size or (one.peers != other.peers).any()


def test_a_graph_that_makes_no_sense_is_refused() -> None:
    for nodes, attach, word in ((4, 4, "nodes"), (4, 0, "attach"), (2**29, 4, "nodes times")):
        with pytest.raises(ValueError, match=rf"^{word}"):
            preferential(nodes, attach, Rng(1))
    with pytest.raises(ValueError, match=r"^nodes"):
        bounded(8, Bounds(), Rng(1))
    for bounds, word in ((Bounds(low=9), "low"), (Bounds(high=9), "high"), (Bounds(outbound=5), "outbound")):
        with pytest.raises(ValueError, match=rf"^{word}"):
            bounds.validate()
