"""A failure: who dies, when others give them up, what links are made instead: by the node's policies or their models.

Dead nodes are off everybody's map, and off the market, when the last of their neighbours gave them up and said so. The
living that lost too many links have new ones, by `models.healing`, once the last of all dead nodes was given up and the
rounds of dialling that it takes have passed. Until then nothing is healed: that is slower than what nodes do, each of
which dials when it misses links.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hansa.kernel.instant import SECOND
from hansa.kernel.rng import Rng
from hansa.overlay import link_params, routes
from hansa.overlay.link_params import Policy
from hansa.sim.models.bounded import Bounds
from hansa.sim.models.chance import generator
from hansa.sim.models.graph import Graph, Mask, Nodes, Positions
from hansa.sim.models.healing import Healing, heal, tables
from hansa.sim.studies.detecting import SPREAD_MS, Detected, detected
from hansa.sim.studies.ways import Way

TABLE = 16
"""Addresses that each node knows beside its neighbours' neighbours."""


@dataclass(frozen=True, slots=True)
class Failure:
    """What happens to a network.

    Attributes:
        at: second in which nodes die.
        alive: who lives from then on.
        dead: who does not.
        found: when neighbours gave them up.
        healed: the links afterwards; healed_at: from which second on.
        links: new links; short: living nodes that still have too few.
        gone_at: second from which on each node is off the maps; far away for the living; shape (nodes,).
        known: the seconds in which somebody is taken off.
    """

    at: int
    alive: Mask
    dead: Nodes
    found: Detected
    healed: Graph
    healed_at: int
    links: int
    short: int
    gone_at: Positions
    first_at: Positions
    known: frozenset[int]

    def off_the_maps(self, now: int) -> Mask:
        """Returns who is known to be dead by all."""
        off: Mask = self.gone_at <= now
        return off

    def notice_s(self, way: Way, now: int) -> int:
        """Returns after how many seconds a sender knows that a way with a dead node on it does not do.

        A relay that gave the next one up says `Stuck` at once; else the sender waits for an answer, as long as
        `overlay.routes` does.
        """
        for one in way.nodes:
            if not self.alive[one]:
                if self.first_at[one] <= now:
                    return 1
                break
        return -(-(routes.Params().answer_ms + 2 * way.latency_ms) // SECOND)


def failure(graph: Graph, policy: Policy, share: float, at: int, rng: Rng) -> Failure:
    """Returns what happens when some nodes, drawn evenly, stop all at once.

    Args:
        graph: the links before.
        policy: by which they were chosen, and new ones are.
        share: of all nodes that die; at least one of them where it is above 0.
        at: second.
        rng: a stream of its own.
    """
    count = max(1, round(share * graph.nodes)) if share else 0
    chance = generator(rng.child("dead"))
    dead = np.sort(chance.choice(graph.nodes, count, replace=False)).astype(np.int32)
    alive = np.ones(graph.nodes, np.bool_)
    alive[dead] = False
    found = detected(graph, dead, alive, generator(rng.child("detected")))
    known = tables(graph.nodes, TABLE, rng.child("tables"))
    healed = heal(graph, alive, known, healing_of(policy, graph.nodes), rng.child("healing"))
    far = np.iinfo(np.int64).max
    gone_at, first_at = np.full(graph.nodes, far), np.full(graph.nodes, far)
    gone_at[dead] = at + _seconds(found.last + SPREAD_MS)
    first_at[dead] = at + _seconds(found.first)
    last = int(found.last.max()) if count else 0
    rounds = healed.rounds * link_params.Params().every_ms
    return Failure(
        at=at,
        alive=alive,
        dead=dead,
        found=found,
        healed=healed.graph(graph, alive),
        healed_at=at + int(_seconds(np.array([last + rounds]))[0]),
        links=healed.makers.size,
        short=healed.short,
        gone_at=gone_at,
        first_at=first_at,
        known=frozenset(gone_at[dead].tolist()),
    )


def healing_of(policy: Policy, nodes: int) -> Healing:
    """Returns when a node dials after a loss, and up to what, under a policy."""
    if policy is Policy.BOUNDED:
        bounds = Bounds()
        return Healing(bounds.low, bounds.target, bounds.high)
    attach = link_params.Params().attach
    return Healing(attach, attach, nodes)


def _seconds(milliseconds: Positions) -> Positions:
    """Returns whole seconds, rounded up."""
    return -(-milliseconds // SECOND)
