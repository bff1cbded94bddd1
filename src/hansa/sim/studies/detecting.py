"""When those who were linked with a dead node give it up: a model of `overlay.detector` for nodes that stop silently.

The numbers are the detector's own parameters, and how long a doubt lasts is `overlay.suspicion` itself. For a dead node:

1. each neighbour has some k links and probes the one of which it heard nothing for longest; as both ends of a link
   probe, its next probe of the dead node comes within k / 2 intervals, evenly
2. the first of them learns after a probe that it is silent (an interval at least), and says so to all
3. who hears that looks for itself; a doubt lasts as long as the helpers that tried in vain leave it
4. with the doubt over, the link is ended

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
    degrees = graph.degrees
    for place, one in enumerate(dead.tolist()):
        row = graph.peers[graph.starts[one] : graph.starts[one + 1]]
        near = row[alive[row]]
        if near.size:
            verdicts = _verdicts(degrees[near], chance.random(near.size), params)
            first[place], last[place] = min(verdicts), max(verdicts)
    return Detected(first, last)


def _verdicts(links: NDArray[np.int64], shares: NDArray[np.float64], params: detecting.Params) -> list[int]:
    """Returns when each neighbour gives it up; `shares` are places within the time until each one's next probe."""
    interval = params.interval_ms
    probes = [round(share * max(1, count) * interval / 2) for share, count in zip(shares, links.tolist(), strict=True)]
    silent = max(interval, params.soonest_ms + params.favour_ms + 2 * TRIP_MS) + TICK_MS
    said = min(probes) + silent + SPREAD_MS
    others = len(probes) - 1
    found = []
    for probe, count in zip(probes, links.tolist(), strict=True):
        doubts = min(probe + silent, said)
        confirmed = min(params.helpers, others, params.suspicion.confirmations)
        found.append(doubts + timeout_ms(params.suspicion, count, confirmed, interval) + TICK_MS)
    return found
