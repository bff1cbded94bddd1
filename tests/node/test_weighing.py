"""However much is said in a market, a node weighs so much of it."""

from __future__ import annotations

from hansa.market.exact import exact
from hansa.market.greedy import greedy
from hansa.market.problem import Problem
from hansa.node.weighing import MOST, MOST_EXACT, offers_weighed, requests_weighed, solved
from tests.market.things import a_request, an_offer, node

ME = node("me")


def test_so_many_offers_are_weighed_those_of_known_lenders_first() -> None:
    cheap = [an_offer(str(number), price=number) for number in range(1_000)]
    known = an_offer("known", price=5_000, lender="known")
    found = offers_weighed([*cheap, known], ME, lambda whom: whom == node("known"))
    assert found == [known, *cheap[: MOST - 1]]
    assert offers_weighed(cheap[:MOST], ME, lambda _: False) == cheap[:MOST]


def test_of_offers_that_are_alike_each_node_begins_elsewhere() -> None:
    alike = [an_offer(str(number)) for number in range(1_000)]
    seen = [[one.id for one in offers_weighed(alike, node(name), lambda _: False)] for name in "abcd"]
    assert seen[0] == [one.id for one in offers_weighed(alike[::-1], node("a"), lambda _: False)]
    assert len({one for ids in seen for one in ids}) > 2 * MOST


def test_so_many_requests_are_weighed_and_the_own_ones_among_them() -> None:
    others = [a_request(str(number), most=number) for number in range(1_000)]
    own = [a_request("own", most=0)]
    found = requests_weighed(others, own, lambda _: False)
    assert len(found) == MOST and found[-1] == own[0]
    assert [one.most for one in found[:3]] == [999, 998, 997]


def problem(edges: int) -> Problem:
    """Returns one in which the greatest edge keeps two others out."""
    return Problem(
        demands=[1, 1] + [1] * (edges - 3),
        supplies=[1, 1] + [1] * (edges - 3),
        requests=[0, 0, 1, *range(2, edges - 1)],
        offers=[0, 1, 0, *range(2, edges - 1)],
        worths=[900, 800, 800] + [1] * (edges - 3),
        caps=[1] * edges,
        groups=(),
        bonuses=(),
    )


def test_the_optimum_of_a_large_problem_is_not_looked_for() -> None:
    small, large = problem(10), problem(MOST_EXACT + 1)
    assert solved(small) == exact(small) != greedy(small)
    assert solved(large) == greedy(large)
