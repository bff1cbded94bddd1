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
from hansa.sim.models.graph import Graph, Mask, Nodes


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
        graph: the links before the loss; below 2^31 ends of them.
        alive: who lives; shape (nodes,).
        known: tables of addresses; shape (nodes, size).
        params: when a node dials, and up to what.
        rng: a stream of its own.

    Raises:
        ValueError: a parameter makes no sense.
    """
    params.validate()
    net, chance = _Net(graph.starts.astype(np.uint32), graph.peers.view(np.uint32), alive, known), generator(rng)
    enough, much = params.high - params.target, params.high - params.low
    room, nodes = np.empty(graph.nodes, np.int32), np.empty(graph.nodes + 1, np.uint32)
    callers = _callers(net, nodes[: _lose(net, params.high, much, room, nodes)], room, enough)
    most = int((callers.room - enough).sum())
    calls = _Calls(np.empty(most, np.uint32), np.empty(most, np.uint32), np.empty(most, np.int32))
    new = _New(np.empty(most, np.int32), np.empty(most, np.int32))
    waiting, links, rounds, made = np.arange(callers.nodes.size, dtype=np.uint32), 0, 0, 0
    while waiting.size and rounds < params.rounds:
        rounds += 1
        asked = _dial(net, callers, waiting, enough, calls, chance)
        _look_up(net, callers, room, calls, asked)
        links = _answer(callers, room, enough, calls, asked, new, links)
        made += asked
        waiting = waiting[: _still(waiting, callers.room, enough)]
    short = int((callers.room > much).sum())
    return Healed(new.makers[:links], new.takers[:links], rounds, short, made)


class _Net(NamedTuple):
    """The network before the loss, who survived it, and the tables of addresses."""

    starts: NDArray[np.uint32]
    peers: NDArray[np.uint32]
    alive: Mask
    known: Nodes


class _Callers(NamedTuple):
    """Those who have too few links, each with a row: its neighbours before the loss, then places for new ones.

    Attributes:
        nodes: who they are.
        rows: where each row begins, and where the last one ends; shape (callers + 1,).
        near: who is at each place of the rows; the caller itself where nobody is yet.
        heard: of all that the caller heard of, how much comes before that neighbour's row; all of it, at other places.
        every: how much each caller heard of.
        room: how many links each may still take.
    """

    nodes: NDArray[np.uint32]
    rows: NDArray[np.uint32]
    near: NDArray[np.uint32]
    heard: NDArray[np.uint32]
    every: NDArray[np.uint32]
    room: NDArray[np.int32]


class _Calls(NamedTuple):
    """The calls of a round: who makes them, by its number among the callers, whom to, and what `room` says of that."""

    makers: NDArray[np.uint32]
    takers: NDArray[np.uint32]
    rooms: NDArray[np.int32]


class _New(NamedTuple):
    """The new links."""

    makers: Nodes
    takers: Nodes


def _callers(net: _Net, nodes: NDArray[np.uint32], room: NDArray[np.int32], enough: int) -> _Callers:
    """Returns the rows of those who dial, whose `room` then says which of the callers they are: -1 for the first."""
    rows, rooms = np.empty(nodes.size + 1, np.uint32), np.empty(nodes.size, np.int32)
    places = _lay_out(net.starts, nodes, room, enough, rows, rooms)
    every = np.empty(nodes.size, np.uint32)
    callers = _Callers(nodes, rows, np.empty(places, np.uint32), np.empty(places, np.uint32), every, rooms)
    _gather(net, callers)
    return callers


@compiled
def _lay_out(
    starts: NDArray[np.uint32],
    nodes: NDArray[np.uint32],
    room: NDArray[np.int32],
    enough: int,
    rows: NDArray[np.uint32],
    rooms: NDArray[np.int32],
) -> int:
    """Takes over the `room` of those who dial, and counts the places of their rows."""
    places = 0
    for caller in range(nodes.size):
        one = nodes[caller]
        rows[caller], rooms[caller] = places, room[one]
        places = places + int(starts[one + 1]) - int(starts[one]) + int(room[one]) - enough
        room[one] = -1 - caller
    rows[nodes.size] = places
    return places


@compiled
def _lose(net: _Net, high: int, much: int, room: NDArray[np.int32], nodes: NDArray[np.uint32]) -> int:
    """Counts how many links each may take, which is none for the dead, and collects who has more room than `much`.

    The rows of the dead are all that is read; `nodes` has a place to spare. Returns how many were collected.
    """
    starts, peers, alive = net.starts, net.peers, net.alive
    for one in range(room.size):
        room[one] = high + int(starts[one]) - int(starts[one + 1])
    for one in range(room.size):
        if not alive[one]:
            for at in range(starts[one], starts[one + 1]):
                room[peers[at]] += 1
    count = 0
    for one in range(room.size):
        room[one] = max(0, room[one]) * alive[one]
        nodes[count] = one
        count += room[one] > much
    return count


@compiled
def _gather(net: _Net, callers: _Callers) -> None:
    """Fills the callers' rows: who is near, and how much each caller heard of before, its table being first.

    One loop for each step, as the searches in memory of many callers then overlap.
    """
    starts, peers, table = net.starts, net.peers, net.known.shape[1]
    nodes, rows, near, heard, every = callers.nodes, callers.rows, callers.near, callers.heard, callers.every
    for caller in range(nodes.size):
        one, place = nodes[caller], rows[caller]
        for at in range(starts[one], starts[one + 1]):
            near[place] = peers[at]
            place += 1
        while place < rows[caller + 1]:
            near[place] = one
            place += 1
    for place in range(near.size):
        other = near[place]
        heard[place] = starts[other + 1] - starts[other]
    for caller in range(nodes.size):
        one, place, before = nodes[caller], rows[caller], table
        for _ in range(starts[one], starts[one + 1]):
            size = heard[place]
            heard[place] = before
            before += size
            place += 1
        while place < rows[caller + 1]:
            heard[place] = before
            place += 1
        every[caller] = before


@compiled
def _dial(
    net: _Net,
    callers: _Callers,
    waiting: NDArray[np.uint32],
    enough: int,
    calls: _Calls,
    chance: np.random.Generator,
) -> int:  # 1, 2
    """Draws whom each dials, and returns how many calls there are.

    A taker is noted by its position in `peers`, or as many after all of those as it stands in the caller's table.
    """
    starts, ends, makers, takers = net.starts, net.peers.size, calls.makers, calls.takers
    rows, near, heard, every, room = callers.rows, callers.near, callers.heard, callers.every, callers.room
    count = 0
    for caller in waiting:
        row, after = rows[caller], rows[caller + 1]
        for _ in range(room[caller] - enough if every[caller] else 0):
            pick = int(chance.random() * every[caller])
            place = row
            for at in range(row, after):
                place += heard[at] <= pick
            makers[count] = caller
            if place > row:
                takers[count] = starts[near[place - 1]] + (pick - heard[place - 1])
            else:
                takers[count] = ends + pick
            count += 1
    return count


@compiled
def _look_up(net: _Net, callers: _Callers, room: NDArray[np.int32], calls: _Calls, count: int) -> None:  # 2
    """Looks up whom the calls go to, and what `room` says of those."""
    peers, known, nodes = net.peers, net.known, callers.nodes
    makers, takers, rooms = calls.makers, calls.takers, calls.rooms
    for call in range(count):
        place = takers[call]
        takers[call] = peers[place] if place < peers.size else known[nodes[makers[call]], place - peers.size]
    for call in range(count):
        rooms[call] = room[takers[call]]


@compiled
def _answer(
    callers: _Callers, room: NDArray[np.int32], enough: int, calls: _Calls, count: int, new: _New, links: int
) -> int:  # 3
    """Makes the links that can be made, one call after the other, and returns how many there are now.

    A new link is noted in the rows of those who go on dialling, and must not call whom they have. Who had no room when
    the calls were looked up gets none.
    """
    nodes, rows, near, mine = callers.nodes, callers.rows, callers.near, callers.room
    makers, takers, rooms, new_makers, new_takers = calls.makers, calls.takers, calls.rooms, new.makers, new.takers
    for call in range(count):
        caller, taker, other = makers[call], takers[call], rooms[call]
        short = mine[caller] - enough
        linked = short <= 0
        for at in range(rows[caller], rows[caller + 1]):
            if linked:
                break
            linked = near[at] == taker
        left = room[taker] if other >= 0 else mine[~other]
        if linked or left <= 0:
            continue
        if other > 0:
            room[taker] = left - 1
        else:
            if left > enough:
                near[rows[~other + 1] - (left - enough)] = nodes[caller]
            mine[~other] = left - 1
        near[rows[caller + 1] - short] = taker
        mine[caller] -= 1
        new_makers[links], new_takers[links] = nodes[caller], taker
        links += 1
    return links


@compiled
def _still(waiting: NDArray[np.uint32], room: NDArray[np.int32], enough: int) -> int:  # 4
    """Moves those who are still short to the front, in order, and returns how many they are."""
    count = 0
    for caller in waiting:
        waiting[count] = caller
        count += room[caller] > enough
    return count
