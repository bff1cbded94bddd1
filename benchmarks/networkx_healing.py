"""The rules of `hansa.sim.models.healing` over a networkx graph, node by node: what the model is held against.

It is written as one would write it: a node's candidates are gathered, and picked from. `lazily` is the same pick
without the gathering: a neighbour by its number of neighbours, then one of those.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from hansa.sim.models.graph import Graph
from hansa.sim.models.healing import Healing


def as_networkx(graph: Graph) -> Any:
    """Returns the same graph in networkx."""
    import networkx

    made = networkx.Graph()
    made.add_nodes_from(range(graph.nodes))
    makers, takers = graph.links_made()
    made.add_edges_from(zip(makers.tolist(), takers.tolist(), strict=True))
    return made


def heal(
    graph: Any, dead: Iterable[int], known: Sequence[Sequence[int]], params: Healing, seed: int, lazily: bool = False
) -> list[tuple[int, int]]:
    """Takes the dead out of a networkx graph and adds the links that the living make; returns those."""
    chance = random.Random(seed)
    gone = dict.fromkeys(dead)
    lost = Counter(near for one in gone for near in graph[one])
    living = {one: graph.degree(one) - lost[one] for one in graph if one not in gone}
    short = [one for one in living if living[one] < params.low]
    new: dict[int, dict[int, None]] = {}
    for _ in range(params.rounds):
        for one in short:
            pick = _lazily if lazily else _gathered
            for other in pick(graph, one, known[one], params.target - living[one], chance):
                if other in gone or other == one or living[other] >= params.high:
                    continue
                if other not in graph[one] and other not in new.get(one, {}) and one not in new.get(other, {}):
                    new.setdefault(one, {})[other] = None
                    living[one] += 1
                    living[other] += 1
        short = [one for one in short if living[one] < params.target]
        if not short:
            break
    graph.remove_nodes_from(gone)
    made = [(one, other) for one, others in new.items() for other in others]
    graph.add_edges_from(made)
    return made


def _gathered(graph: Any, one: int, known: Sequence[int], count: int, chance: random.Random) -> list[int]:
    candidates = [far for near in graph[one] for far in graph[near]]
    candidates += known
    return chance.choices(candidates, k=max(0, count))


def _lazily(graph: Any, one: int, known: Sequence[int], count: int, chance: random.Random) -> list[int]:
    near = list(graph[one])
    weights = [graph.degree(other) for other in near]
    ways = chance.choices([*near, None], [*weights, len(known)], k=max(0, count))
    return [chance.choice(known if way is None else list(graph[way])) for way in ways]
