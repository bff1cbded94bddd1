"""What went from whom to whom over a window (M16): six figures, from what one node can know.

A node knows its own ends: each lease that it gave or took, as both ends have signed it, and each copy that it took from
others. Who copied from it, it does not know, as a feed is read without leave. So these are the flows *of one node*; of
all leases in the network it sees those that it has an end in, and each lease is seen by its two ends. About the net it
knows the ways that its own packets took, and how many of them arrived of late (`overlay.experience` forgets half every
five minutes): the last two figures are of now, and not of the window.

Let T be the transfers of the window: leases that were used at some time in it, from when they begin to when they ended,
and copies that were taken in it.

    total             the number of T
    pairs             T by (lender, borrower), the most first; by their ids where two have as many
    distribution      T of a resource / T
    efficiency        mean of had / asked for, over all that was asked for the window
    bottlenecks       relays, by the share of T whose best way goes by them: those with `NARROW` and more, and those
                      whom no known way to somebody gets around
    optimal_routing   packets that arrived by the best way to a partner / by any way to it that is known, over partners

Had of a lease is the share of its time for which its units were the borrower's, or of its copies those that came; 0
where nothing was granted, it lapsed or was given back untaken, or it was broken. What came without a lease is had
wholly. Shares of nothing are None: there is nothing to tell.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hansa.kernel.ids import ContentId, NodeId
from hansa.kernel.instant import Instant
from hansa.kernel.resources import UNITS, Resource
from hansa.market.lease_states import State
from hansa.market.model import Window

NARROW = 0.5
"""Share of the transfers from which on a relay that they go by is a bottleneck."""

MOST_PAIRS = 10
"""Pairs that are named."""

Path = Sequence[NodeId]
"""Nodes from one end to the other, both included."""

USED = (State.ACTIVE, State.METERED, State.SETTLED, State.BROKEN)
"""States of a lease whose units were somebody's."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """A lease that was asked for, or a copy that was taken.

    Attributes:
        id: of the ask, or of what was copied.
        request: what it is for, by its borrower's own count; 0 for copies.
        window: for which it was asked; a copy's has no length.
        state: where the lease stands; None where none was granted. Copies are settled.
        ended: when it was over; None before that.
        price: in millionths of a credit, for one unit and hour. cost: what it came to.
        brought: of a lease of copies, those that came. records: their ids.
    """

    id: ContentId
    lender: NodeId
    borrower: NodeId
    resource: Resource
    amount: int
    window: Window
    state: State | None
    ended: Instant | None = None
    request: int = 0
    price: int = 0
    cost: int = 0
    brought: int = 0
    records: tuple[ContentId, ...] = ()

    @property
    def used(self) -> Window | None:
        """When its units were its borrower's; None for never."""
        if self.state not in USED:
            return None
        ends = self.window.ends if self.ended is None else min(self.ended, self.window.ends)
        return Window(self.window.begins, max(self.window.begins, ends))


@dataclass(frozen=True, slots=True)
class Pair:
    """A lender and a borrower.

    Attributes:
        transfers: how many. cost: of the leases among them, in millionths of a credit.
    """

    lender: NodeId
    borrower: NodeId
    transfers: int
    cost: int


@dataclass(frozen=True, slots=True)
class Bottleneck:
    """A relay that much hangs on.

    Attributes:
        share: of the transfers whose best way goes by it.
        only_to: partners that no known way leads to but by it.
        arrived: share of the packets by it that is to be expected to arrive, as experience has it.
    """

    relay: NodeId
    share: float
    only_to: tuple[NodeId, ...]
    arrived: float


@dataclass(frozen=True, slots=True)
class Ways:
    """What is known of the ways to one partner.

    Attributes:
        paths: the best first, from this node to the partner.
        arrived: packets that arrived by each of them, of late.
    """

    paths: Sequence[Path]
    arrived: Sequence[float]


@dataclass(frozen=True, slots=True)
class Flows:
    """The six figures; shares are in [0, 1], and None where there is nothing to tell."""

    total: int
    pairs: tuple[Pair, ...]
    distribution: Mapping[Resource, float]
    efficiency: float | None
    bottlenecks: tuple[Bottleneck, ...]
    optimal_routing: float | None


def flows(
    transfers: Sequence[Transfer],
    window: Window,
    me: NodeId,
    ways: Mapping[NodeId, Ways],
    arrived: Mapping[NodeId, float],
) -> Flows:
    """Returns the six figures of one node.

    Args:
        transfers: all that this node has an end in, in any order.
        window: what is looked at; what overlaps it counts.
        ways: to partners, as far as ways to them are known.
        arrived: by relay, the share of packets that is to be expected to arrive.
    """
    done = [one for one in transfers if _overlaps(one.used, window)]
    partners = Counter(one.lender if one.borrower == me else one.borrower for one in done)
    return Flows(
        total=len(done),
        pairs=most_active(done),
        distribution=distribution(done),
        efficiency=efficiency([one for one in transfers if _overlaps(one.window, window)]),
        bottlenecks=bottlenecks(partners, ways, arrived),
        optimal_routing=optimal_routing({one: ways[one] for one in partners if one in ways}),
    )


def _overlaps(one: Window | None, window: Window) -> bool:
    """Says whether two windows meet; one without length meets the window that holds its instant."""
    return one is not None and one.begins < window.ends and window.begins < max(one.ends, one.begins + 1)


def most_active(transfers: Sequence[Transfer], most: int = MOST_PAIRS) -> tuple[Pair, ...]:
    """Returns the pairs with most transfers."""
    counts, costs = Counter[tuple[NodeId, NodeId]](), Counter[tuple[NodeId, NodeId]]()
    for one in transfers:
        counts[one.lender, one.borrower] += 1
        costs[one.lender, one.borrower] += one.cost
    order = sorted(counts, key=lambda pair: (-counts[pair], pair))
    return tuple(Pair(*pair, counts[pair], costs[pair]) for pair in order[:most])


def distribution(transfers: Sequence[Transfer]) -> dict[Resource, float]:
    """Returns each resource's share of the transfers, those that had any; the shares are 1 together."""
    counts = Counter(one.resource for one in transfers)
    return {resource: counts[resource] / len(transfers) for resource in Resource if counts[resource]}


def efficiency(asked: Sequence[Transfer]) -> float | None:
    """Returns the mean share of what was asked for that was had."""
    return sum(map(_had, asked)) / len(asked) if asked else None


def _had(one: Transfer) -> float:
    if one.used is None or one.state is State.BROKEN:
        return 0.0
    if not one.window.lasts:
        return 1.0
    if not UNITS[one.resource].leased:
        return min(1.0, one.brought / one.amount)
    return one.used.lasts / one.window.lasts


def bottlenecks(
    partners: Mapping[NodeId, int], ways: Mapping[NodeId, Ways], arrived: Mapping[NodeId, float]
) -> tuple[Bottleneck, ...]:
    """Returns the relays that much hangs on, those with the greatest share first.

    Args:
        partners: transfers by partner.
    """
    total = sum(partners.values())
    by, only = Counter[NodeId](), dict[NodeId, list[NodeId]]()
    for partner, many in sorted(partners.items()):
        paths = ways[partner].paths if partner in ways else ()
        if paths:
            by.update(dict.fromkeys(paths[0][1:-1], many))
            for relay in paths[0][1:-1]:
                if all(relay in path[1:-1] for path in paths):
                    only.setdefault(relay, []).append(partner)
    found = [
        Bottleneck(relay, many / total, tuple(only.get(relay, ())), arrived.get(relay, 0.5))
        for relay, many in by.items()
        if many / total >= NARROW or relay in only
    ]
    return tuple(sorted(found, key=lambda one: (-one.share, one.relay)))


def optimal_routing(ways: Mapping[NodeId, Ways]) -> float | None:
    """Returns the share of packets that arrived by the best way, of those that arrived by any that is known."""
    all_ = sum(sum(one.arrived) for one in ways.values())
    best = sum(one.arrived[0] for one in ways.values() if one.arrived)
    return min(1.0, best / all_) if all_ else None
