"""A word in the models comes to whoever can be reached, about once each, and over as many links as it says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hansa.kernel.rng import Rng
from hansa.overlay import losses
from hansa.sim.models.bounded import Bounds, bounded
from hansa.sim.models.chance import generator
from hansa.sim.models.comparing import Pace
from hansa.sim.models.gossipsub import Gossipsub, Mesh
from hansa.sim.models.graph import Graph
from hansa.sim.models.growth import preferential
from hansa.sim.models.spreading import Spreading, Tree, gaps
from hansa.sim.models.travel import Net
from tests.sim.graphs import graphs, reached_slowly


@given(graphs(), st.data())
@settings(max_examples=60, deadline=None)
def test_without_loss_a_word_comes_to_all_that_can_be_reached(graph: Graph, data: st.DataObject) -> None:
    seed = data.draw(st.integers(0, 2**32))
    living = data.draw(st.lists(st.booleans(), min_size=graph.nodes, max_size=graph.nodes))
    living[0] = True
    net = replace(Net.over(graph, generator(Rng(seed))), alive=np.array(living))
    spreading = Spreading(net, Tree(fanout=data.draw(st.integers(1, 8))), Rng(seed))
    for _ in range(3):
        word = spreading.spread(0)
        assert set(np.flatnonzero(word.reached).tolist()) == reached_slowly(graph, 0, living)
        assert word.coverage(net) == 1
        assert word.copies >= word.reached.sum() - 1


@given(seed=st.integers(0, 2**32), loss=st.sampled_from([0.0, 0.2]))
@settings(max_examples=20, deadline=None)
def test_every_hop_and_millisecond_was_travelled(seed: int, loss: float) -> None:
    graph = bounded(120, Bounds(), Rng(seed))
    net = Net.over(graph, generator(Rng(seed)), loss=loss)
    for word in (Spreading(net, Tree(), Rng(seed)).spread(7), Gossipsub(net, Mesh(), Rng(seed)).spread(7)):
        reached = np.flatnonzero(word.reached)
        assert (word.hops[7], word.took[7]) == (0, 0)
        for one in reached[reached != 7]:
            row = slice(graph.starts[one], graph.starts[one + 1])
            before = graph.peers[row][word.hops[graph.peers[row]] == word.hops[one] - 1]
            assert before.size
            assert word.took[before].min() + net.latency[row].min() <= word.took[one]


@pytest.mark.parametrize("grow", ["bounded", "preferential"])
def test_a_settled_tree_carries_each_word_about_once_over_few_links(grow: str) -> None:
    graph = bounded(3_000, Bounds(), Rng(1)) if grow == "bounded" else preferential(3_000, 4, Rng(1))
    net = Net.over(graph, generator(Rng(2)))
    spreading, beside = Spreading(net, Tree(), Rng(3)), Gossipsub(net, Mesh(), Rng(4))
    for author in (5, 1_500, 2_900):
        words = [spreading.spread(author) for _ in range(4)]
        assert words[0].copies_per_node() > 2
        assert words[-1].copies_per_node() <= 1.1
        assert words[-1].hops_to(0.99) <= 1.5 * beside.spread(author).hops_to(0.99)
        assert all(word.coverage(net) == 1 for word in words)


@pytest.mark.parametrize("dead", [0.1, 0.3])
def test_a_tree_that_lost_many_nodes_reaches_the_others(dead: float) -> None:
    graph = bounded(3_000, Bounds(), Rng(1))
    net = Net.over(graph, generator(Rng(2)))
    spreading = Spreading(net, Tree(), Rng(3))
    for _ in range(3):
        spreading.spread(7)
    alive = np.arange(3_000) < (1 - dead) * 3_000
    spreading.net = replace(net, alive=alive)
    for _ in range(3):
        word = spreading.spread(7)
        assert word.coverage(spreading.net) == 1
        assert word.copies_per_node() <= 2.5
        assert not word.reached[~alive].any()
    assert word.copies_per_node() <= 1.1


@pytest.mark.parametrize("grow", ["bounded", "preferential"])
@pytest.mark.parametrize("dead", [0.0, 0.3])
def test_where_frames_are_lost_words_come_to_all_over_few_links_and_in_few_copies(grow: str, dead: float) -> None:
    nodes = 2_000
    graph = bounded(nodes, Bounds(), Rng(1)) if grow == "bounded" else preferential(nodes, 4, Rng(1))
    net = Net.over(graph, generator(Rng(2)), loss=0.1)
    spreading, beside = Spreading(net, Tree(), Rng(3)), Gossipsub(net, Mesh(), Rng(4))
    authors = (5, 700, 1_300)
    for author in np.repeat(authors, 3).tolist():
        spreading.spread(author)
    alive = np.arange(nodes) < (1 - dead) * nodes
    spreading.net = beside.net = replace(net, alive=alive)
    words = [spreading.spread(author) for author in np.tile(authors, 3).tolist()]
    theirs = np.median([beside.spread(author).hops_to(0.99) for author in authors])
    assert spreading.lossy[alive].mean() > 0.8
    for word in words:
        assert word.coverage(spreading.net) == 1
        assert word.copies_per_node() <= 2.5
    assert np.median([word.hops_to(0.99) for word in words]) <= 1.5 * theirs


def test_words_come_about_once_again_when_losses_have_ended() -> None:
    graph = bounded(1_000, Bounds(), Rng(1))
    net = Net.over(graph, generator(Rng(2)), loss=0.1)
    spreading = Spreading(net, Tree(), Rng(3))
    words = [spreading.spread(author) for author in 8 * [7, 70, 700]]
    assert np.mean([word.copies_per_node() for word in words[-6:]]) > 1.25
    spreading.net = replace(net, loss=0.0)
    words = [spreading.spread(author) for author in 12 * [7, 70, 700]]
    assert spreading.lossy.mean() < 0.02
    assert np.mean([word.copies_per_node() for word in words[-6:]]) <= 1.1


@given(graphs(), st.integers(0, 2**32))
@settings(max_examples=40, deadline=None)
def test_by_comparing_a_word_comes_to_all_that_can_be_reached_however_many_frames_are_lost(
    graph: Graph, seed: int
) -> None:
    net = Net.over(graph, generator(Rng(seed)), loss=0.6)
    spreading = Spreading(net, Tree(), Rng(seed))
    for _ in range(2):
        word = spreading.spread(0)
        assert set(np.flatnonzero(word.reached).tolist()) == reached_slowly(graph, 0, [True] * graph.nodes)
        assert word.compared <= word.reached.sum()


def test_without_comparing_a_word_may_miss_who_has_few_links() -> None:
    graph = preferential(3_000, 4, Rng(1))
    net = replace(Net.over(graph, generator(Rng(2)), loss=0.2), alive=np.arange(3_000) % 10 < 7)
    assert Spreading(net, Tree(), Rng(3), pace=None).spread(0).coverage(net) < 1
    word = Spreading(net, Tree(), Rng(3)).spread(0)
    assert word.coverage(net) == 1
    assert word.compared > 0


def test_in_calm_comparing_brings_next_to_nothing() -> None:
    net = Net.over(bounded(3_000, Bounds(), Rng(1)), generator(Rng(2)))
    spreading = Spreading(net, Tree(), Rng(3))
    words = [spreading.spread(7) for _ in range(4)]
    assert [word.compared for word in words[1:]] == [0, 0, 0]


@given(st.lists(st.tuples(st.integers(0, 24), st.integers(0, 2**24 - 1)), min_size=1, max_size=50))
def test_gaps_are_those_of_the_node(told: list[tuple[int, int]]) -> None:
    told = [(max(due, said.bit_length()), said) for due, said in told]
    due, said = (np.array(column) for column in zip(*told, strict=True))
    words, missing = gaps(due.astype(np.int8), said.astype(np.int32))
    assert list(zip(words.tolist(), missing.tolist(), strict=True)) == [losses.gaps(*one) for one in told]


def test_who_is_dead_is_pushed_to_no_more_after_some_words() -> None:
    graph = bounded(400, Bounds(), Rng(1))
    net = Net.over(graph, generator(Rng(2)))
    spreading = Spreading(net, Tree(unproved=3), Rng(3))
    spreading.spread(7)
    alive = np.arange(400) < 300
    spreading.net = replace(net, alive=alive)
    words = [spreading.spread(7) for _ in range(5)]
    assert words[0].sent > words[0].copies
    assert words[-1].sent == words[-1].copies


def test_a_seed_gives_one_history() -> None:
    net = Net.over(bounded(300, Bounds(), Rng(1)), generator(Rng(2)), loss=0.1)
    for make in (lambda: Spreading(net, Tree(), Rng(3)), lambda: Gossipsub(net, Mesh(), Rng(3))):
        one, again = make(), make()
        for source in range(3):
            first, second = one.spread(source), again.spread(source)
            assert (first.took == second.took).all()
            assert (first.copies, first.sent, first.named) == (second.copies, second.sent, second.named)


def test_the_mesh_is_mutual_and_as_wide_as_it_should_be() -> None:
    graph = bounded(3_000, Bounds(), Rng(1))
    beside = Gossipsub(Net.over(graph, generator(Rng(2))), Mesh(), Rng(3))
    assert (beside.mesh == beside.mesh[graph.mirrors()]).all()
    degrees = np.bincount(graph.owners()[beside.mesh], minlength=3_000)
    assert degrees.max() <= 12
    assert (degrees >= 6).mean() > 0.95
    assert beside.spread(0).coverage(beside.net) == 1


def test_parameters_that_make_no_sense_are_refused() -> None:
    for tree, word in (
        (Tree(eager=0), "eager"), (Tree(fanout=9), "fanout"), (Tree(wait_first=50), "wait_first"),
        (Tree(tick=25), "tick"), (Tree(unproved=0), "unproved"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=rf"^{word}"):
            tree.validate()
    for pace, word in ((Pace(slow_ms=0), "slow_ms"), (Pace(soon_ms=5), "soon_ms"), (Pace(lead_ms=-10), "lead_ms")):
        with pytest.raises(ValueError, match=rf"^{word}"):
            Spreading(Net.over(bounded(20, Bounds(), Rng(1)), generator(Rng(1))), Tree(), Rng(1), pace)
    for mesh, word in ((Mesh(lazy=0), "lazy"), (Mesh(degree_high=5), "degree_high"), (Mesh(heartbeat=5), "heartbeat")):
        with pytest.raises(ValueError, match=rf"^{word}"):
            mesh.validate()
    graph = bounded(20, Bounds(), Rng(1))
    with pytest.raises(ValueError, match=r"^least"):
        Net.over(graph, generator(Rng(1)), least=15)
    with pytest.raises(ValueError, match=r"^loss"):
        Net.over(graph, generator(Rng(1)), loss=1.0)
