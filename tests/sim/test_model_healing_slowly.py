"""Healing in arrays makes the very links that the rules make when they are followed one node after the other."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hansa.kernel.rng import Rng
from hansa.sim.models.bounded import Bounds, bounded
from hansa.sim.models.chance import generator
from hansa.sim.models.graph import Graph, Mask
from hansa.sim.models.growth import preferential
from hansa.sim.models.healing import Healing, heal, tables, without_hubs
from tests.sim.graphs import graphs
from tests.sim.healed_slowly import heal_slowly


def check(graph: Graph, alive: Mask, size: int, params: Healing, seed: int) -> int:
    """Compares both ways, and returns how many links were made."""
    known = tables(graph.nodes, size, Rng(seed).child("tables"))
    healed = heal(graph, alive, known, params, Rng(seed))
    made, calls, rounds = heal_slowly(graph, alive, known, params, generator(Rng(seed)))
    assert list(zip(healed.makers.tolist(), healed.takers.tolist(), strict=True)) == made
    assert (healed.calls, healed.rounds) == (calls, rounds)
    return len(made)


@st.composite
def bounds(draw: st.DrawFn) -> Healing:
    """Any bounds that make sense, also some that many have above `high`, or below `low` before anybody died."""
    low = draw(st.integers(1, 8))
    target = low + draw(st.integers(0, 3))
    return Healing(low, target, target + draw(st.integers(0, 4)), draw(st.integers(1, 9)))


@given(graph=graphs(), size=st.integers(0, 3), params=bounds(), seed=st.integers(0, 2**32), data=st.data())
@settings(max_examples=300, deadline=None)
def test_small_graphs_heal_link_by_link_as_the_rules_say(
    graph: Graph, size: int, params: Healing, seed: int, data: st.DataObject
) -> None:
    lives = data.draw(st.lists(st.booleans(), min_size=graph.nodes, max_size=graph.nodes))
    check(graph, np.array(lives, np.bool_), size, params, seed)


def test_networks_of_both_kinds_heal_link_by_link_as_the_rules_say() -> None:
    for seed in range(4):
        limited, free = bounded(600, Bounds(), Rng(seed)), preferential(600, 4, Rng(seed))
        for share in (0.1, 0.3, 0.7):
            assert check(limited, without_hubs(limited, share), 4, Healing(), seed)
            assert check(free, without_hubs(free, share), 4, Healing(4, 4, 600), seed)
            assert check(free, without_hubs(free, share), 16, Healing(5, 7, 7), seed)
