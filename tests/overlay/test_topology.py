"""The map: only what both ends say, recent, nearest first, and bounded."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansa.kernel.ids import NodeId
from hansa.kernel.instant import Instant
from hansa.overlay.links_said import Links, LinkSaid
from hansa.overlay.paths import Edge
from hansa.overlay.topology import Params, Topology
from tests.overlay.graphs import node, words

NOW = Instant(1_760_000_000_000)
LATER = Instant(NOW + 1_000)
ME = node(0)


def topology(own: tuple[int, ...] = (1,), params: Params | None = None) -> Topology:
    made = Topology(ME, params)
    made.own(words(*own))
    return made


def say(where: Topology, author: int, *links: int, seq: int = 1, at: int = NOW, now: int = NOW) -> bool:
    return where.said(node(author), words(*links), seq, Instant(at), Instant(now))


def edges(where: Topology, now: int = NOW) -> set[tuple[NodeId, NodeId]]:
    near = where.graph(Instant(now))
    return {(a, b) for a, row in near.items() for b in row if a < b}


def test_a_link_counts_when_both_ends_name_it() -> None:
    where = topology()
    say(where, 1, 0, 2)
    say(where, 2, 9)
    assert edges(where) == {(node(0), node(1))}
    say(where, 2, 1, seq=2)
    assert edges(where, LATER) == {(node(0), node(1)), (node(1), node(2))}


def test_nobody_has_a_link_to_this_node_that_this_node_does_not_have() -> None:
    where = topology()
    say(where, 1, 0, 2)
    say(where, 2, 1, 0)
    assert (node(0), node(2)) not in edges(where)


def test_an_own_link_stands_before_its_other_end_has_spoken() -> None:
    assert edges(topology((1, 2))) == {(node(0), node(1)), (node(0), node(2))}


def test_a_link_is_as_bad_as_its_worse_end_says() -> None:
    where = topology()
    for one, two, said in ((1, 2, (10, 500, 100)), (2, 1, (30, 900, 50))):
        link = LinkSaid(whom=node(two), latency_ms=said[0], bandwidth=said[1], utilisation=said[2])
        where.said(node(one), Links(links=(link,), transports=("ws",), versions=(f"1.{one}",)), 1, NOW, NOW)
    assert where.graph(NOW)[node(1)][node(2)] == Edge(30, 500, 100, 333)
    where.said(node(1), words(2, latency=40), 2, NOW, NOW)
    assert where.graph(LATER)[node(2)][node(1)].latency_ms == 40


def test_the_word_with_the_highest_number_counts() -> None:
    where = topology()
    say(where, 2, 1)
    assert say(where, 1, 2, seq=5)
    assert not say(where, 1, seq=5)
    assert not say(where, 1, seq=4)
    assert (node(1), node(2)) in edges(where)
    assert say(where, 1, seq=6)
    assert (node(1), node(2)) not in edges(where, LATER)


def test_a_word_counts_for_three_periods_from_when_it_was_made() -> None:
    where = topology()
    assert not say(where, 1, 2, at=NOW - 90_000)
    say(where, 1, 2, at=NOW - 30_000)
    say(where, 2, 1, at=NOW + 10**9)  # dated ahead: it counts as made now
    where.tick(Instant(NOW + 59_999))
    assert (node(1), node(2)) in edges(where, NOW + 59_999)
    where.tick(Instant(NOW + 60_000))
    assert (node(1), node(2)) not in edges(where, NOW + 61_000)
    where.tick(Instant(NOW + 90_000))
    assert len(where) == 0


def test_a_node_says_nothing_of_itself_to_itself_and_no_link_is_to_its_own_end() -> None:
    where = topology()
    assert not say(where, 0, 5)
    say(where, 1, 0, 1)
    assert node(1) not in where.graph(NOW)[node(1)]


def test_the_map_is_not_built_again_too_soon_unless_an_own_link_changed() -> None:
    where = topology()
    say(where, 1, 0, 2)
    edges(where)
    version = where.version
    say(where, 2, 1)
    assert (node(1), node(2)) not in edges(where, NOW + 999)
    assert where.version == version
    where.own(words(1, 5))
    assert {(node(0), node(5)), (node(1), node(2))} <= edges(where, NOW + 999)
    version = where.version
    say(where, 2, 1, seq=2)  # nothing new
    edges(where, NOW + 5_000)
    assert where.version == version


def line(params: Params, count: int) -> Topology:
    where = topology(params=params)
    for number in range(1, count):
        say(where, number, number - 1, number + 1)
    return where


def test_the_nearest_nodes_are_on_the_map_when_there_are_too_many() -> None:
    where = line(replace(Params(), max_nodes=10), 13)
    assert where.graph(NOW)
    assert list(where.graph(LATER)) == [node(number) for number in range(11)]
    assert [where.hops(node(number)) for number in (0, 10, 11)] == [0, 10, None]


def test_edges_beside_the_tree_are_bounded_and_everybody_is_still_reached() -> None:
    where = topology(tuple(range(1, 20)), replace(Params(), max_edges=7))
    for number in range(1, 20):
        say(where, number, *(other for other in range(20) if other != number))
    near = where.graph(NOW)
    assert len(near) == 20
    assert len(edges(where)) == 19 + 7


def test_words_are_bounded_and_whoever_makes_up_nodes_pushes_out_its_own() -> None:
    where = topology((1, 2), replace(Params(), max_nodes=40))
    for number, links in ((1, (0, 3)), (3, (1, 4)), (4, (3, 5)), (5, (4,))):
        say(where, number, *links)
    say(where, 2, 0, *range(100, 150))
    refused = [number for number in range(100, 150) if not say(where, number, 2)]
    assert len(where) == 50
    assert refused[0] == 145
    where.tick(NOW)
    assert len(where) == 40
    assert {node(number) for number in range(6)} <= set(where.known())
    assert say(where, 6, 5)  # room for others again
    for number in range(300, 320):
        say(where, number, 2)
    assert len(where) == 50
    where.own(words(1, 2, 900))
    assert say(where, 900, 0)  # a neighbour is always heard


def test_whom_nobody_reaches_goes_first() -> None:
    where = topology((1,), replace(Params(), max_nodes=4))
    for number, links in ((1, (0, 2)), (50, (51,)), (2, (1, 3)), (3, (2,)), (51, (50,))):
        assert say(where, number, *links)
    where.graph(NOW)
    assert where.known() == [node(0), node(1), node(50), node(2), node(3)]


@given(st.lists(st.tuples(st.integers(0, 6), st.lists(st.integers(0, 6), max_size=6)), max_size=20))
def test_the_map_is_what_both_ends_say_last(said: list[tuple[int, list[int]]]) -> None:
    where = topology((1, 2))
    last: dict[int, list[int]] = {}
    for seq, (author, links) in enumerate(said):
        say(where, author, *links, seq=seq)
        if author:
            last[author] = [one for one in links if one != author]
    wanted = {(0, 1), (0, 2)} | {
        (a, b) for a in range(1, 7) for b in range(a + 1, 7) if b in last.get(a, []) and a in last.get(b, [])
    }
    reached, before = {0}, set()
    while reached != before:
        before = set(reached)
        reached |= {b for a, b in wanted if a in before} | {a for a, b in wanted if b in before}
    assert edges(where) == {(node(a), node(b)) for a, b in wanted if a in reached}


@pytest.mark.parametrize("field", ["period_ms", "keep_periods", "max_nodes", "max_edges", "rebuild_ms"])
def test_parameters_that_make_no_sense_are_named(field: str) -> None:
    with pytest.raises(ValueError, match=f"^{field}"):
        replace(Params(), **{field: -1}).validate()
