"""Graphs for tests: nodes by number, links by pairs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise, permutations

from hansa.kernel.ids import NodeId
from hansa.overlay.links_said import Links, LinkSaid
from hansa.overlay.paths import Edge, Path


def node(number: int) -> NodeId:
    return NodeId(f"did:key:z{number:04d}")


def nodes(*numbers: int) -> Path:
    return tuple(map(node, numbers))


PLAIN = Edge(10, 1_000_000)


def graph(pairs: Iterable[tuple[int, int]], edge: Edge = PLAIN) -> dict[NodeId, dict[NodeId, Edge]]:
    return weighted(dict.fromkeys(pairs, edge))


def weighted(edges: Mapping[tuple[int, int], Edge]) -> dict[NodeId, dict[NodeId, Edge]]:
    made: dict[NodeId, dict[NodeId, Edge]] = {}
    for (one, two), edge in edges.items():
        made.setdefault(node(one), {})[node(two)] = edge
        made.setdefault(node(two), {})[node(one)] = edge
    return made


def all_paths(near: Mapping[NodeId, Mapping[NodeId, Edge]], start: NodeId, goal: NodeId) -> list[Path]:
    """Every path without a loop, the slow and obvious way."""
    between = [one for one in near if one not in (start, goal)]
    ways = [(start, *some, goal) for count in range(len(between) + 1) for some in permutations(between, count)]
    return [way for way in ways if all(two in near.get(one, {}) for one, two in pairwise(way))]


def words(*numbers: int, latency: int = 10, bandwidth: int = 1_000_000, utilisation: int = 0) -> Links:
    return Links(
        links=tuple(
            LinkSaid(whom=node(number), latency_ms=latency, bandwidth=bandwidth, utilisation=utilisation)
            for number in numbers
        )
    )
