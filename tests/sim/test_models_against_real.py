"""The model of gossip comes to what the node's own class comes to, over the same links, at a thousand nodes."""

from __future__ import annotations

from dataclasses import fields, replace
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

from hansa.kernel.rng import Rng
from hansa.sim.models.bounded import Bounds, bounded
from hansa.sim.models.chance import generator
from hansa.sim.models.comparing import Pace
from hansa.sim.models.graph import Graph
from hansa.sim.models.growth import preferential
from hansa.sim.models.spreading import Spreading, Tree
from hansa.sim.models.travel import Net, Spread

pytestmark = [
    pytest.mark.skipif(find_spec("hansa.overlay.gossip") is None, reason="the overlay's gossip is not there yet"),
    pytest.mark.slow,
]
NODES, AUTHOR, WORDS = 1_000, 500, 3


def network(kind: str) -> Graph:
    return bounded(NODES, Bounds(), Rng(1)) if kind == "bounded" else preferential(NODES, 4, Rng(1))


def test_the_model_has_the_numbers_of_the_class() -> None:
    from hansa.overlay import reconcile_params
    from hansa.overlay.gossip_params import Params

    theirs = Params()
    model = {one.name: getattr(Tree(), one.name) for one in fields(Tree) if one.name != "tick"}
    assert model == {name: getattr(theirs, name) for name in model}
    comparing = {one.name: getattr(Pace(), one.name) for one in fields(Pace)}
    assert comparing == {name: getattr(reconcile_params.Params(), name) for name in comparing}


@pytest.mark.parametrize("kind", ["bounded", "preferential"])
@pytest.mark.parametrize("dead", [0.0, 0.3])
def test_the_model_spreads_words_as_the_class_does(kind: str, dead: float) -> None:
    from tests.sim.real_gossip import RealGossip

    net = Net.over(network(kind), generator(Rng(2)))
    both = Spreading(net, Tree(), Rng(3)), RealGossip(net, Rng(4))
    words = [[one.spread(AUTHOR) for one in both] for _ in range(WORDS)]
    if dead:
        _kill(dead, *both)
        words = [[one.spread(AUTHOR) for one in both] for _ in range(WORDS)]
    for model, real in words:
        _compare(model, real, both[0].net)


def _kill(dead: float, *both: Any) -> None:
    alive = generator(Rng(5)).random(NODES) >= dead
    alive[AUTHOR] = True
    for one in both:
        one.net = replace(one.net, alive=alive)


def _compare(model: Spread, real: Spread, net: Net) -> None:
    assert (model.reached == real.reached).all()
    assert model.coverage(net) == 1
    assert model.copies_per_node() == pytest.approx(real.copies_per_node(), rel=0.15)
    for share in (0.5, 0.99):
        assert model.hops_to(share) == pytest.approx(real.hops_to(share), rel=0.25)
    assert model.milliseconds_to(0.9) == pytest.approx(real.milliseconds_to(0.9), rel=0.25)


@pytest.mark.parametrize("kind", ["bounded", "preferential"])
def test_under_loss_the_model_costs_what_the_class_costs(kind: str) -> None:
    from tests.sim.real_gossip import RealGossip

    net = Net.over(network(kind), generator(Rng(2)), loss=0.1)
    both = Spreading(net, Tree(), Rng(3)), RealGossip(net, Rng(4))
    for _ in range(6):
        assert [one.spread(AUTHOR).coverage(net) for one in both] == [1, 1]
    for dead in (0.0, 0.3):
        _kill(dead, *both)
        net, alive = both[0].net, both[0].net.alive
        words = [[one.spread(AUTHOR) for one in both] for _ in range(4)]
        assert [word.coverage(net) for pair in words for word in pair] == [1] * 8
        assert max(word.copies_per_node() for pair in words for word in pair) <= 2.5
        assert both[0].lossy[alive].mean() == pytest.approx(both[1].lossy[alive].mean(), abs=0.1)
        for figure, off in (
            (Spread.copies_per_node, 0.15),
            (lambda word: word.hops_to(0.99), 0.25),
            (lambda word: word.milliseconds_to(0.9), 0.35),
        ):
            model, real = np.array([[figure(word) for word in pair] for pair in words]).mean(axis=0)
            assert model == pytest.approx(real, rel=off)
