"""When those who were linked with a dead node give it up: a model of `overlay.detector` for nodes that stop silently.

The numbers are the detector's own parameters, and how long a doubt lasts is `overlay.suspicion` itself. Of a dead node:

1. each neighbour has some k links and probes the one of which it heard nothing for longest; as both ends of a link
   probe, its next probe of the dead node comes within k / 2 intervals, evenly
2. a probe is in vain when all helpers were: those are neighbours of the prober's, which first have to dial
3. the first whose probe was in vain says so to all, and doubts with as many confirmations as it had helpers
4. who hears that before its own probe has failed looks for itself, from then on, with one helper at a time
5. a helper that is dead itself confirms nothing; another one is asked with the next probe
6. with the doubt over, the link is ended

Left out: nodes that are slow and not dead, lost frames, and the awareness of a node that doubts itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hansa.overlay import detecting
from hansa.overlay.suspicion import timeout_ms
from hansa.sim.models.graph import Graph, Mask, Nodes

SPREAD_MS = 500
"""How long a word takes to those whom it concerns, about: gossip over some hops of 10 to 100 ms."""

TRIP_MS = 100
"""There and back over a link, about."""

TICK_MS = 100
"""How often a node looks whether something is due."""


@dataclass(frozen=True, slots=True)
class Detected:
    """When dead nodes were given up, in ms after they died, by place among the dead.

    Attributes:
        first, last: by the first and by the last of its living neighbours; 0 where it has none.
    """

    first: NDArray[np.int64]
    last: NDArray[np.int64]


def detected(
    graph: Graph, dead: Nodes, alive: Mask, chance: np.random.Generator, params: detecting.Params | None = None
) -> Detected:
    """Returns when each dead node is given up by those that were linked with it.

    Args:
        graph: the links before.
        dead: who died, all at once.
        alive: who lives; shape (nodes,).
        chance: when who is probed.
        params: of the detector.
    """
    params = params or detecting.Params()
    first, last = np.zeros(dead.size, np.int64), np.zeros(dead.size, np.int64)
    degrees, answers = graph.degrees, float(alive.mean())
    for place, one in enumerate(dead.tolist()):
        row = graph.peers[graph.starts[one] : graph.starts[one + 1]]
        near = row[alive[row]]
        if near.size:
            verdicts = _verdicts(degrees[near].tolist(), answers, chance, params)
            first[place], last[place] = min(verdicts), max(verdicts)
    return Detected(first, last)


def _verdicts(links: list[int], answers: float, chance: np.random.Generator, params: detecting.Params) -> list[int]:
    """Returns when each neighbour gives it up.

    Args:
        links: of each neighbour.
        answers: probability that a helper is alive.
        chance: when each probes it next, and which helpers are alive.
        params: of the detector.
    """
    interval, lasts = params.interval_ms, params.suspicion
    silent = max(interval, params.soonest_ms + params.favour_dial_ms + 2 * TRIP_MS) + 2 * TICK_MS  # 2
    probes = [round(float(chance.random()) * count * interval / 2) for count in links]  # 1
    heard = min(probes) + silent + SPREAD_MS
    confirmed = min(params.helpers, len(links) - 1, lasts.confirmations)
    found = []
    for probe, count in zip(probes, links, strict=True):
        alone = probe + silent <= heard
        missing = int(chance.binomial(confirmed, 1 - answers)) if alone else confirmed
        rounds = missing + int(chance.negative_binomial(missing, answers)) if missing else 0  # 5
        doubts = max(timeout_ms(lasts, count, confirmed, interval), rounds * silent)
        longest = timeout_ms(lasts, count, 0, interval)
        found.append((probe + silent if alone else heard) + min(doubts, longest) + TICK_MS)  # 3, 4, 6
    return found
