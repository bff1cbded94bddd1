"""Healing node by node, as its rules say it: what the model in arrays is held against, link by link."""

from __future__ import annotations

import numpy as np

from hansa.sim.models.graph import Graph, Mask, Nodes
from hansa.sim.models.healing import Healing


def heal_slowly(
    graph: Graph, alive: Mask, known: Nodes, params: Healing, chance: np.random.Generator
) -> tuple[list[tuple[int, int]], int, int]:
    """Returns the new links in the order in which they are made, how many calls were made, and in how many rounds.

    One number is drawn for each call, in the order of the calls; all that a caller heard of is its table, then the
    rows of its neighbours.
    """
    rows = [graph.peers[graph.starts[one] : graph.starts[one + 1]].tolist() for one in range(graph.nodes)]
    links = [{other for other in row if alive[other]} for row in rows]
    waiting = [one for one in range(graph.nodes) if alive[one] and len(links[one]) < params.low]
    made: list[tuple[int, int]] = []
    calls = rounds = 0
    while waiting and rounds < params.rounds:
        rounds += 1
        round_of = []
        for one in waiting:
            heard = known[one].tolist() + [far for near in rows[one] for far in rows[near]]
            for _ in range(params.target - len(links[one]) if heard else 0):
                round_of.append((one, heard[int(chance.random() * len(heard))]))
        calls += len(round_of)
        for one, other in round_of:
            refused = not alive[other] or len(links[other]) >= params.high or len(links[one]) >= params.target
            if not refused and other != one and other not in rows[one] and other not in links[one]:
                made.append((one, other))
                links[one].add(other)
                links[other].add(one)
        waiting = [one for one in waiting if len(links[one]) < params.target]
    return made, calls, rounds
