"""How word travels: pushed down a tree of its author, named on every other link, asked for where it is missing (M9).

The rules of `overlay.gossip` for one word at a time, over many nodes at once (Plumtree: Leitão, Pereira, Rodrigues,
"Epidemic Broadcast Trees", SRDS 2007, with a tree for each author). What lasts from word to word is kept for each
position: whether its owner pushes an author's words to its peer. Rules, in order:

1. the first `eager` links of each node are its mesh
2. an author's first word begins its tree at each node: at the author all of its mesh, elsewhere `fanout` of it
3. a first copy is pushed down the tree but to who has it, and named on all other links but its own, with the next tick
4. who was pushed a word and names it had it sooner: it leaves the tree; a copy that is not the first is answered so
5. a name starts a wait; after it the best holder is asked, then more, each time twice as many
6. who asks joins the tree; who was pushed `unproved` words and said nothing leaves it
7. who sees gaps in what its neighbours say takes it that frames are lost: it asks with the next tick once `namers` have
   named the word, and asks twice as many
8. what is still missing neighbours find by comparing what they hold (`comparing`)

Left out: quotas, scores beyond the count of first deliveries, verdicts, topics, the upkeep of the mesh; and that words
cross each other. Gaps are counted as soon as all is still, not after the while that the node gives its neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from hansa.kernel.rng import Rng
from hansa.sim.models.calendar import Calendar, Numbers
from hansa.sim.models.chance import below, generator
from hansa.sim.models.comparing import KINDS, Comparing, Pace
from hansa.sim.models.graph import Mask, Positions, ranks
from hansa.sim.models.travel import GRAIN, Net, Spread

WIDEST = 8
"""Neighbours that are asked at once, when fewer did not do."""

AUDITED = 24
"""Words of a neighbour's that are looked at for gaps, the last ones."""


@dataclass(frozen=True, slots=True)
class Tree:
    """The numbers of gossip that the model has, with its meanings; times in milliseconds.

    Attributes:
        eager: links of the mesh.
        fanout: of those, who is pushed an author's first word. Raising it makes that dearer, and the tree flatter.
        max_hops: links after which a word is only named.
        wait_first, wait_least, wait_most: how long a named word may take before it is asked for: at first, least, most.
        patience: how long an asked neighbour may take.
        lossy: thousandths of what neighbours should have said that are missing, from which on frames are taken as lost.
        lossy_least: words that they should have said, all together, before that is concluded.
        namers: neighbours that have named a word, from which on it is asked for at once where frames are lost.
        wish_life: how long a word is asked for at all.
        unproved: words that are pushed to a neighbour that says nothing in turn.
        tick: time between looks; names and questions go out with one.
    """

    eager: int = 8
    fanout: int = 4
    max_hops: int = 32
    wait_first: int = 300
    wait_least: int = 100
    wait_most: int = 2_000
    patience: int = 1_000
    lossy: int = 30
    lossy_least: int = 24
    namers: int = 2
    wish_life: int = 60_000
    unproved: int = 16
    tick: int = 100

    def validate(self) -> None:
        """Raises ValueError beginning with the name of the field that makes no sense."""
        for one in fields(self):
            if getattr(self, one.name) < 1:
                raise ValueError(f"{one.name} must be at least 1")
        if not self.fanout <= self.eager:
            raise ValueError("fanout must not be above eager")
        if not self.wait_least <= self.wait_first <= self.wait_most:
            raise ValueError("wait_first must be between wait_least and wait_most")
        if self.tick % GRAIN:
            raise ValueError(f"tick must be a multiple of {GRAIN}")


class Spreading:
    """A network in which one word after the other is spread; `net` may be changed between them."""

    def __init__(self, net: Net, params: Tree, rng: Rng, pace: Pace | None = Pace()) -> None:  # noqa: B008 - frozen
        """Begins without trees.

        Args:
            net: the links.
            params: the numbers of gossip.
            rng: decides what is lost, and whom chance picks.
            pace: how often neighbours compare what they hold; None for never.

        Raises:
            ValueError: a parameter makes no sense.
        """
        params.validate()
        self._pace = pace
        if pace is not None:
            pace.validate()
        self.net, self._params, self._chance = net, params, generator(rng)
        graph, nodes = net.graph, net.graph.nodes
        self._owners = graph.owners()
        self._mesh = np.arange(graph.peers.size) - graph.starts[self._owners] < params.eager  # 1
        self._trees: dict[int, tuple[Mask, Mask]] = {}
        self._unproved = np.zeros(graph.peers.size, np.int16)
        self._credit = np.zeros(graph.peers.size, np.int16)
        self._due = np.zeros(graph.peers.size, np.int8)
        self._heard = np.zeros(graph.peers.size, np.int32)
        self.lossy = np.zeros(nodes, np.bool_)
        self._phase = GRAIN * below(self._chance, params.tick // GRAIN, nodes)
        self._mean = np.full(nodes, params.wait_first * 8 // 3)
        self._off = np.full(nodes, params.wait_first * 4 // 6)

    def spread(self, author: int) -> Spread:
        """Returns what becomes of the next word of a node, after all is still."""
        self._begin(author)
        self._got[author] = self._hops[author] = 0
        self._pass_on(np.array([author]), np.empty(0, np.int64), 0)
        for now, due in self._calendar.run():
            for kind in ("word", "have", "want", "look"):
                if kind in due:
                    getattr(self, "_" + kind)(now, *due[kind])
            if self._comparing is not None:
                for kind in KINDS:
                    if kind in due:
                        self._brought(self._comparing.due(kind, now, due[kind]), now)
        self._audit()
        copies, sent, compared = self._copies, self._sent, 0
        if (found := self._comparing) is not None:
            copies, sent, compared = copies + found.copies, sent + found.sent, int(found.brought.sum())
        return Spread(author, self._got, self._hops, copies, sent, self._named, self._asked_for, compared)

    def _begin(self, author: int) -> None:
        nodes, places = self.net.graph.nodes, self._owners.size
        if author not in self._trees:
            self._trees[author] = np.zeros(nodes, np.bool_), np.zeros(places, np.bool_)
        self._author = author
        self._begun, self._children = self._trees[author]
        self._calendar = Calendar()
        self._got, self._hops, self._since = (np.full(nodes, -1) for _ in range(3))
        self._rounds = np.zeros(nodes, np.int64)
        self._was_asked = np.zeros(nodes, np.bool_)
        self._said, self._asked, self._pushed = (np.zeros(places, np.bool_) for _ in range(3))
        self._answered = np.zeros(places, np.int8)
        self._namers = np.zeros(nodes, np.int32)
        self._look_at = np.full(nodes, -1)
        self._copies = self._sent = self._named = self._asked_for = 0
        self._comparing = None
        if self._pace is not None:
            self._comparing = Comparing(self.net, self._pace, self._chance, self._calendar, self._has)
            self._comparing.had(np.array([author]), 0)

    def _has(self, nodes: NDArray[np.integer]) -> Mask:
        has: Mask = self._got[nodes] >= 0
        return has

    # ---- what comparing brought

    def _brought(self, at: Positions, now: int) -> None:  # 8
        owners = self._owners[at]
        fresh = np.flatnonzero(self._got[owners] < 0)
        fresh = fresh[np.unique(owners[fresh], return_index=True)[1]]
        whom = owners[fresh].astype(np.int64)
        self._got[whom], self._hops[whom] = now, self._hops[self.net.graph.peers[at[fresh]]] + 1
        if self._comparing is not None:
            self._comparing.came(whom, now)
        named = self._since[whom] >= 0
        self._said[at[fresh[named]]] = True
        self._pass_on(whom[named], at[fresh[named]], now)

    # ---- frames

    def _send(self, kind: str, at: Numbers | int, positions: Positions, *columns: Numbers) -> None:
        """Sends a frame from each position; it is due at its mirror, unless it is lost."""
        net = self.net
        come = net.arrives(positions, self._chance)
        times = (at + net.latency[positions])[come]
        self._calendar.put(kind, times, net.mirrors[positions[come]], *(column[come] for column in columns))

    def _name(self, now: int, positions: Positions) -> None:
        self._named += positions.size
        self._send("have", self._tick(self._owners[positions], now), positions)

    def _word(self, now: int, at: Positions, hops: Numbers) -> None:
        self._copies += at.size
        owners = self._owners[at]
        fresh = np.flatnonzero(self._got[owners] < 0)
        fresh = fresh[np.unique(owners[fresh], return_index=True)[1]]
        first, whom = at[fresh], owners[fresh]
        self._got[whom], self._hops[whom] = now, hops[fresh]
        self._credit[first] = np.minimum(self._credit[first] + 1, 1_000)
        self._unproved[first] = 0
        self._said[at] = True
        self._measure(whom, now)
        if self._comparing is not None:
            self._comparing.had(whom.astype(np.int64), now)
        again = np.ones(at.size, np.bool_)
        again[fresh] = False
        again &= self._pushed[at]
        self._name(now, at[again])  # 4
        self._pass_on(whom, first, now)

    def _pass_on(self, whom: NDArray[np.integer], came_by: Positions, now: int) -> None:  # 3
        rows = self.net.graph.rows(whom.astype(np.int32))
        self._grow(rows)
        brought = np.zeros(self._owners.size, np.bool_)
        brought[came_by] = True
        rows = rows[~brought[rows]]
        owners = self._owners[rows]
        pushed = self._children[rows] & ~self._said[rows] & (self._hops[owners] < self._params.max_hops)
        pushed &= self._unproved[rows] < self._params.unproved
        words = rows[pushed]
        self._pushed[words] = True
        self._unproved[words] += 1
        self._children[words[self._unproved[words] >= self._params.unproved]] = False  # 6
        self._sent += words.size
        self._send("word", now, words, self._hops[self._owners[words]] + 1)
        self._name(now, rows[~pushed])

    def _grow(self, rows: Positions) -> None:  # 2
        """Begins the tree where it has not begun."""
        owners = self._owners[rows]
        new = rows[~self._begun[owners]]
        self._begun[owners] = True
        new = new[self._mesh[new] & ~self._said[new] & (self._unproved[new] < self._params.unproved)]
        owners = self._owners[new]
        order = np.lexsort((self._chance.random(new.size), owners))
        new, owners = new[order], owners[order]
        self._children[new[(ranks(owners) < self._params.fanout) | (owners == self._author)]] = True

    def _have(self, now: int, at: Positions) -> None:
        owners = self._owners[at]
        np.add.at(self._namers, owners[~self._said[at]], 1)
        self._said[at] = True
        known = at[self._got[owners] >= 0]
        self._unproved[known] = 0
        self._children[known[self._pushed[known]]] = False  # 4
        new = np.unique(owners[(self._got[owners] < 0) & (self._since[owners] < 0)].astype(np.int64))
        self._since[new] = now
        wait = self._wait(new)
        self._look_again(new, now + wait + below(self._chance, wait, new.size))  # 5
        named = np.unique(owners).astype(np.int64)
        sure = (self._got[named] < 0) & self.lossy[named] & (self._namers[named] >= self._params.namers)
        sure &= (self._rounds[named] == 0) & (self._look_at[named] > self._tick(named, now))
        self._look_again(named[sure], now)  # 7

    def _want(self, now: int, at: Positions) -> None:
        self._unproved[at] = 0
        at = at[(self._got[self._owners[at]] >= 0) & (self._answered[at] < 2)]
        self._answered[at] += 1
        self._children[at] = True  # 6
        self._sent += at.size
        self._send("word", now, at, self._hops[self._owners[at]] + 1)

    # ---- wishes

    def _tick(self, nodes: NDArray[np.integer], now: Numbers | int) -> Numbers:
        """Returns the first look of each node that is not before `now`."""
        tick, phase = self._params.tick, self._phase[nodes]
        due: Numbers = phase + -((phase - now) // tick) * tick
        return due

    def _look_again(self, nodes: Numbers, due: Numbers | int) -> None:
        self._look_at[nodes] = at = self._tick(nodes, due)
        self._calendar.put("look", at, nodes)

    def _look(self, now: int, nodes: Numbers) -> None:  # 5
        nodes = nodes[self._look_at[nodes] == now]
        nodes = np.unique(nodes[(self._got[nodes] < 0) & (self._since[nodes] + self._params.wish_life > now)])
        rows = self.net.graph.rows(nodes.astype(np.int32))
        asked = self._whom_to_ask(rows[self._said[rows] & ~self._asked[rows]])
        whom = np.unique(self._owners[asked])
        none = np.setdiff1d(nodes, whom, assume_unique=True)
        self._asked[self.net.graph.rows(none.astype(np.int32))] = False
        self._asked[asked] = True
        self._was_asked[whom] = True
        self._asked_for += asked.size
        self._send("want", now, asked)
        pause = np.full(self._got.size, self._params.patience)
        pause[none] *= np.minimum(8, 1 + self._rounds[none])
        self._rounds[nodes] += 1
        self._look_again(nodes, now + pause[nodes])

    def _whom_to_ask(self, left: Positions) -> Positions:
        """Returns of those who have the word the best one of each owner, and others at random on later rounds."""
        left = left[np.lexsort((left, -self._credit[left], self._owners[left]))]
        best = ranks(self._owners[left]) == 0
        left = left[np.lexsort((np.where(best, -1.0, self._chance.random(left.size)), self._owners[left]))]
        owners = self._owners[left]
        many = np.minimum(WIDEST, 1 << np.minimum(self._rounds[owners] + self.lossy[owners], 4))  # 7
        asked: Positions = left[ranks(owners) < many]
        return asked

    # ---- whether frames are lost (`overlay.losses`)

    def _audit(self) -> None:
        """Notes who said the word of those that should have, and who sees gaps by now."""
        audited = self.net.alive & self._has(np.arange(self._got.size))
        if self._comparing is not None:
            audited &= ~self._comparing.brought | (self._since >= 0)
        due = audited[self._owners] & ~self._pushed & (self._answered == 0)
        self._due[due] = np.minimum(AUDITED, self._due[due] + 1)
        self._heard[due] = (self._heard[due] << 1 | self._said[due]) & ((1 << AUDITED) - 1)
        words, missing = gaps(self._due, self._heard)
        words[2 * missing > words] = 0
        missing[words == 0] = 0
        nodes = self._got.size
        told = np.bincount(self._owners, words, nodes)
        gone = np.bincount(self._owners, missing, nodes)
        self.lossy = (told >= self._params.lossy_least) & (gone * 1000 >= told * self._params.lossy)

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


def gaps(due: NDArray[np.integer], said: NDArray[np.integer]) -> tuple[NDArray[np.int16], NDArray[np.int16]]:
    """Returns for each neighbour what `overlay.losses.gaps` does, from words due and words said, as bits."""
    words = due.astype(np.int16)
    words -= np.bitwise_count((said & -said) - 1)
    words[said == 0] = 0
    return words, words - np.bitwise_count(said)
