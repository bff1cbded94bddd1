"""What is to be solved when offers meet requests: a flow of units, and what each of them is worth.

    maximise   sum of worth[e] * x[e]  +  for each group the bonuses of the tranches that it gets

    where      x[e] between 0 and caps[e]; a request gets its demand at most, an offer gives its supply at most

A group is all that one party asks for. Its demand is cut into as many equal tranches as there are bonuses, and each
unit of a tranche that is met adds that tranche's bonus. Bonuses fall, so the first units of a party that has little add
more than the last ones of a party that has much: that is the fairness which is bought, at a price that is stated. As
they fall, all of it is a flow of least cost, and has an exact optimum in whole numbers (Ahuja, Magnanti and Orlin,
"Network Flows", 1993, section 14.4).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Problem:
    """Requests, offers, and edges between them; edges are in the order of their requests.

    Attributes:
        demands: units by request; at least 1.
        supplies: units by offer; at least 0.
        requests, offers: of each edge.
        worths: of one unit over each edge; at least 1.
        caps: units over each edge at most.
        groups: of each request; numbers from 0 without gaps.
        bonuses: of the tranches of a group, falling; empty where only worth counts.
    """

    demands: Sequence[int]
    supplies: Sequence[int]
    requests: Sequence[int]
    offers: Sequence[int]
    worths: Sequence[int]
    caps: Sequence[int]
    groups: Sequence[int] = ()
    bonuses: Sequence[int] = ()

    def validate(self) -> None:
        """Raises ValueError where the parts do not fit."""
        edges = {len(self.requests), len(self.offers), len(self.worths), len(self.caps)}
        if len(edges) != 1:
            raise ValueError("requests, offers, worths and caps must be as many")
        if any(later > sooner for sooner, later in zip(self.bonuses, self.bonuses[1:], strict=False)):
            raise ValueError("bonuses must fall")
        if len(self.bonuses) and len(self.groups) != len(self.demands):
            raise ValueError("groups must name one for each request")


class Solver(Protocol):
    """Solves a problem."""

    def __call__(self, problem: Problem) -> list[int]:
        """Returns the units over each edge."""
        ...


def tranches(demand: int, bonuses: Sequence[int]) -> list[tuple[int, int]]:
    """Returns the tranches of a group's demand as (units, bonus), the dearest first; together they are the demand."""
    if not len(bonuses):
        return [(demand, 0)]
    edges = [demand * number // len(bonuses) for number in range(len(bonuses) + 1)]
    return [(after - before, int(bonus)) for before, after, bonus in zip(edges, edges[1:], bonuses, strict=False)]


def group_demands(problem: Problem) -> list[int]:
    """Returns what each group asks for; each request is one where there are no groups."""
    if not len(problem.groups):
        return [int(one) for one in problem.demands]
    found = [0] * (max(problem.groups) + 1)
    for group, demand in zip(problem.groups, problem.demands, strict=True):
        found[group] += int(demand)
    return found


def welfare(problem: Problem, units: Sequence[int]) -> int:
    """Returns the sum of worth over all units, without bonuses."""
    return sum(int(worth) * int(amount) for worth, amount in zip(problem.worths, units, strict=True))


def shares(problem: Problem, units: Sequence[int]) -> list[tuple[int, int]]:
    """Returns for each group (units that it gets, units that it asked for)."""
    asked = group_demands(problem)
    got = [0] * len(asked)
    for request, amount in zip(problem.requests, units, strict=True):
        got[problem.groups[request] if len(problem.groups) else request] += int(amount)
    return list(zip(got, asked, strict=True))


def objective(problem: Problem, units: Sequence[int]) -> int:
    """Returns what is maximised: welfare and bonuses."""
    total = welfare(problem, units)
    for got, asked in shares(problem, units):
        before = 0
        for size, bonus in tranches(asked, problem.bonuses):
            total += bonus * max(0, min(size, got - before))
            before += size
    return total


def jain(found: Sequence[tuple[int, int]]) -> float:
    """Returns Jain's index of the shares got/asked: 1 where all are alike, 1/n where one has all.

    (sum of x)^2 / (n * sum of x^2): Jain, Chiu and Hawe, "A Quantitative Measure of Fairness", DEC-TR-301, 1984.
    """
    parts = [got / asked for got, asked in found if asked]
    squares = sum(one * one for one in parts)
    return sum(parts) ** 2 / (len(parts) * squares) if squares else 1.0
