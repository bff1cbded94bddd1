"""What a clearing gives is an optimum: the fast solver against the slow one, and the slow one against all there is."""

from __future__ import annotations

from itertools import product

from hypothesis import given, settings

from hansa.adapters.simplex import simplex
from hansa.market.exact import exact
from hansa.market.greedy import greedy, price_time
from hansa.market.problem import Problem, objective
from tests.market.problems import crowd, problems


def is_allowed(problem: Problem, units: list[int]) -> bool:
    """Says whether nobody gives, gets or carries more than there is."""
    for ends, most in ((problem.requests, problem.demands), (problem.offers, problem.supplies)):
        if any(sum(u for e, u in zip(ends, units, strict=True) if e == one) > have for one, have in enumerate(most)):
            return False
    return all(0 <= u <= cap for u, cap in zip(units, problem.caps, strict=True))


@given(problems(most=3))
@settings(max_examples=60)
def test_the_slow_solver_finds_the_best_of_all_ways(problem: Problem) -> None:
    few = Problem(
        [min(3, one) for one in problem.demands],
        [min(3, one) for one in problem.supplies],
        problem.requests[:5],
        problem.offers[:5],
        problem.worths[:5],
        [min(3, one) for one in problem.caps[:5]],
        problem.groups,
        problem.bonuses,
    )
    ways = product(*(range(cap + 1) for cap in few.caps))
    best = max(objective(few, list(units)) for units in ways if is_allowed(few, list(units)))
    units = exact(few)
    assert is_allowed(few, units)
    assert objective(few, units) == best


@given(problems())
@settings(max_examples=300)
def test_the_fast_solver_finds_what_the_slow_one_finds(problem: Problem) -> None:
    units = simplex(problem)
    assert is_allowed(problem, units)
    assert objective(problem, units) == objective(problem, exact(problem))


def test_the_fast_solver_finds_the_optimum_of_a_crowd() -> None:
    problem = crowd(60, 8, seed=5)
    assert objective(problem, simplex(problem)) == objective(problem, exact(problem))


@given(problems())
def test_quick_solutions_are_allowed_and_greedy_is_half_as_good_as_the_optimum(problem: Problem) -> None:
    plain = Problem(
        *(getattr(problem, name) for name in ("demands", "supplies", "requests", "offers", "worths", "caps"))
    )
    for quick in (greedy, price_time):
        assert is_allowed(plain, quick(plain))
        assert objective(plain, quick(plain)) <= objective(plain, exact(plain))
    assert 2 * objective(plain, greedy(plain)) >= objective(plain, exact(plain))
