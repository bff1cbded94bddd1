"""The optimum of a problem in plain Python: the cheapest way to one unit more, again and again, until none pays.

Successive shortest paths with potentials (Edmonds and Karp, 1972): slow and obvious. It solves what a node sees on a
usual day, and is what faster solvers are held against.

    source ─ tranches of a group ─▶ group ─▶ request ─ edges ─▶ offer ─▶ sink
"""

from __future__ import annotations

import heapq
from itertools import count

from hansa.market.problem import Problem, group_demands, tranches

_FAR = 1 << 62


class _Graph:
    """Arcs in pairs: each with the one that takes its flow back."""

    def __init__(self, nodes: int) -> None:
        self.out: list[list[int]] = [[] for _ in range(nodes)]
        self.to: list[int] = []
        self.room: list[int] = []
        self.cost: list[int] = []

    def arc(self, source: int, target: int, room: int, cost: int) -> int:
        for begins, ends, space, price in ((source, target, room, cost), (target, source, 0, -cost)):
            self.out[begins].append(len(self.to))
            self.to.append(ends)
            self.room.append(space)
            self.cost.append(price)
        return len(self.to) - 2


def exact(problem: Problem) -> list[int]:
    """Returns the units over each edge of an optimum of `problem.objective`."""
    problem.validate()
    asked, requests = group_demands(problem), len(problem.demands)
    numbers = count()
    source, sink = next(numbers), next(numbers)
    groups = [next(numbers) for _ in asked]
    middle = [next(numbers) for _ in range(requests)]
    right = [next(numbers) for _ in problem.supplies]
    graph = _Graph(next(numbers))
    for group, demand in zip(groups, asked, strict=True):
        for size, bonus in tranches(demand, problem.bonuses):
            graph.arc(source, group, size, -bonus)
    for request, demand in enumerate(problem.demands):
        group = problem.groups[request] if len(problem.groups) else request
        graph.arc(groups[group], middle[request], int(demand), 0)
    edges = [
        graph.arc(middle[request], right[offer], int(cap), -int(worth))
        for request, offer, worth, cap in zip(
            problem.requests, problem.offers, problem.worths, problem.caps, strict=True
        )
    ]
    for offer, supply in zip(right, problem.supplies, strict=True):
        graph.arc(offer, sink, int(supply), 0)
    order = [source, *groups, *middle, *right, sink]
    _send(graph, source, sink, order)
    return [graph.room[edge ^ 1] for edge in edges]


def _send(graph: _Graph, source: int, sink: int, order: list[int]) -> None:
    """Sends all that pays; `order` has each node after those that reach it at first."""
    height = [_FAR] * len(graph.out)
    height[source] = 0
    for node in order:
        for arc in graph.out[node]:
            if graph.room[arc] and height[node] < _FAR:
                height[graph.to[arc]] = min(height[graph.to[arc]], height[node] + graph.cost[arc])
    while True:
        far, came_by = _distances(graph, source, height)
        if far[sink] >= _FAR:
            return
        for node, distance in enumerate(far):
            height[node] += min(distance, far[sink])
        if height[sink] - height[source] >= 0:
            return
        path, node = [], sink
        while node != source:
            path.append(came_by[node])
            node = graph.to[came_by[node] ^ 1]
        most = min(graph.room[arc] for arc in path)
        for arc in path:
            graph.room[arc] -= most
            graph.room[arc ^ 1] += most


def _distances(graph: _Graph, source: int, height: list[int]) -> tuple[list[int], list[int]]:
    """Returns the reduced cost of the cheapest way to each node, and the last arc of it (Dijkstra)."""
    far, came_by = [_FAR] * len(height), [-1] * len(height)
    far[source] = 0
    waiting = [(0, source)]
    while waiting:
        distance, node = heapq.heappop(waiting)
        if distance > far[node]:
            continue
        for arc in graph.out[node]:
            target = graph.to[arc]
            if graph.room[arc] and height[target] < _FAR:
                through = distance + graph.cost[arc] + height[node] - height[target]
                if through < far[target]:
                    far[target], came_by[target] = through, arc
                    heapq.heappush(waiting, (through, target))
    return far, came_by
