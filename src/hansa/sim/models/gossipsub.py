"""Gossipsub beside it, for comparison: a mesh of D links that carries every word, and names to some others (libp2p).

Vyzovitis, Napora, McCormick, Dias, Psaras, "GossipSub: attack-resilient message propagation in the Filecoin and ETH2.0
networks", 2020, and the v1.1 specification: D = 6, IHAVE to 6 neighbours outside the mesh at each of three heartbeats
of a second, IWANT at once. Left out: scores, flood publishing, fan-out, and the upkeep of the mesh, which stands.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from hansa.kernel.rng import Rng
from hansa.sim.models.calendar import Calendar, Numbers
from hansa.sim.models.chance import below, generator
from hansa.sim.models.graph import Mask, Positions, ranks
from hansa.sim.models.travel import GRAIN, Net, Spread


@dataclass(frozen=True, slots=True)
class Mesh:
    """The protocol's numbers.

    Attributes:
        degree: D, links of the mesh that a node wants.
        degree_high: links of the mesh that it has at most.
        lazy: neighbours outside the mesh that are told of words at a heartbeat.
        heartbeat: milliseconds between two.
        history: heartbeats for which a word is named.
    """

    degree: int = 6
    degree_high: int = 12
    lazy: int = 6
    heartbeat: int = 1_000
    history: int = 3

    def validate(self) -> None:
        """Raises ValueError beginning with the name of the field that makes no sense."""
        for one in fields(self):
            if getattr(self, one.name) < 1:
                raise ValueError(f"{one.name} must be at least 1")
        if self.degree_high < self.degree:
            raise ValueError("degree_high must not be below degree")
        if self.heartbeat % GRAIN:
            raise ValueError(f"heartbeat must be a multiple of {GRAIN}")


class Gossipsub:
    """A network in which one word after the other is spread."""

    def __init__(self, net: Net, params: Mesh, rng: Rng) -> None:
        """Makes the mesh.

        Raises:
            ValueError: a parameter makes no sense.
        """
        params.validate()
        self.net, self._params, self._chance = net, params, generator(rng)
        self._owners = net.graph.owners()
        self._phase = GRAIN * below(self._chance, params.heartbeat // GRAIN, net.graph.nodes)
        self.mesh = np.zeros(self._owners.size, np.bool_)
        for most in (params.degree, params.degree_high):
            for _ in range(4 * params.degree):
                self._graft(most)

    def _graft(self, most: int) -> None:
        """Each node that wants a link proposes one, to a neighbour with fewer than `most`; one of each is taken."""
        degrees = np.bincount(self._owners[self.mesh], minlength=self.net.graph.nodes)
        peers = self.net.graph.peers
        open_ = ~self.mesh & (degrees[self._owners] < self._params.degree) & (degrees[peers] < most)
        proposed = self._one_of_each(np.flatnonzero(open_), self._owners)
        taken = self._one_of_each(proposed, peers)
        mutual = self.net.mirrors[taken]
        clash = np.isin(self._owners[taken], peers[taken])
        taken, mutual = taken[~clash], mutual[~clash]
        self.mesh[taken] = self.mesh[mutual] = True

    def _one_of_each(self, positions: Positions, groups: NDArray[np.integer]) -> Positions:
        order = np.lexsort((self._chance.random(positions.size), groups[positions]))
        positions = positions[order]
        one: Positions = positions[ranks(groups[positions]) == 0]
        return one

    def spread(self, source: int) -> Spread:
        """Returns what becomes of a word of one node."""
        nodes = self.net.graph.nodes
        self._calendar = Calendar()
        self._got, self._hops = np.full(nodes, -1), np.full(nodes, -1)
        self._copies = self._sent = self._named = self._asked_for = 0
        self._asks = np.zeros(nodes, np.int64)
        self._got[source] = self._hops[source] = 0
        self._pass_on(np.array([source]), self._none(), 0)
        for now, due in self._calendar.run():
            for kind in ("word", "have", "want", "beat"):
                if kind in due:
                    getattr(self, "_" + kind)(now, *due[kind])
        return Spread(source, self._got, self._hops, self._copies, self._sent, self._named, self._asked_for)

    @staticmethod
    def _none() -> Positions:
        return np.empty(0, np.int64)

    def _send(self, kind: str, now: int, positions: Positions, *columns: Numbers) -> None:
        come = self.net.arrives(positions, self._chance)
        times = (now + self.net.latency[positions])[come]
        self._calendar.put(kind, times, self.net.mirrors[positions[come]], *(column[come] for column in columns))

    def _word(self, now: int, at: Positions, hops: Numbers) -> None:
        self._copies += at.size
        owners = self._owners[at]
        fresh = np.flatnonzero(self._got[owners] < 0)
        fresh = fresh[np.unique(owners[fresh], return_index=True)[1]]
        whom = owners[fresh]
        self._got[whom], self._hops[whom] = now, hops[fresh]
        self._pass_on(whom, at[fresh], now)

    def _pass_on(self, whom: NDArray[np.integer], came_by: Positions, now: int) -> None:
        rows = self.net.graph.rows(whom.astype(np.int32))
        rows = rows[self.mesh[rows]]
        rows = rows[~np.isin(rows, came_by)]
        self._sent += rows.size
        self._send("word", now, rows, self._hops[self._owners[rows]] + 1)
        beat = self._params.heartbeat
        first = self._phase[whom] + -((self._phase[whom] - now - 1) // beat) * beat
        for number in range(self._params.history):
            self._calendar.put("beat", first + number * beat, whom.astype(np.int64))

    def _beat(self, now: int, nodes: Numbers) -> None:
        rows = self.net.graph.rows(nodes.astype(np.int32))
        rows = rows[~self.mesh[rows]]
        rows = rows[np.lexsort((self._chance.random(rows.size), self._owners[rows]))]
        rows = rows[ranks(self._owners[rows].astype(np.int64)) < self._params.lazy]
        self._named += rows.size
        self._send("have", now, rows)

    def _have(self, now: int, at: Positions) -> None:
        at = at[self._missing(at, now)]
        at = at[np.unique(self._owners[at], return_index=True)[1]]
        self._asks[self._owners[at]] = now + self._params.heartbeat
        self._asked_for += at.size
        self._send("want", now, at)

    def _missing(self, at: Positions, now: int) -> Mask:
        """Says who lacks the word and did not ask for it within a heartbeat."""
        owners = self._owners[at]
        missing: Mask = (self._got[owners] < 0) & (self._asks[owners] <= now)
        return missing

    def _want(self, now: int, at: Positions) -> None:
        self._sent += at.size
        self._send("word", now, at, self._hops[self._owners[at]] + 1)
