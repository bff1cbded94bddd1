"""Requests against offers, as many of each, 20 offers for each request: worth, fairness and time by way of matching.

Each request is a borrower of its own; demand is half as much again as supply, so that not all can have what they ask
for. *Worth* is by the optimum's, *Jain* is the index over the shares that borrowers get of what they ask for, *starved*
are those that get less than a tenth of it. Times are processor time, the best of several rounds in turn; OR-tools has
the same graph, and gets arrays.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np

from hansa.adapters.simplex import solve
from hansa.market.greedy import greedy, price_time
from hansa.market.policy import Params
from hansa.market.problem import Problem, jain, shares, welfare

SIZES = (1_000, 10_000)
EDGES = 20
ROUNDS = 3
LEAST_WORTH, LEAST_JAIN = 0.97, 0.86

Ways = dict[str, Callable[[], Any]]


def body() -> str:
    """Returns the tables, in Markdown; one line that says how to have them where something is not installed."""
    if not all(find_spec(name) for name in ("numba", "ortools")):
        return "Not measured: `pip install 'hansa[bench,market]'` brings numba and OR-tools."
    lines = ["| way | worth by the optimum | Jain | starved | seconds | by OR-tools |", "|---|--:|--:|--:|--:|--:|"]
    notes = []
    for size in SIZES:
        found = _measured(size)
        optimum, reference = found["exact"][0], found["OR-tools"]
        if reference[0] != optimum:
            raise RuntimeError(f"two optima: {optimum} and {reference[0]}")
        for name, (worth, fair, starved, seconds) in found.items():
            cells = (
                f"{worth / optimum:.4f} | {fair:.3f} | {starved:.1%} | {seconds:.3g} | {seconds / reference[3]:.2f}x"
            )
            lines.append(f"| {name}, {size:,} by {size:,} | {cells} |")
        worth, fair = found["ours"][0] / optimum, found["ours"][1]
        held = worth >= LEAST_WORTH and fair >= LEAST_JAIN
        notes.append(
            f"{size:,}: ours, worth at least {LEAST_WORTH} and Jain at least {LEAST_JAIN}: {_held(held)}; "
            f"exact at most OR-tools' time: {_held(found['exact'][3] <= reference[3])}."
        )
    return "\n".join([*lines, "", *notes])


def _held(held: bool) -> str:
    return "held" if held else "**not held**"


def _market(size: int) -> Problem:
    """Returns requests and offers as a clearing has them: worths between 200 and 1000, demand above supply."""
    chance = np.random.default_rng(size)
    offers = np.concatenate([np.sort(chance.choice(size, EDGES, replace=False)) for _ in range(size)])
    requests = np.repeat(np.arange(size), EDGES)
    urgency, trust = chance.integers(0, 301, size), chance.integers(0, 301, size)
    thrift = chance.integers(0, 201, size * EDGES)
    demands, supplies = chance.integers(1, 151, size), chance.integers(1, 101, size)
    worths = 200 + urgency[requests] + trust[offers] + thrift
    return Problem(demands, supplies, requests, offers, worths, np.full(size * EDGES, 150), np.arange(size))


def _measured(size: int) -> dict[str, tuple[int, float, float, float]]:
    """Returns for each way the worth, Jain's index, the share of the starved, and seconds."""
    plain = _market(size)
    fair = Problem(*(getattr(plain, name) for name in Problem.__slots__[:-1]), bonuses=Params().bonuses)
    ways: Ways = {
        "price and time": lambda: price_time(plain),
        "greedy": lambda: greedy(plain),
        "exact": lambda: solve(plain),
        "ours": lambda: solve(fair),
        "OR-tools": lambda: _of_ortools(plain),
    }
    for way in ways.values():
        way()  # warm
    best: dict[str, float] = {}
    units: dict[str, Any] = {}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            began = time.process_time()
            units[name] = way()
            best[name] = min(best.get(name, 1e9), time.process_time() - began)
    found = {}
    for name, got in units.items():
        parts = shares(plain, got)
        starved = sum(10 * had < asked for had, asked in parts) / len(parts)
        found[name] = (welfare(plain, got), jain(parts), starved, best[name])
    return found


def _of_ortools(problem: Problem) -> Any:
    from ortools.graph.python import min_cost_flow

    demands, supplies = np.asarray(problem.demands), np.asarray(problem.supplies)
    requests, offers = np.asarray(problem.requests), np.asarray(problem.offers)
    left, right = demands.size, supplies.size
    source, sink, total = left + right, left + right + 1, int(demands.sum())
    solver = min_cost_flow.SimpleMinCostFlow()
    add = solver.add_arcs_with_capacity_and_unit_cost
    edges = add(requests, left + offers, problem.caps, -np.asarray(problem.worths))
    add(np.full(left, source), np.arange(left), demands, np.zeros(left, np.int64))
    add(left + np.arange(right), np.full(right, sink), supplies, np.zeros(right, np.int64))
    add(np.array([source]), np.array([sink]), np.array([total]), np.array([0]))
    solver.set_nodes_supplies(np.array([source, sink]), np.array([total, -total]))
    if solver.solve() != solver.OPTIMAL:
        raise RuntimeError("OR-tools found no optimum")
    return solver.flows(edges)
