"""The overlay's ways over links that carry so much and no more: an array model of `overlay.paths`.

Candidates are the shortest way and others that share no relay with it, as `overlay.paths` finds them by its disjoint
search; merit is M4's, by `overlay.paths.merit` itself. Left out: the k shortest beside those, what is dear after a
loss, and shared transports, which all have. What a link is like follows from its two ends and the seed, so a link is
the same link in each picture of the network:

    latency     10 to 100 ms, in tens
    room        100 to 400 units: what one to four nodes offer

The search goes from both ends at once, a level at a time. That finds the way of the fewest links and, among those, of
the least latency: the overlay's length, 1000 for each link and its latency, comes to the same order as long as the
latencies of a way are together below 1000 ms.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hansa.kernel.compiled import compiled
from hansa.overlay import paths
from hansa.overlay.frames import MAX_ROUTE
from hansa.sim.models.graph import Graph, Mask, Nodes

LEAST_MS, TENS = 10, 10
LEAST_ROOM, MOST_ROOM = 100, 400

Column = NDArray[np.int32]


def link_facts(graph: Graph, salt: int) -> tuple[Column, Column]:
    """Returns latency in ms and room in units at each position; the same at both ends of a link.

    Args:
        salt: a number below 2^64; another one makes other links.
    """
    owners = graph.owners().astype(np.uint64)
    peers = graph.peers.astype(np.uint64)
    mixed = _mixed(_mixed(np.minimum(owners, peers) ^ np.uint64(salt)) ^ np.maximum(owners, peers))
    latency = LEAST_MS * (1 + (mixed >> np.uint64(40)) % np.uint64(TENS)).astype(np.int32)
    room = LEAST_ROOM + ((mixed & np.uint64(0xFFFFFF)) % np.uint64(MOST_ROOM - LEAST_ROOM + 1)).astype(np.int32)
    return latency, room


def _mixed(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Returns numbers that look drawn: the last step of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014)."""
    numbers = numbers + np.uint64(0x9E3779B97F4A7C15)
    numbers = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    numbers = (numbers ^ (numbers >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return numbers ^ (numbers >> np.uint64(31))


@dataclass(frozen=True, slots=True)
class Way:
    """A way from node to node.

    Attributes:
        nodes: from start to goal, both included.
        merit: M4's.
        latency_ms: of all its links.
        free: units that it can still carry.
    """

    nodes: tuple[int, ...]
    merit: float
    latency_ms: int
    free: int

    @property
    def relays(self) -> tuple[int, ...]:
        """Who stands between its ends."""
        return self.nodes[1:-1]

    @property
    def hops(self) -> int:
        """How many links it has."""
        return len(self.nodes) - 1


class Ways:
    """A network whose links carry units.

    Attributes:
        used: units on each link, at both of its positions.
        room: units that each link carries at most.
    """

    def __init__(self, graph: Graph, salt: int, trust: Column, params: paths.Params | None = None) -> None:
        """Begins with nothing on any link.

        Args:
            graph: who is linked with whom.
            salt: what links are like follows from it.
            trust: in each node as a relay, in thousandths.
            params: how many ways are looked for, and over how many links.
        """
        self._params = params or paths.Params()
        self.graph, self._trust = graph, trust
        latency, self.room = link_facts(graph, salt)
        self.used = np.zeros_like(self.room)
        self._rows = _Rows(graph.starts, graph.peers.view(np.uint32), latency, self.room, self.used, trust)
        self._sides = _Sides.empty(graph.nodes)
        self._out = np.zeros(MAX_ROUTE + 2, np.int32)
        self._facts = np.zeros(5, np.int64)
        self._searches = 0

    def candidates(self, start: int, goal: int, off: Mask, without: Iterable[int] = ()) -> list[Way]:
        """Returns ways that share no relay with each other, the best first.

        Args:
            start, goal: two different nodes.
            off: who is no part of the sender's map.
            without: relays that are not to be passed.
        """
        self._searches += 1
        barred = self._sides.barred
        for one in without:
            barred[one] = self._searches
        first = self._searches
        found: list[Way] = []
        direct = True
        while len(found) < self._params.disjoint:
            task = _Task(start, goal, direct, self._searches, first, self._params.max_hops)
            size = _way(self._rows, self._sides, off, task, self._out)
            if size == 0:
                break
            way = self._way(size)
            found.append(way)
            for one in way.relays:
                barred[one] = first
            direct = direct and size > 2
            self._searches += 1
        return sorted(found, key=lambda way: (-way.merit, way.nodes))

    def _way(self, size: int) -> Way:
        _judge(self._rows, self._out, size, self._facts)
        latency, free, room, used, trust = self._facts.tolist()
        facts = paths.Facts(
            hops=size - 1,
            bandwidth=min(1.0, room / MOST_ROOM),
            free=1 - min(used, 1000) / 1000,
            compatibility=(trust / 1000 + 1) / 2,
        )
        return Way(tuple(self._out[:size].tolist()), paths.merit(facts), latency, free)

    def take(self, way: Way, units: int) -> bool:
        """Puts units on each link of a way; False, and nothing is changed, where one of them has no room."""
        out = np.array(way.nodes, np.int32)
        if _free(self._rows, out) < units:
            return False
        _add(self._rows, out, units)
        return True

    def give_back(self, way: Way, units: int) -> None:
        """Takes units off each link of a way; links that are gone are passed over."""
        _add(self._rows, np.array(way.nodes, np.int32), -units)

    def put(self, way: Way, units: int) -> None:
        """Puts units on the links of a way that they are on already, in a new picture of the network."""
        _add(self._rows, np.array(way.nodes, np.int32), units)


class _Rows(NamedTuple):
    """The network, and at each position its link: ms, units at most, units on it; and trust in nodes."""

    starts: NDArray[np.int64]
    peers: NDArray[np.uint32]
    latency: Column
    room: Column
    used: Column
    trust: Column


class _Sides(NamedTuple):
    """Both searches, from the start (0) and from the goal (1): in which search each node was met, and how.

    Attributes:
        met: the number of the search that met a node last.
        depth, late: how many links and ms from that end.
        came: from whom.
        queue: nodes in the order in which they were met.
        barred: the number of the search that must not pass a node.
    """

    met: NDArray[np.int64]
    depth: Column
    late: Column
    came: Column
    queue: Column
    barred: NDArray[np.int64]

    @classmethod
    def empty(cls, nodes: int) -> _Sides:
        depth, late, came, queue = (np.zeros((2, nodes), np.int32) for _ in range(4))
        return cls(np.zeros((2, nodes), np.int64), depth, late, came, queue, np.zeros(nodes, np.int64))


class _Task(NamedTuple):
    """What is looked for: from where to where, over a direct link or not, and over how many links at most.

    `search` is its number, and `bar` the number with which those are marked who are not to be passed.
    """

    start: int
    goal: int
    direct: bool
    search: int
    bar: int
    most: int


@compiled
def _way(rows: _Rows, sides: _Sides, off: Mask, task: _Task, out: Nodes) -> int:
    """Writes the shortest way to `out` and returns how many nodes it has; 0 where there is none."""
    met, queue = sides.met, sides.queue
    for side in range(2):
        end = task.goal if side else task.start
        met[side, end] = task.search
        sides.depth[side, end] = 0
        sides.late[side, end] = 0
        sides.came[side, end] = end
        queue[side, 0] = end
    head0, tail0, head1, tail1 = 0, 1, 0, 1
    for _ in range(task.most):
        if head0 == tail0 or head1 == tail1:
            return 0
        if tail0 - head0 <= tail1 - head1:
            grown = _grow(rows, sides, off, task, 0, head0, tail0)
            head0, tail0 = tail0, grown
            meets = _meeting(sides, 0, head0, tail0, task.search)
        else:
            grown = _grow(rows, sides, off, task, 1, head1, tail1)
            head1, tail1 = tail1, grown
            meets = _meeting(sides, 1, head1, tail1, task.search)
        if meets >= 0:
            return _write(sides, meets, task.goal, out)
    return 0


@compiled
def _grow(rows: _Rows, sides: _Sides, off: Mask, task: _Task, side: int, head: int, tail: int) -> int:
    """Meets all that is one link farther from one end; returns where the queue ends then."""
    starts, peers, latency = rows.starts, rows.peers, rows.latency
    met, depth, late, came, queue, barred = sides
    start, goal, direct, search, bar, _ = task
    grown = tail
    for place in range(head, tail):
        one = queue[side, place]
        deep = depth[side, one] + 1
        for at in range(starts[one], starts[one + 1]):
            other = peers[at]
            if off[other] or barred[other] == bar:
                continue
            if not direct and ((one == start and other == goal) or (one == goal and other == start)):
                continue
            through = late[side, one] + latency[at]
            if met[side, other] != search:
                met[side, other] = search
                depth[side, other] = deep
                late[side, other] = through
                came[side, other] = one
                queue[side, grown] = other
                grown += 1
            elif depth[side, other] == deep and through < late[side, other]:
                late[side, other] = through
                came[side, other] = one
    return grown


@compiled
def _meeting(sides: _Sides, side: int, head: int, tail: int, search: int) -> int:
    """Returns the node at which both searches meet with the least latency, the lowest of several; -1 for none."""
    met, late, queue = sides.met, sides.late, sides.queue
    best, least = -1, 0
    for place in range(head, tail):
        one = queue[side, place]
        if met[1 - side, one] == search:
            both = late[0, one] + late[1, one]
            if best < 0 or both < least or (both == least and one < best):
                best, least = one, both
    return best


@compiled
def _write(sides: _Sides, meets: int, goal: int, out: Nodes) -> int:
    came = sides.came
    before = sides.depth[0, meets]
    one = meets
    for place in range(before, -1, -1):
        out[place] = one
        one = came[0, one]
    size, one = before, meets
    while one != goal:
        one = came[1, one]
        size += 1
        out[size] = one
    return int(size + 1)


@compiled
def _position(rows: _Rows, one: int, other: int) -> int:
    """Returns where in a node's row another one stands; -1 where they are not linked."""
    for at in range(rows.starts[one], rows.starts[one + 1]):
        if rows.peers[at] == other:
            return at
    return -1


@compiled
def _judge(rows: _Rows, out: Nodes, size: int, facts: NDArray[np.int64]) -> None:
    """Writes what M4 asks of a way: ms, free units, room, thousandths in use, and trust, each of its worst part."""
    latency, free, room, used, trust = 0, 1 << 30, 1 << 30, 0, 1000
    for place in range(size - 1):
        at = _position(rows, out[place], out[place + 1])
        latency += int(rows.latency[at])
        free = min(free, int(rows.room[at]) - int(rows.used[at]))
        room = min(room, int(rows.room[at]))
        used = max(used, 1000 * int(rows.used[at]) // int(rows.room[at]))
        if place > 0:
            trust = min(trust, int(rows.trust[out[place]]))
    facts[0] = latency
    facts[1] = free
    facts[2] = room
    facts[3] = used
    facts[4] = trust


@compiled
def _free(rows: _Rows, nodes: Nodes) -> int:
    """Returns how many more units a way can carry."""
    free = 1 << 30
    for place in range(nodes.size - 1):
        at = _position(rows, nodes[place], nodes[place + 1])
        free = min(free, int(rows.room[at]) - int(rows.used[at])) if at >= 0 else 0
    return free


@compiled
def _add(rows: _Rows, nodes: Nodes, units: int) -> None:
    """Adds units to each link of a way, at both of its ends."""
    for place in range(nodes.size - 1):
        there = _position(rows, nodes[place], nodes[place + 1])
        back = _position(rows, nodes[place + 1], nodes[place])
        if there >= 0:
            rows.used[there] += units
            rows.used[back] += units
