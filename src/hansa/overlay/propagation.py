"""Who of the neighbours gets a notice next (M9): a pure rule, asked once at each node for each notice.

1. nothing goes on beyond the hops that it and this node allow, nor back to where it came from
2. epidemic, for a broadcast: to neighbours with an interest in it, and to one other that may know some; all of them in
   the upper lanes, `fanout` of them else
3. targeted, for a multicast: its author sends it along routes, and nobody else passes it on
4. gradient, towards a resource: to the neighbours that offer more of it than this node, the most first; where none
   does, to one that offers most, and so on for at most `stalled` links in a row
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hansa.kernel.ids import NodeId
from hansa.kernel.rng import Rng
from hansa.overlay.notices import MAX_TTL, Mode, Notice, Priority


@dataclass(frozen=True, slots=True)
class Params:
    """How widely notices are passed on.

    Attributes:
        ttl: links that any notice may cross. Raising it reaches farther in long networks, and costs more copies.
        fanout: interested neighbours that get one in the lower lanes. Raising it is faster, for more copies.
        bridges: neighbours without an interest that get it all the same, for those behind them.
        branches: neighbours nearer to a resource that get one that looks for it.
        stalled: links in a row without getting nearer.
    """

    ttl: int = 12
    fanout: int = 6
    bridges: int = 1
    branches: int = 2
    stalled: int = 3

    def validate(self) -> None:
        """Raises ValueError naming the field when a value makes no sense."""
        if not 1 <= self.ttl <= MAX_TTL:
            raise ValueError(f"ttl must be between 1 and {MAX_TTL}, not {self.ttl}")
        for name in ("fanout", "branches"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1")
        for name in ("bridges", "stalled"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must be at least 0")


@dataclass(frozen=True, slots=True)
class Neighbour:
    """What a neighbour's presence says: its interests (none: all), and how much of which resources it offers."""

    interests: tuple[str, ...] = ()
    offers: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Next:
    """Where a notice goes: to neighbours as a word, with its count of stalled links, and to nodes along routes."""

    words: tuple[NodeId, ...] = ()
    stalled: int = 0
    routed: tuple[NodeId, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a notice is: at `me`, come from a neighbour (None at its author), and what `me` has of which resource."""

    me: NodeId
    came_from: NodeId | None = None
    hops: int = 0
    stalled: int = 0
    offers: Mapping[str, int] = field(default_factory=dict)


def onward(
    notice: Notice, lane: Priority, place: Place, neighbours: Mapping[NodeId, Neighbour], params: Params, rng: Rng
) -> Next:
    """Returns where a notice goes from here.

    Args:
        lane: the one that it earned (`notices.lane`).
        neighbours: by node id; in any order.
    """
    if notice.mode is Mode.MULTICAST:  # 3
        own = place.came_from is None
        return Next(routed=tuple(one for one in notice.destination_nodes if own and one != place.me))
    if place.hops >= min(notice.ttl, params.ttl):  # 1
        return Next()
    others = {one: neighbours[one] for one in sorted(neighbours) if one not in (place.came_from, place.me)}
    if notice.mode is Mode.RESOURCE_DIRECTED:
        return _gradient(notice.resource, place, others, params, rng)
    return _epidemic(notice, lane, others, params, rng)


def _epidemic(
    notice: Notice, lane: Priority, others: Mapping[NodeId, Neighbour], params: Params, rng: Rng
) -> Next:  # 2
    keen = [one for one, neighbour in others.items() if is_interested(neighbour.interests, notice.interests)]
    rest = [one for one in others if one not in keen]
    if lane in (Priority.LOW, Priority.NORMAL):
        keen = rng.sample(keen, params.fanout)
    return Next((*keen, *rng.sample(rest, params.bridges)))


def _gradient(resource: str, place: Place, others: Mapping[NodeId, Neighbour], params: Params, rng: Rng) -> Next:  # 4
    offered = {one: neighbour.offers.get(resource, 0) for one, neighbour in others.items()}
    order = sorted(rng.shuffled(list(offered)), key=lambda one: -offered[one])
    nearer = [one for one in order if offered[one] > place.offers.get(resource, 0)]
    if nearer:
        return Next(tuple(nearer[: params.branches]))
    if place.stalled >= params.stalled:
        return Next()
    return Next(tuple(order[:1]), place.stalled + 1)


def is_interested(interests: tuple[str, ...], topics: tuple[str, ...]) -> bool:
    """Says whether news of some topics concern whoever has these interests; none on either side means all."""
    return not interests or not topics or any(topic in interests for topic in topics)
