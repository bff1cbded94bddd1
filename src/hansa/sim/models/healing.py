"""Healing: who lost links makes new ones, to nodes that it knows (M2).

In each round, rules in order:

1. a living node with fewer than `low` living links dials until it has `target`
2. whom it dials: an even pick among all that it heard of, each as often as it heard of it: the neighbours of its
   neighbours, as they were before the loss and also of those that died, and its table of addresses
3. calls are answered one after the other, those of lower nodes first; one fails if it goes to a dead node, to the
   caller, to a neighbour of it or to one that has `high` links, or if the caller has `target` by then
4. who is still short dials again in the next round, with fresh picks

Left out: the time that it takes to see that a neighbour is dead, which is the failure detector's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hansa.kernel.compiled import compiled
from hansa.kernel.rng import Rng
from hansa.sim.models.chance import below, generator
from hansa.sim.models.graph import Graph, Mask, Nodes, Positions


@dataclass(frozen=True, slots=True)
class Healing:
    """How links are replaced.

    Attributes:
        low, target, high: living links below which a node dials, up to which, and from which on it takes none.
        rounds: rounds at most. Raising it lets the last ones find somebody.
    """

    low: int = 6
    target: int = 8
    high: int = 12
    rounds: int = 64

    def validate(self) -> None:
        """Raises ValueError beginning with the name of the field that makes no sense."""
        if not 1 <= self.low <= self.target:
            raise ValueError("low must be between 1 and target")
        if self.high < self.target:
            raise ValueError("high must be at least target")
        if self.rounds < 1:
            raise ValueError("rounds must be at least 1")


@dataclass(frozen=True, slots=True)
class Healed:
    """What came of it.

    Attributes:
        makers, takers: the new links.
        rounds: rounds that it took.
        short: living nodes that still have fewer than `low` links.
        calls: calls that were made, the failed ones included.
    """

    makers: Nodes
    takers: Nodes
    rounds: int
    short: int
    calls: int

    def graph(self, before: Graph, alive: Mask) -> Graph:
        """Returns the healed graph; dead nodes keep their number and have no links."""
        makers, takers = before.links_made()
        stand = alive[makers] & alive[takers]
        return Graph.of_links(
            before.nodes, np.concatenate((makers[stand], self.makers)), np.concatenate((takers[stand], self.takers))
        )


def without_hubs(graph: Graph, share: float) -> Mask:
    """Returns who lives when that share of all nodes is dead, the ones with the most links."""
    alive = np.ones(graph.nodes, np.bool_)
    alive[np.argsort(-graph.degrees, kind="stable")[: round(share * graph.nodes)]] = False
    return alive


def tables(nodes: int, size: int, rng: Rng) -> Nodes:
    """Returns a table of addresses for each node, drawn evenly from all; shape (nodes, size)."""
    return below(generator(rng), nodes, nodes * size).astype(np.int32).reshape(nodes, size)


def heal(graph: Graph, alive: Mask, known: Nodes, params: Healing, rng: Rng) -> Healed:
    """Returns the links that the living make.

    Args:
        graph: the links before the loss.
        alive: who lives; shape (nodes,).
        known: tables of addresses; shape (nodes, size).
        params: when a node dials, and up to what.
        rng: a stream of its own.

    Raises:
        ValueError: a parameter makes no sense.
    """
    params.validate()
    net, chance = _Net(graph.starts, graph.peers, alive, known), generator(rng)
    enough, much = params.high - params.target, params.high - params.low
    room, last = np.empty((2, graph.nodes), np.int32)
    callers = np.empty(graph.nodes + 1, np.int32)
    count, longest = _lose(net, params.high, much, room, callers)
    callers = callers[:count]
    most = int((room[callers] - enough).sum())
    makers, takers, heard = np.empty(most, np.int32), np.empty(most, np.int32), np.empty(longest, np.int64)
    new = _New(np.empty(most, np.int32), np.empty(most, np.int32), last, np.empty((most, 2), np.int32))
    last.fill(-1)
    waiting, links, rounds, calls = callers, 0, 0, 0
    while waiting.size and rounds < params.rounds:
        rounds += 1
        asked = _dial(net, waiting, room, enough, heard, makers, takers, chance)
        links = _answer(net, makers[:asked], takers[:asked], room, enough, new, links)
        calls += asked
        waiting = waiting[room[waiting] > enough]
    short = int((room[callers] > much).sum())
    return Healed(new.makers[:links], new.takers[:links], rounds, short, calls)


class _Net(NamedTuple):
    """The network before the loss, who survived it, and the tables of addresses."""

    starts: Positions
    peers: Nodes
    alive: Mask
    known: Nodes


class _New(NamedTuple):
    """The new links: those of one who dials hang together, from its `last` to the `earlier` ones, -1 at the end.

    A link has two earlier ones: the maker's and the taker's.
    """

    makers: Nodes
    takers: Nodes
    last: NDArray[np.int32]
    earlier: NDArray[np.int32]


@compiled
def _lose(net: _Net, high: int, much: int, room: NDArray[np.int32], callers: Nodes) -> tuple[int, int]:
    """Counts how many links each may take, which is none for the dead, and collects who has more room than `much`.

    The rows of the dead are all that is read; `callers` has a place to spare. Returns how many callers there are, and
    the length of the longest row.
    """
    longest = 0
    for one in range(room.size):
        size = net.starts[one + 1] - net.starts[one]
        room[one] = high - size
        longest = max(longest, size)
    for one in range(room.size):
        if not net.alive[one]:
            for at in range(net.starts[one], net.starts[one + 1]):
                room[net.peers[at]] += 1
    count = 0
    for one in range(room.size):
        if not net.alive[one]:
            room[one] = 0
        callers[count] = one
        count += room[one] > much
    return count, longest


@compiled
def _dial(
    net: _Net,
    callers: Nodes,
    room: NDArray[np.int32],
    enough: int,
    heard: Positions,
    makers: Nodes,
    takers: Nodes,
    chance: np.random.Generator,
) -> int:  # 1, 2
    """Draws whom each dials, and returns how many calls there are.

    Of all that a caller heard, its table comes first, then its neighbours' rows; `heard` says how much comes before
    each row. A call is noted by its position in `peers`, or in the table from its end, and looked up in a second loop:
    the searches in memory of many calls then overlap.
    """
    table, calls = net.known.shape[1], 0
    for caller in callers:
        row = net.starts[caller]
        size = net.starts[caller + 1] - row
        every = table
        for at in range(size):
            heard[at] = every
            every += net.starts[net.peers[row + at] + 1] - net.starts[net.peers[row + at]]
        for _ in range(room[caller] - enough if every else 0):
            pick = int(chance.random() * every)
            rows = 0
            for at in range(size):
                rows += heard[at] <= pick
            makers[calls] = caller
            if rows:
                takers[calls] = net.starts[net.peers[row + rows - 1]] + pick - heard[rows - 1]
            else:
                takers[calls] = pick - table
            calls += 1
    for call in range(calls):
        place = takers[call]
        takers[call] = net.peers[place] if place >= 0 else net.known[makers[call], place]
    return calls


@compiled
def _answer(
    net: _Net, makers: Nodes, takers: Nodes, room: NDArray[np.int32], enough: int, new: _New, links: int
) -> int:  # 3
    """Makes the links that can be made, one call after the other, and returns how many there are now."""
    for call in range(makers.size):
        maker, taker = makers[call], takers[call]
        near = maker == taker
        if room[taker] <= 0 or room[maker] <= enough:
            continue
        for at in range(net.starts[maker], net.starts[maker + 1]):
            near |= net.peers[at] == taker
        link = new.last[maker]
        while link >= 0:
            mine = new.makers[link] == maker
            near |= (new.takers[link] if mine else new.makers[link]) == taker
            link = new.earlier[link, 0 if mine else 1]
        if near:
            continue
        new.makers[links], new.takers[links] = maker, taker
        new.earlier[links, 0] = new.last[maker]
        new.last[maker] = links
        room[maker] -= 1
        room[taker] -= 1
        if room[taker] > enough:  # it goes on dialling, and must not call whom it has
            new.earlier[links, 1] = new.last[taker]
            new.last[taker] = links
        links += 1
    return links
