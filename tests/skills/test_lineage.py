"""Ancestors are walked in linear time, and what is wrong with them is seen; held against the obvious recursion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansa.kernel.ids import ContentId
from hansa.kernel.verdict import Reason
from hansa.skills.lineage import MAX_ANCESTORS, NO_ANCESTORS, Ancestry, ancestry
from tests.attacks.specimens import reason
from tests.skills.specimens import name

Graph = Mapping[ContentId, Sequence[ContentId]]
SKILL = name("skill")


class Held:
    """Answers for the skills of a graph, and counts the questions."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.asked: list[ContentId] = []

    def __call__(self, one: ContentId) -> Sequence[ContentId] | None:
        self.asked.append(one)
        return self.graph.get(one)


def walk(lineage: Sequence[ContentId], graph: Graph, max_parents: int = 32, max_depth: int = 64) -> Ancestry:
    return ancestry(SKILL, lineage, Held(graph), max_parents, max_depth)


def refused(lineage: Sequence[ContentId], graph: Graph, max_parents: int = 32, max_depth: int = 64) -> Reason:
    return reason(ancestry, SKILL, lineage, Held(graph), max_parents, max_depth)


def chain_of(length: int) -> Graph:
    """1 names 2, 2 names 3, … and the last names nobody."""
    return {name(number): [name(number + 1)] if number < length else [] for number in range(1, length + 1)}


def test_a_skill_of_its_own_has_no_ancestors() -> None:
    assert walk([], {}) == Ancestry(0, (), ()) == NO_ANCESTORS


def test_a_parent_that_is_not_held_is_unresolved_and_adds_no_depth() -> None:
    assert walk([name(1)], {}) == Ancestry(0, (), (name(1),))
    assert walk([name(1)], {name(1): [name(2)]}) == Ancestry(1, (name(1),), (name(2),))
    assert walk([name(1), name(9)], chain_of(2)) == Ancestry(2, (name(1), name(2)), (name(9),))


def test_the_nearest_ancestors_come_first() -> None:
    graph = {name(1): [name(3)], name(2): [name(4)], name(3): [name(5)], name(4): [], name(5): []}
    assert walk([name(1), name(2)], graph).resolved == tuple(name(number) for number in range(1, 6))


@pytest.mark.parametrize("length", [1, 2, 63, 64])
def test_a_chain_of_up_to_64_is_taken(length: int) -> None:
    found = walk([name(1)], chain_of(length))
    assert (found.depth, len(found.resolved)) == (length, length)


@pytest.mark.parametrize("length", [65, 66, 1_000])
def test_a_longer_chain_is_refused(length: int) -> None:
    held = Held(chain_of(length))
    assert reason(ancestry, SKILL, [name(1)], held, 32, 64) is Reason.BAD_LINEAGE
    assert len(held.asked) == 65


def test_a_chain_of_64_that_goes_on_unresolved_is_taken() -> None:
    graph = {**chain_of(64), name(64): [name(65)]}
    assert walk([name(1)], graph) == Ancestry(64, tuple(chain_of(64)), (name(65),))


def test_the_bounds_are_parameters() -> None:
    assert walk([name(1)], chain_of(3), max_depth=3).depth == 3
    assert refused([name(1)], chain_of(3), max_depth=2) is Reason.BAD_LINEAGE
    assert refused([name(1), name(2)], {}, max_parents=1) is Reason.BAD_LINEAGE


@pytest.mark.parametrize(("count", "taken"), [(31, True), (32, True), (33, False), (64, False)])
def test_up_to_32_parents_are_taken(count: int, taken: bool) -> None:
    lineage = [name(number) for number in range(count)]
    if taken:
        assert walk(lineage, {}).unresolved == tuple(lineage)
    else:
        assert refused(lineage, {}) is Reason.BAD_LINEAGE


def test_too_many_parents_are_refused_before_anything_is_looked_up() -> None:
    held = Held({})
    assert reason(ancestry, SKILL, [name(number) for number in range(33)], held, 32, 64) is Reason.BAD_LINEAGE
    assert held.asked == []


def test_a_parent_named_twice_is_refused() -> None:
    assert refused([name(1), name(2), name(1)], {}) is Reason.BAD_LINEAGE


@pytest.mark.parametrize("length", [0, 1, 2, 5, 63])
def test_a_way_back_to_the_skill_is_a_cycle(length: int) -> None:
    graph = {**chain_of(length), **({name(length): [SKILL]} if length else {})}
    assert refused([name(1)] if length else [SKILL], graph) is Reason.BAD_LINEAGE


def test_a_cycle_is_found_beside_good_ancestors() -> None:
    graph = {name(1): [], name(2): [name(3)], name(3): [name(1), SKILL]}
    assert refused([name(1), name(2)], graph) is Reason.BAD_LINEAGE


def test_a_ring_among_ancestors_does_not_hold_the_walk_up() -> None:
    ring = {name(1): [name(2)], name(2): [name(3)], name(3): [name(1)], name(4): [name(4)]}
    held = Held(ring)
    found = ancestry(SKILL, [name(1), name(4)], held, 32, 64)
    assert set(found.resolved) == set(ring)
    assert len(held.asked) <= 2 * len(ring)


def test_a_diamond_is_walked_once() -> None:
    graph = {name(1): [name(3)], name(2): [name(3)], name(3): [name(4)], name(4): []}
    held = Held(graph)
    found = ancestry(SKILL, [name(1), name(2)], held, 32, 64)
    assert found == Ancestry(3, tuple(name(number) for number in (1, 2, 3, 4)), ())
    assert sorted(held.asked) == sorted(graph)


def layers(count: int, width: int) -> tuple[list[ContentId], Graph]:
    """`count` layers of `width` skills, each naming all of the next: width ** count ways up."""
    rows = [[name(f"{layer} {place}") for place in range(width)] for layer in range(count)]
    above = [*rows[1:], []]
    return rows[0], {one: above[number] for number, row in enumerate(rows) for one in row}


@pytest.mark.parametrize(("count", "width"), [(64, 2), (60, 32), (10, 32)])
def test_many_ways_to_few_ancestors_are_walked_once(count: int, width: int) -> None:
    lineage, graph = layers(count, width)
    held = Held(graph)
    found = ancestry(SKILL, lineage, held, 32, 64)
    assert (found.depth, len(found.resolved)) == (count, count * width)
    assert len(held.asked) == len(graph)


def tree(width: int) -> tuple[list[ContentId], Graph]:
    """Every skill names `width` others of its own, for three generations."""
    first = [name(f"{one}") for one in range(width)]
    graph = {one: [name(f"{one} {place}") for place in range(width)] for one in first}
    graph |= {
        two: [name(f"{two} {place}") for place in range(width)] for two in [i for row in graph.values() for i in row]
    }
    return first, graph


def test_more_ancestors_than_the_bound_are_refused() -> None:
    lineage, graph = tree(32)
    assert refused(lineage, graph) is Reason.BAD_LINEAGE


def test_work_on_an_ancestor_blow_up_is_bounded() -> None:
    lineage, graph = tree(32)
    held = Held(graph)
    reason(ancestry, SKILL, lineage, held, 32, 64)
    assert len(held.asked) <= MAX_ANCESTORS + 1


@pytest.mark.parametrize(("count", "taken"), [(MAX_ANCESTORS, True), (MAX_ANCESTORS + 1, False)])
def test_the_bound_counts_ancestors_held_and_not_held(count: int, taken: bool) -> None:
    graph = {name(1): [name(number) for number in range(2, count + 1)]}
    if taken:
        assert len(walk([name(1)], graph).unresolved) == count - 1
    else:
        assert refused([name(1)], graph) is Reason.BAD_LINEAGE


# ---- against the obvious version


def obvious(lineage: Sequence[ContentId], graph: Graph) -> tuple[set[ContentId], set[ContentId], bool]:
    """Ancestors held and not held, and whether a way leads back to SKILL: by recursion over ways."""
    resolved: set[ContentId] = set()
    unresolved: set[ContentId] = set()
    cycle = False

    def visit(one: ContentId) -> None:
        nonlocal cycle
        if one == SKILL:
            cycle = True
        elif one not in graph:
            unresolved.add(one)
        elif one not in resolved:
            resolved.add(one)
            for parent in graph[one]:
                visit(parent)

    for one in lineage:
        visit(one)
    return resolved, unresolved, cycle


def longest(lineage: Sequence[ContentId], graph: Graph) -> int:
    """Length of the longest chain of ancestors that are held."""
    return max((1 + longest(graph[one], graph) for one in lineage if one in graph), default=0)


SOME = [name(number) for number in range(8)]


@st.composite
def graphs(draw: st.DrawFn, acyclic: bool) -> tuple[list[ContentId], dict[ContentId, list[ContentId]]]:
    graph = {}
    for number in draw(st.sets(st.integers(0, 7))):
        others = SOME[number + 1 :] if acyclic else [*SOME, SKILL]
        graph[SOME[number]] = draw(st.lists(st.sampled_from(others), unique=True, max_size=4)) if others else []
    return draw(st.lists(st.sampled_from(SOME), unique=True, max_size=4)), graph


@given(graphs(acyclic=False))
def test_any_graph_is_walked_as_by_recursion(case: tuple[list[ContentId], Graph]) -> None:
    lineage, graph = case
    resolved, unresolved, cycle = obvious(lineage, graph)
    if cycle:
        assert refused(lineage, graph) is Reason.BAD_LINEAGE
        return
    held = Held(graph)
    found = ancestry(SKILL, lineage, held, 32, 64)
    assert (set(found.resolved), set(found.unresolved)) == (resolved, unresolved)
    assert len(found.resolved) == len(resolved)
    edges = len(lineage) + sum(len(parents) for parents in graph.values())
    assert len(held.asked) <= 2 * edges


@given(graphs(acyclic=True))
def test_depth_is_never_more_than_the_longest_chain(case: tuple[list[ContentId], Graph]) -> None:
    lineage, graph = case
    assert walk(lineage, graph).depth <= longest(lineage, graph)


SHORT_CUT = {name(1): [name(2)], name(2): []}


def test_depth_is_the_longest_chain_when_the_nearer_parent_is_named_first() -> None:
    assert walk([name(1), name(2)], SHORT_CUT).depth == 2


def test_depth_is_the_longest_chain_in_whatever_order_parents_are_named() -> None:
    assert walk([name(2), name(1)], SHORT_CUT).depth == 2


def test_a_chain_cannot_be_hidden_by_short_cuts() -> None:
    length = 200
    graph = {name(one): [name(up) for up in range(min(one + 32, length), one, -1)] for one in range(1, length + 1)}
    lineage = [name(up) for up in range(32, 0, -1)]
    assert refused(lineage, graph) is Reason.BAD_LINEAGE
