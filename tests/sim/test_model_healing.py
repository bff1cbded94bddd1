"""Healing in arrays gives everybody its links back, to whom it knew, as the obvious version over networkx does."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hansa.kernel.rng import Rng
from hansa.sim.models.bounded import Bounds, bounded
from hansa.sim.models.graph import Graph
from hansa.sim.models.growth import preferential
from hansa.sim.models.healing import Healing, heal, tables, without_hubs
from tests.sim.graphs import graph_of, neighbours


@given(nodes=st.integers(60, 500), share=st.floats(0, 0.3), seed=st.integers(0, 2**32))
@settings(max_examples=30, deadline=None)
def test_new_links_go_to_known_living_nodes_and_keep_the_bounds(nodes: int, share: float, seed: int) -> None:
    graph, params = bounded(nodes, Bounds(), Rng(seed)), Healing()
    alive, known = without_hubs(graph, share), tables(nodes, 16, Rng(seed).child("tables"))
    healed = heal(graph, alive, known, params, Rng(seed).child("heal"))
    after = healed.graph(graph, alive)
    near = neighbours(graph)
    for maker, taker in zip(healed.makers.tolist(), healed.takers.tolist(), strict=True):
        assert alive[maker] and alive[taker]
        heard = {far for one in near[maker] for far in near[one]} | set(known[maker].tolist())
        assert taker in heard
        assert taker not in near[maker]
    assert [len(one) for one in neighbours(after)] == after.degrees.tolist()
    assert after.degrees.max(initial=0) <= params.high
    assert not after.degrees[~alive].any()
    assert int((after.degrees[alive] < params.low).sum()) == healed.short


def test_links_stay_within_narrow_bounds_and_none_is_made_twice() -> None:
    params = Healing(low=5, target=6, high=6)
    for seed in range(20):
        graph = bounded(300, Bounds(), Rng(seed))
        alive = without_hubs(graph, 0.5)
        healed = heal(graph, alive, tables(300, 16, Rng(seed)), params, Rng(seed))
        after, before = healed.graph(graph, alive), graph.degrees - lost(graph, alive)
        assert [len(one) for one in neighbours(after)] == after.degrees.tolist()
        assert (after.degrees <= np.maximum(before, params.high))[alive].all()


def lost(graph: Graph, alive: np.ndarray) -> np.ndarray:
    """Returns how many neighbours of each node are dead."""
    return np.bincount(graph.owners()[~alive[graph.peers]], minlength=graph.nodes)


def test_who_heard_of_nobody_dials_nobody() -> None:
    graph = graph_of(3, [(0, 1)])
    healed = heal(graph, np.array([False, True, True]), tables(3, 0, Rng(1)), Healing(1, 1, 2, 3), Rng(1))
    assert (healed.makers.size, healed.rounds, healed.short) == (0, 3, 2)
    assert healed.calls == 3  # of node 1, whose dead neighbour knew it


def test_a_network_within_bounds_stays_whole_without_its_hubs_and_heals() -> None:
    graph = bounded(20_000, Bounds(), Rng(1))
    alive = without_hubs(graph, 0.3)
    healed = heal(graph, alive, tables(graph.nodes, 16, Rng(2)), Healing(), Rng(3))
    assert graph.giant_share(alive) >= 0.95
    assert healed.short == 0
    assert healed.graph(graph, alive).giant_share(alive) == 1


def test_a_scale_free_network_falls_apart_without_its_hubs_and_heals() -> None:
    graph = preferential(20_000, 4, Rng(1))
    alive = without_hubs(graph, 0.3)
    healed = heal(graph, alive, tables(graph.nodes, 16, Rng(2)), Healing(4, 4, 20_000), Rng(3))
    assert graph.giant_share(alive) < 0.8
    assert healed.graph(graph, alive).giant_share(alive) == 1


def test_nobody_dials_where_nobody_died() -> None:
    graph = bounded(500, Bounds(), Rng(1))
    healed = heal(graph, np.ones(500, np.bool_), tables(500, 16, Rng(2)), Healing(), Rng(3))
    assert (healed.rounds, healed.makers.size, healed.calls) == (0, 0, 0)


def test_what_cannot_be_healed_is_said() -> None:
    graph = bounded(9, Bounds(), Rng(1))
    alive = np.arange(9) < 2
    healed = heal(graph, alive, tables(9, 4, Rng(2)), Healing(rounds=3), Rng(3))
    assert (healed.short, healed.rounds) == (2, 3)


@pytest.mark.parametrize("lazily", [False, True])
def test_networkx_heals_as_the_model_does(lazily: bool) -> None:
    pytest.importorskip("networkx")
    from benchmarks import networkx_healing

    graph = bounded(4_000, Bounds(), Rng(1))
    alive, known = without_hubs(graph, 0.3), tables(4_000, 16, Rng(2))
    healed = heal(graph, alive, known, Healing(), Rng(3))
    other = networkx_healing.as_networkx(graph)
    made = networkx_healing.heal(other, np.flatnonzero(~alive).tolist(), known.tolist(), Healing(), 3, lazily)
    degrees = [degree for _, degree in other.degree]
    assert min(degrees) >= 6 and max(degrees) <= 12
    assert abs(len(made) - healed.makers.size) < 0.1 * len(made)


def test_parameters_that_make_no_sense_are_refused() -> None:
    for params, word in ((Healing(low=9), "low"), (Healing(high=7), "high"), (Healing(rounds=0), "rounds")):
        with pytest.raises(ValueError, match=rf"^{word}"):
            params.validate()
