"""The optimum of a clearing by the network simplex method: compiled where numba is installed (the extra `market`).

A spanning tree of the graph says which arcs may carry any flow; all others are empty or full. As long as an arc outside
would make the whole cheaper it comes in, flow goes round the circle that it closes, and an arc of that circle goes out.
Which arc comes in: the best of a block of about the square root of all. Which goes out: the last that could, seen from
where the circle meets the root's side, so that no circle of trees comes again (Cunningham, "A network simplex method",
Mathematical Programming 11, 1976; Kiraly and Kovacs, "Efficient implementations of minimum-cost flow algorithms", Acta
Universitatis Sapientiae, Informatica 4, 2012).

    request ─ edges ─▶ offer ◀─ unsold ─ root          what is not met goes home: request ─▶ group ─ tranches ─▶ root

`market.exact` is the slow version that it is tested against.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hansa.kernel.compiled import compiled
from hansa.market.problem import Problem, group_demands, tranches

Numbers = NDArray[np.int64]
Places = NDArray[np.int32]

_MUCH = 1 << 50
"""More units than any problem has."""

EMPTY, IN_TREE, FULL = 1, 0, -1
"""Where an arc is; one that can never carry anything counts as in the tree, so that it does not come in."""


class _Arcs(NamedTuple):
    """Each arc: where it begins and ends, what a unit costs, how many it takes, how many it has, and where it is."""

    source: Places
    target: Places
    cost: Numbers
    room: Numbers
    flow: Numbers
    state: NDArray[np.int8]


class _Tree(NamedTuple):
    """Each node: what it hangs on, by which arc, whether that leads up (1) or down (-1), how deep, and its potential.

    `first` is the first of those that hang on it; `after` and `before` join those that hang on the same node.
    """

    parent: Places
    arc: Places
    up: NDArray[np.int8]
    depth: Places
    potential: Numbers
    first: Places
    after: Places
    before: Places


def simplex(problem: Problem) -> list[int]:
    """Returns the units over each edge of an optimum of `market.problem.objective`.

    Raises:
        ValueError: the parts of the problem do not fit.
    """
    units: list[int] = solve(problem).tolist()
    return units


def solve(problem: Problem) -> Numbers:
    """Returns the same as an array."""
    problem.validate()
    arcs, tree, edges = _begin(problem)
    _run(arcs, tree, max(10, int(np.sqrt(arcs.source.size))))
    return arcs.flow[:edges]


def _begin(problem: Problem) -> tuple[_Arcs, _Tree, int]:
    """Returns the graph with nothing sold, a tree of it, and how many edges it has."""
    demands, supplies = np.asarray(problem.demands, np.int64), np.asarray(problem.supplies, np.int64)
    requests, offers = np.asarray(problem.requests, np.int32), np.asarray(problem.offers, np.int32)
    asked = group_demands(problem) if len(problem.bonuses) else []
    left = np.arange(demands.size)
    groups = demands.size + np.arange(len(asked))
    right = groups.size + demands.size + np.arange(supplies.size)
    root = right.size + groups.size + demands.size
    home = groups[np.asarray(problem.groups, np.int64)] if asked else np.full(left.size, root)
    parts = [part for one in asked for part in tranches(one, problem.bonuses)]
    sizes, bonuses = np.array(parts, np.int64).reshape(-1, 2).T
    many = len(problem.bonuses)
    dearest = np.arange(sizes.size) % many == 0 if many else np.empty(0, np.bool_)
    of_parts = np.repeat(groups, many)
    everything = np.full(max(left.size, right.size), _MUCH)
    blocks = (
        (requests, right[offers], -np.asarray(problem.worths, np.int64), np.asarray(problem.caps, np.int64), None),
        (left, home, None, everything[: left.size], demands),
        (of_parts, np.full(sizes.size, root), bonuses, np.where(dearest, _MUCH, sizes), sizes),
        (np.full(right.size, root), right, None, everything[: right.size], supplies),
    )
    columns = zip(*(_filled(block) for block in blocks), strict=True)
    source, target, cost, room, flow = (np.concatenate(column) for column in columns)
    state = np.full(source.size, IN_TREE, np.int8)
    state[: requests.size] = np.where(_may_carry(problem, requests, offers, demands, supplies), EMPTY, IN_TREE)
    state[requests.size + left.size :][: sizes.size][~dearest] = FULL
    arcs = _Arcs(source.astype(np.int32), target.astype(np.int32), cost, room, flow, state)
    return arcs, _hung(arcs, requests.size, root), requests.size


def _filled(block: tuple[NDArray[np.integer] | None, ...]) -> list[Numbers]:
    """Returns the columns of a block of arcs, zeros for those that are left out."""
    size = next(one.size for one in block if one is not None)
    return [np.zeros(size, np.int64) if one is None else one.astype(np.int64) for one in block]


def _may_carry(
    problem: Problem, requests: Places, offers: Places, demands: Numbers, supplies: Numbers
) -> NDArray[np.bool_]:
    """Says which edges can carry anything: the others would only turn the tree in circles."""
    useful: NDArray[np.bool_] = (np.asarray(problem.caps) > 0) & (demands[requests] > 0) & (supplies[offers] > 0)
    return useful


def _hung(arcs: _Arcs, edges: int, root: int) -> _Tree:
    """Returns the tree of all arcs in it but the edges; each leads from a node to the root or to what leads there."""

    def of(kind: type[np.signedinteger], value: int = -1) -> NDArray[np.signedinteger]:
        return np.full(root + 1, value, kind)

    ups, depths, potentials = of(np.int8, 0), of(np.int32, 0), of(np.int64, 0)
    tree = _Tree(of(np.int32), of(np.int32), ups, depths, potentials, of(np.int32), of(np.int32), of(np.int32))
    _hang_all(arcs, tree, edges, root)
    return tree


@compiled
def _hang_all(arcs: _Arcs, tree: _Tree, edges: int, root: int) -> None:
    for arc in range(arcs.source.size - 1, edges - 1, -1):
        if arcs.state[arc] == IN_TREE:
            up = arcs.source[arc] != root
            node, parent = (arcs.source[arc], arcs.target[arc]) if up else (arcs.target[arc], arcs.source[arc])
            tree.parent[node], tree.arc[node], tree.up[node] = parent, arc, 1 if up else -1
            tree.depth[node] = tree.depth[parent] + 1
            tree.potential[node] = tree.potential[parent] - tree.up[node] * arcs.cost[arc]
            _join(tree, node, parent)


@compiled
def _run(arcs: _Arcs, tree: _Tree, block: int) -> int:
    """Turns the tree until it is an optimum; returns how often."""
    at, turns = 0, 0
    while True:
        at = _enters(arcs, tree, at, block)
        if at < 0:
            return turns
        _turn(arcs, tree, at)
        turns += 1


@compiled
def _enters(arcs: _Arcs, tree: _Tree, begin: int, block: int) -> int:
    """Returns the arc that saves most by the unit, of the first block from `begin` that has any; -1 for none."""
    best, found, left, arc = 0, -1, block, begin
    for _ in range(arcs.source.size):
        state = arcs.state[arc]
        if state != IN_TREE:
            potential = tree.potential[arcs.source[arc]] - tree.potential[arcs.target[arc]]
            saves = -state * (arcs.cost[arc] + potential)
            if saves > best:
                best, found = saves, arc
        arc += 1
        if arc == arcs.source.size:
            arc = 0
        left -= 1
        if left == 0:
            if found >= 0:
                return found
            left = block
    return found


@compiled
def _turn(arcs: _Arcs, tree: _Tree, arc: int) -> None:
    """Sends all it can round the circle that an arc closes, and lets the arc that bounds it go for this one."""
    forth = arcs.state[arc] == EMPTY
    begins = arcs.source[arc] if forth else arcs.target[arc]
    ends = arcs.target[arc] if forth else arcs.source[arc]
    top = _meet(tree, begins, ends)
    most, out, side = _narrowest(arcs, tree, arc, begins, ends, top)
    if most > 0:
        arcs.flow[arc] += most if forth else -most
        _carry(arcs, tree, begins, top, -most)
        _carry(arcs, tree, ends, top, most)
    if side == 0:
        arcs.state[arc] = -arcs.state[arc]
        return
    gone = tree.arc[out]
    arcs.state[arc] = IN_TREE
    arcs.state[gone] = EMPTY if arcs.flow[gone] == 0 else FULL
    node, parent = (begins, ends) if side == 1 else (ends, begins)
    _rehang(arcs, tree, node, parent, arc, out)
    _shift(arcs, tree, node)


@compiled
def _meet(tree: _Tree, one: int, other: int) -> int:
    """Returns where the ways of two nodes to the root meet."""
    while one != other:
        if tree.depth[one] >= tree.depth[other]:
            one = tree.parent[one]
        else:
            other = tree.parent[other]
    return one


@compiled
def _narrowest(arcs: _Arcs, tree: _Tree, arc: int, begins: int, ends: int, top: int) -> tuple[int, int, int]:
    """Returns how much the circle takes, the node whose arc bounds it, and on which side: 0 for the new arc itself."""
    most, out, side = arcs.room[arc], -1, 0
    node = begins
    while node != top:
        one = tree.arc[node]
        room = arcs.flow[one] if tree.up[node] == 1 else arcs.room[one] - arcs.flow[one]
        if room < most:
            most, out, side = room, node, 1
        node = tree.parent[node]
    node = ends
    while node != top:
        one = tree.arc[node]
        room = arcs.room[one] - arcs.flow[one] if tree.up[node] == 1 else arcs.flow[one]
        if room <= most:
            most, out, side = room, node, 2
        node = tree.parent[node]
    return most, out, side


@compiled
def _carry(arcs: _Arcs, tree: _Tree, node: int, top: int, units: int) -> None:
    """Sends units from a node up to where the circle closes; fewer than none the other way."""
    while node != top:
        arcs.flow[tree.arc[node]] += tree.up[node] * units
        node = tree.parent[node]


@compiled
def _rehang(arcs: _Arcs, tree: _Tree, node: int, parent: int, arc: int, last: int) -> None:
    """Hangs what hung on `last` by `node`: every node from `node` to `last` hangs on the one that hung on it."""
    up = 1 if arcs.source[arc] == node else -1
    while True:
        above, above_arc, above_up = tree.parent[node], tree.arc[node], tree.up[node]
        _part(tree, node, above)
        tree.parent[node], tree.arc[node], tree.up[node] = parent, arc, up
        _join(tree, node, parent)
        if node == last:
            return
        node, parent, arc, up = above, node, above_arc, -above_up


@compiled
def _shift(arcs: _Arcs, tree: _Tree, node: int) -> None:
    """Brings depths and potentials of a node and all that hangs on it in line with what it hangs on."""
    parent = tree.parent[node]
    due = tree.potential[parent] - tree.up[node] * arcs.cost[tree.arc[node]] - tree.potential[node]
    at = node
    while True:
        tree.potential[at] += due
        tree.depth[at] = tree.depth[tree.parent[at]] + 1
        if tree.first[at] >= 0:
            at = tree.first[at]
            continue
        while at != node and tree.after[at] < 0:
            at = tree.parent[at]
        if at == node:
            return
        at = tree.after[at]


@compiled
def _join(tree: _Tree, node: int, parent: int) -> None:
    first = tree.first[parent]
    tree.after[node], tree.before[node] = first, -1
    if first >= 0:
        tree.before[first] = node
    tree.first[parent] = node


@compiled
def _part(tree: _Tree, node: int, parent: int) -> None:
    before, after = tree.before[node], tree.after[node]
    if before >= 0:
        tree.after[before] = after
    else:
        tree.first[parent] = after
    if after >= 0:
        tree.before[after] = before
