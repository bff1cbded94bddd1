"""Solutions that are quick and not optimal: for problems too large for `exact` where no faster solver is installed.

`greedy` is at least half as good as the optimum in worth, for each unit that it takes keeps at most two others out.
`price_time` is what an order book does, and is here to be held against.
"""

from __future__ import annotations

from collections.abc import Iterable

from hansa.market.problem import Problem


def greedy(problem: Problem) -> list[int]:
    """Returns the units over each edge when the edge of most worth takes all it can, then the next one."""
    return _fill(problem, sorted(range(len(problem.worths)), key=lambda edge: -problem.worths[edge]))


def price_time(problem: Problem) -> list[int]:
    """Returns the units over each edge when requests are served as they came, each by its best offers first."""
    edges = range(len(problem.worths))
    return _fill(problem, sorted(edges, key=lambda edge: (problem.requests[edge], -problem.worths[edge])))


def _fill(problem: Problem, order: Iterable[int]) -> list[int]:
    wanted, free = [int(one) for one in problem.demands], [int(one) for one in problem.supplies]
    units = [0] * len(problem.worths)
    for edge in order:
        request, offer = problem.requests[edge], problem.offers[edge]
        units[edge] = taken = min(wanted[request], free[offer], int(problem.caps[edge]))
        wanted[request] -= taken
        free[offer] -= taken
    return units
