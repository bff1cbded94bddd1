"""How word travels: pushed along a tree, named on every other link, asked for where it is missing (M9).

The rules of `overlay.gossip` for one word at a time, over many nodes at once (Plumtree: Leitão, Pereira, Rodrigues,
"Epidemic Broadcast Trees", SRDS 2007). The state that lasts from word to word is kept for each position: whether its
owner pushes to its peer, until when it takes no graft from it, and until when it may not graft. Rules, in order:

1. the first `eager` links of each node begin in the tree
2. a first copy is pushed on all links in the tree but to who has it already, and named on all others with the next tick
3. a copy that is not the first, and was not asked for, takes its link out of the tree, if the first came by the tree
4. a name starts a wait; after it the best holder is asked, and grafted; then more, each time twice as many
5. who was asked and did not deliver in time leaves the tree
6. a graft is taken while there is room, and never within the back-off; who refuses answers with a prune

Left out: quotas, scores beyond the count of first deliveries, verdicts, topics; and that words cross each other.
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

WIDEST = 8
"""Neighbours that are asked at once, when fewer did not do."""


@dataclass(frozen=True, slots=True)
class Tree:
    """The numbers of gossip that the model has, with its meanings; times in milliseconds.

    Attributes:
        eager: links that begin in the tree. Raising it makes the first word dearer, and the tree flatter.
        eager_max: links in the tree at most. Raising it lets a node feed more others.
        eager_dialled: of those, how many only links may have that the node made itself.
        max_hops: links after which a word is only named.
        wait_first, wait_least, wait_most: how long a named word may take before it is asked for: at first, least, most.
        patience: how long an asked neighbour may take.
        wish_life: how long a word is asked for at all.
        repeat_prune, back_off: how long one may not graft that was pruned for a duplicate, for want of room.
        tick: time between looks; names and questions go out with one.
        shortcut: a word that comes by the tree so long after its first name grafts who named it; 0 for never. Lowering
            it keeps the tree flat, and costs a duplicate for each graft.
    """

    eager: int = 10
    eager_max: int = 16
    eager_dialled: int = 6
    max_hops: int = 32
    wait_first: int = 500
    wait_least: int = 200
    wait_most: int = 2_000
    patience: int = 1_000
    wish_life: int = 60_000
    repeat_prune: int = 1_000
    back_off: int = 60_000
    tick: int = 100
    shortcut: int = 0

    def validate(self) -> None:
        """Raises ValueError beginning with the name of the field that makes no sense."""
        if self.shortcut < 0:
            raise ValueError("shortcut must not be negative")
        for one in fields(self):
            if one.name != "shortcut" and getattr(self, one.name) < 1:
                raise ValueError(f"{one.name} must be at least 1")
        if not self.eager <= self.eager_max:
            raise ValueError("eager must not be above eager_max")
        if not self.eager_dialled < self.eager_max:
            raise ValueError("eager_dialled must leave room for others below eager_max")
        if not self.wait_least <= self.wait_first <= self.wait_most:
            raise ValueError("wait_first must be between wait_least and wait_most")
        if self.tick % GRAIN:
            raise ValueError(f"tick must be a multiple of {GRAIN}")


class Spreading:
    """A network in which one word after the other is spread."""

    def __init__(self, net: Net, params: Tree, rng: Rng) -> None:
        """Begins with the tree that rule 1 gives.

        Raises:
            ValueError: a parameter makes no sense.
        """
        params.validate()
        self.net, self._params, self._chance = net, params, generator(rng)
        graph, nodes = net.graph, net.graph.nodes
        self._owners = graph.owners()
        place = np.arange(graph.peers.size) - graph.starts[self._owners]
        self._dialled = place < graph.made[self._owners]
        self.eager = place < params.eager  # 1
        self._refused = np.zeros(place.size, np.int64)
        self._waits = np.zeros(place.size, np.int64)
        self._credit = np.zeros(place.size, np.int16)
        self._phase = GRAIN * below(self._chance, params.tick // GRAIN, nodes)
        self._mean = np.full(nodes, params.wait_first * 8 // 3)
        self._off = np.full(nodes, params.wait_first * 4 // 6)
        self._next_graft = np.zeros(nodes, np.int64)
        self._now = 0

    def spread(self, source: int, pause: int = 1_000) -> Spread:
        """Returns what becomes of a word of one node; the next one begins `pause` milliseconds after all is still."""
        self._begin()
        began = self._now
        self._got[source] = began
        self._hops[source] = 0
        self._tree[source] = False
        self._pass_on(np.array([source]), began)
        for now, due in self._calendar.run():
            self._now = now
            for kind in ("word", "prune", "graft", "have", "want", "look"):
                if kind in due:
                    getattr(self, "_" + kind)(now, *due[kind])
        self._now += pause
        took = np.where(self._got >= 0, self._got - began, -1)
        return Spread(source, took, self._hops, self._copies, self._sent, self._named, self._asked_for)

    def _begin(self) -> None:
        nodes, places = self.net.graph.nodes, self._owners.size
        self._calendar = Calendar()
        self._got = np.full(nodes, -1)
        self._hops = np.full(nodes, -1)
        self._tree = np.zeros(nodes, np.bool_)
        self._since, self._namer = np.full(nodes, -1), np.full(nodes, -1)
        self._rounds = np.zeros(nodes, np.int64)
        self._was_asked = np.zeros(nodes, np.bool_)
        self._said = np.zeros(places, np.bool_)
        self._asked = np.zeros(places, np.bool_)
        self._answered = np.zeros(places, np.bool_)
        self._open = np.zeros(places, np.bool_)
        self._copies = self._sent = self._named = self._asked_for = 0

    # ---- frames

    def _send(self, kind: str, at: Numbers | int, positions: Positions, *columns: Numbers) -> None:
        """Sends a frame from each position; it is due at its mirror, unless it is lost."""
        net = self.net
        come = net.arrives(positions, self._chance)
        times = (at + net.latency[positions])[come]
        self._calendar.put(kind, times, net.mirrors[positions[come]], *(column[come] for column in columns))

    def _word(self, now: int, at: Positions, hops: Numbers) -> None:
        self._copies += at.size
        owners = self._owners[at]
        new = self._got[owners] < 0
        fresh = np.flatnonzero(new)
        fresh = fresh[np.unique(owners[fresh], return_index=True)[1]]
        first, whom = at[fresh], owners[fresh]
        self._got[whom], self._hops[whom] = now, hops[fresh]
        self._tree[whom] = self.eager[first]
        self._credit[first] = np.minimum(self._credit[first] + 1, 1_000)
        self._said[at] = True
        if self._params.shortcut:
            slow = (self._since[whom] >= 0) & self._tree[whom] & (now - self._since[whom] >= self._params.shortcut)
            self._graft_one(self._namer[whom[slow]], now)
        self._measure(whom, now)
        again = np.ones(at.size, np.bool_)
        again[fresh] = False
        again &= ~self._asked[at]
        again &= np.where(self.eager[at], self._tree[owners], (hops > 1) & (now >= self._refused[at]))
        self._prune_link(at[again], now, self._params.repeat_prune)  # 3
        self._pass_on(whom, now)

    def _pass_on(self, whom: NDArray[np.integer], now: int) -> None:  # 2
        positions = self.net.graph.rows(whom.astype(np.int32))
        owners = self._owners[positions]
        pushed = self.eager[positions] & (self._hops[owners] < self._params.max_hops) & ~self._said[positions]
        words, names = positions[pushed], positions[~pushed]
        self._sent += words.size
        self._named += names.size
        self._send("word", now, words, self._hops[self._owners[words]] + 1)
        self._send("have", self._tick(self._owners[names], now), names)

    def _have(self, now: int, at: Positions) -> None:  # 4
        self._said[at] = True
        owners, first = np.unique(self._owners[at].astype(np.int64), return_index=True)
        fresh = (self._got[owners] < 0) & (self._since[owners] < 0)
        new = owners[fresh]
        self._since[new], self._namer[new] = now, at[first[fresh]]
        wait = self._wait(new)
        self._look_again(new, now + wait + below(self._chance, wait, new.size))

    def _want(self, now: int, at: Positions) -> None:
        at = at[self._got[self._owners[at]] >= 0]
        at = at[~self._answered[at]]
        self._answered[at] = True
        self._sent += at.size
        self._send("word", now, at, self._hops[self._owners[at]] + 1)

    # ---- the tree

    def _prune_link(self, at: Positions, now: int, back_off: int) -> None:
        self.eager[at] = False
        self._refused[at] = now + back_off
        self._send("prune", now, at, np.full(at.size, back_off))

    def _prune(self, now: int, at: Positions, back_off: Numbers) -> None:
        self.eager[at] = False
        self._waits[at] = now + back_off

    def _graft(self, now: int, at: Positions) -> None:  # 6
        early = now < self._refused[at]
        self._send("prune", now, at[early], self._refused[at[early]] - now)
        at = at[~early & ~self.eager[at]]
        at = at[np.argsort(self._owners[at], kind="stable")]
        room = self._has_room(at)
        self.eager[at[room]] = True
        self._prune_link(at[~room], now, self._params.back_off)

    def _has_room(self, at: Positions) -> Mask:
        """Says which links may join the tree; their owners rise, and earlier ones of an owner take room first."""
        if not at.size:
            return np.zeros(0, np.bool_)
        graph, params = self.net.graph, self._params
        owners, which = np.unique(self._owners[at], return_inverse=True)
        rows = graph.rows(owners)
        starts = np.concatenate(([0], np.cumsum(graph.degrees[owners])))[:-1]
        inside = np.add.reduceat(self.eager[rows].astype(np.int64), starts)[which]
        called = np.add.reduceat((self.eager[rows] & ~self._dialled[rows]).astype(np.int64), starts)[which]
        before = ranks(which)
        others = params.eager_max - params.eager_dialled
        return (inside + before < params.eager_max) & (self._dialled[at] | (called + before < others))

    # ---- wishes

    def _tick(self, nodes: NDArray[np.integer], now: Numbers | int) -> Numbers:
        """Returns the first look of each node that is not before `now`."""
        tick, phase = self._params.tick, self._phase[nodes]
        due: Numbers = phase + -((phase - now) // tick) * tick
        return due

    def _look_again(self, nodes: Numbers, due: Numbers) -> None:
        self._calendar.put("look", self._tick(nodes, due), nodes)

    def _look(self, now: int, nodes: Numbers) -> None:  # 4
        nodes = np.sort(nodes[(self._got[nodes] < 0) & (self._since[nodes] + self._params.wish_life > now)])
        if not nodes.size:
            return
        graph, params = self.net.graph, self._params
        rows = graph.rows(nodes.astype(np.int32))
        late = rows[self._open[rows]]
        self._open[late] = False
        self._prune_link(late[self.eager[late]], now, params.repeat_prune)  # 5
        left = rows[self._said[rows] & ~self._asked[rows]]
        owners = self._owners[left]
        best = np.lexsort((np.arange(left.size), -self._credit[left], owners))
        order = np.lexsort((np.where(ranks(owners) == 0, -1.0, self._chance.random(left.size)), owners[best]))
        left, owners = left[best][order], owners[best][order]
        many = np.minimum(WIDEST, 1 << np.minimum(self._rounds[owners], 4))
        asked = left[ranks(owners) < many]
        whom = np.unique(self._owners[asked])
        none = np.setdiff1d(nodes, whom, assume_unique=True)
        empty = graph.rows(none.astype(np.int32))
        self._asked[empty] = False
        self._asked[asked] = self._open[asked] = True
        self._was_asked[whom] = True
        self._asked_for += asked.size
        self._send("want", now, asked)
        self._graft_one(asked, now)
        pause = np.full(self._got.size, params.patience)
        pause[none] *= np.minimum(8, 1 + self._rounds[none])
        self._rounds[nodes] += 1
        self._look_again(nodes, now + pause[nodes])

    def _graft_one(self, asked: Positions, now: int) -> None:
        """Takes one of those who are asked into the tree, for each owner that did not lately."""
        may = ~self.eager[asked] & (now >= self._waits[asked]) & (now >= self._next_graft[self._owners[asked]])
        asked = asked[may]
        asked = asked[self._has_room(asked)]
        asked = asked[np.unique(self._owners[asked], return_index=True)[1]]
        owners = self._owners[asked]
        self.eager[asked] = True
        self._next_graft[owners] = now + self._wait(owners)
        self._send("graft", now, asked)

    # ---- how long the tree takes (RFC 6298, as the node's own)

    def _wait(self, nodes: NDArray[np.integer]) -> Numbers:
        params = self._params
        wait: Numbers = np.clip(self._mean[nodes] // 8 + self._off[nodes], params.wait_least, params.wait_most)
        return wait

    def _measure(self, nodes: NDArray[np.integer], now: int) -> None:
        nodes = nodes[(self._since[nodes] >= 0) & ~self._was_asked[nodes]]
        took = now - self._since[nodes]
        off = np.abs(took - self._mean[nodes] // 8)
        self._off[nodes] += off - self._off[nodes] // 4
        self._mean[nodes] += took - self._mean[nodes] // 8
