"""How a network grows under one of the node's two ways of choosing links, and what it is worth to share over it (M17).

    found = grow(Params(initial=20, steps=10, per_step=20), solve=exact)
    found.stages[-1].flow_efficiency

In each step nodes join; then the network is measured, and all hold a round of sharing. In a round every node offers one
of the eight resources and asks for one, each drawn evenly; the market's clearing matches them (`trading`), and matched
units go over the overlay's ways (`ways`), match by match, each over the best way by M4 that has room for all of it.

    flow efficiency = units delivered / units asked for, in a round

so it counts what found no offer as well as what found no room on its way. It is not the global efficiency of Latora and
Marchiori, which says how near all are to all and stands beside it.

A round is held by all nodes up to `TRADERS`; in a larger network by so many, drawn evenly. They see all of each other,
and nobody else loads the links, so for large networks what is said of room is a bound from above.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from hansa.kernel.errors import UsageError
from hansa.kernel.rng import Rng
from hansa.market.problem import Solver, jain
from hansa.overlay.link_params import Policy
from hansa.sim.models.bounded import Bounds, stages
from hansa.sim.models.chance import generator
from hansa.sim.models.graph import Graph, Nodes
from hansa.sim.models.growth import preferential
from hansa.sim.studies.measures import Estimate, PowerLaw, clustering, degree_counts, drawn, lengths, power_law
from hansa.sim.studies.trading import RESOURCES, Numbers, Offers, Requests, cleared
from hansa.sim.studies.ways import Ways

ATTACH = 4
"""Links that a newcomer makes under `preferential`, as the node's own parameters have it."""

MOST_NODES, MOST_STEPS = 1_000_000, 1_000
TRADERS = 4_000
MOST_CLEARINGS = 64

Tell = Callable[[int, int, str], None]
"""Is told how far the work is: done, in all, and what is being done."""


@dataclass(frozen=True, slots=True)
class Params:
    """What is grown.

    Attributes:
        initial: nodes at the beginning.
        steps: how often nodes join after that.
        per_step: nodes that join in each step.
        policy: by which rule links are chosen.
        seed: all chance follows from it.
    """

    initial: int = 20
    steps: int = 10
    per_step: int = 20
    policy: Policy = Policy.BOUNDED
    seed: int = 1

    def validate(self) -> None:
        """Raises UsageError naming the number that makes no sense, and what would."""
        least = least_nodes(self.policy)
        if self.initial < least:
            raise UsageError(f"initial nodes must be at least {least} under {self.policy}: that many link each other")
        if not 0 <= self.steps <= MOST_STEPS:
            raise UsageError(f"steps must be between 0 and {MOST_STEPS:,}: let more nodes join in each")
        if self.per_step < 1:
            raise UsageError("nodes per step must be at least 1")
        if self.nodes > MOST_NODES:
            raise UsageError(
                f"{self.nodes:,} nodes in the end are more than {MOST_NODES:,}: take fewer steps, or fewer in each"
            )

    @property
    def nodes(self) -> int:
        """How many there are in the end."""
        return self.initial + self.steps * self.per_step


def least_nodes(policy: Policy) -> int:
    """Returns how many nodes a network has at least under a policy."""
    return Bounds().target + 1 if policy is Policy.BOUNDED else ATTACH + 1


@dataclass(frozen=True, slots=True)
class Sharing:
    """A round of sharing.

    Attributes:
        traders: nodes that took part.
        asked, matched, delivered: units.
        matches, carried: pairs of a request and an offer, and how many of them found room on a way.
        second_way: of those carried, how many did not go over the way with the most merit, as it was full.
        hops: mean links of the ways that were taken.
        fairness: Jain's index over the shares that borrowers are delivered of what they ask for.
        clearings: how often it was cleared.
    """

    traders: int
    asked: int
    matched: int
    delivered: int
    matches: int
    carried: int
    second_way: int
    hops: float
    fairness: float
    clearings: int


@dataclass(frozen=True, slots=True)
class Stage:
    """The network after a step.

    Attributes:
        degrees: how many nodes have how many links.
        power_law: of a network under `preferential`, where there are enough nodes for one.
        sharing: the round that was held.
    """

    step: int
    nodes: int
    edges: int
    clustering: Estimate
    path_length: Estimate
    global_efficiency: Estimate
    connected: float
    longest: int
    degrees: tuple[tuple[int, int], ...]
    power_law: PowerLaw | None
    sharing: Sharing

    @property
    def flow_efficiency(self) -> float:
        """Units delivered of those asked for; 1 where nobody asked."""
        return self.sharing.delivered / self.sharing.asked if self.sharing.asked else 1.0

    @property
    def mean_degree(self) -> float:
        """Links of a node."""
        return 2 * self.edges / self.nodes


@dataclass(frozen=True, slots=True)
class Grown:
    """What a study of growth found."""

    params: Params
    stages: tuple[Stage, ...]

    def as_json(self) -> dict[str, Any]:
        """Returns it for programs; fractions to six places."""
        return {
            "study": "growth",
            "params": rounded(asdict(self.params)),
            "steps": [
                rounded(asdict(one) | {"mean_degree": one.mean_degree, "flow_efficiency": one.flow_efficiency})
                for one in self.stages
            ],
        }


def rounded(value: Any) -> Any:
    """Returns a value with each fraction in it to six places."""
    if isinstance(value, float):
        return round(value, 6)
    if isinstance(value, dict):
        return {name: rounded(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(one) for one in value]
    return value


def grow(params: Params, solve: Solver, tell: Tell = lambda done, of, what: None) -> Grown:
    """Grows a network, and measures it after each step.

    Args:
        params: what is grown.
        solve: finds the optimum of a clearing.
        tell: is told how far it is.

    Raises:
        UsageError: a number makes no sense.
    """
    params.validate()
    rng, found = Rng(params.seed).child("growth"), []
    tell(0, params.steps + 1, f"{params.initial:,} nodes")
    for step, graph in enumerate(_graphs(params, rng)):
        found.append(_measured(step, graph, params, rng, solve))
        tell(step + 1, params.steps + 1, f"{graph.nodes:,} nodes")
    return Grown(params, tuple(found))


def network(nodes: int, policy: Policy, rng: Rng) -> Graph:
    """Returns a network of so many nodes, grown under a policy."""
    if policy is Policy.BOUNDED:
        return next(stages([nodes], Bounds(), rng))
    return preferential(nodes, ATTACH, rng)


def _graphs(params: Params, rng: Rng) -> Iterator[Graph]:
    sizes = [params.initial + step * params.per_step for step in range(params.steps + 1)]
    if params.policy is Policy.BOUNDED:
        yield from stages(sizes, Bounds(), rng.child("links"))
        return
    last = preferential(sizes[-1], ATTACH, rng.child("links"))
    takers = last.links_made()[1]
    for size in sizes:  # newcomers come one after the other, so that a smaller network is the beginning of a larger one
        yield Graph.of_takers(takers[: ATTACH * (size - ATTACH)], last.made[:size])


def _measured(step: int, graph: Graph, params: Params, rng: Rng, solve: Solver) -> Stage:
    chance = generator(rng.child("measures", step))
    far = lengths(graph, chance)
    return Stage(
        step=step,
        nodes=graph.nodes,
        edges=graph.links,
        clustering=clustering(graph, chance),
        path_length=far.path_length,
        global_efficiency=far.efficiency,
        connected=far.connected,
        longest=far.longest,
        degrees=tuple(degree_counts(graph)),
        power_law=power_law(graph) if params.policy is Policy.PREFERENTIAL else None,
        sharing=shared(graph, rng.child("sharing", step), solve),
    )


def shared(graph: Graph, rng: Rng, solve: Solver) -> Sharing:
    """Holds a round of sharing.

    Args:
        graph: who is linked with whom.
        rng: who takes part, what they offer and ask for, and what links are like.
        solve: finds the optimum of the clearing.
    """
    chance = generator(rng)
    traders = drawn(graph.nodes, TRADERS, chance)
    requests, offers = _wishes(traders, chance)
    trust = chance.integers(0, 1001, graph.nodes)
    matches, clearings = _cleared_out(requests, offers, trust, solve)
    ways = Ways(graph, rng.below(1 << 64), trust.astype(np.int32))
    nobody = np.zeros(graph.nodes, np.bool_)
    got, carried, second, hops = np.zeros(requests.units.size, np.int64), 0, 0, 0
    for request, offer, units in matches:
        borrower, lender = int(requests.borrower[request]), int(offers.lender[offer])
        for rank, way in enumerate(ways.candidates(borrower, lender, nobody)):
            if ways.take(way, units):
                got[request] += units
                carried, hops, second = carried + 1, hops + way.hops, second + (rank > 0)
                break
    return Sharing(
        traders=traders.size,
        asked=int(requests.units.sum()),
        matched=sum(units for _, _, units in matches),
        delivered=int(got.sum()),
        matches=len(matches),
        carried=carried,
        second_way=second,
        hops=hops / carried if carried else 0.0,
        fairness=jain(list(zip(got.tolist(), requests.units.tolist(), strict=True))),
        clearings=clearings,
    )


def _cleared_out(
    requests: Requests, offers: Offers, trust: Numbers, solve: Solver
) -> tuple[list[tuple[int, int, int]], int]:
    """Returns (request, offer, units) of all clearings until nothing comes of one, and how many there were."""
    wanted, free = requests.units.copy(), offers.units.copy()
    matches: list[tuple[int, int, int]] = []
    for clearing in range(1, MOST_CLEARINGS + 1):
        asks, gives = np.flatnonzero(wanted), np.flatnonzero(free)
        found = cleared(requests.some(asks, wanted), offers.some(gives, free), trust, solve)
        request, offer = asks[found.request], gives[found.offer]
        np.subtract.at(wanted, request, found.units)
        np.subtract.at(free, offer, found.units)
        matches += zip(request.tolist(), offer.tolist(), found.units.tolist(), strict=True)
        if not found.units.size or not wanted.any():
            return matches, clearing
    return matches, MOST_CLEARINGS


def _wishes(traders: Nodes, chance: np.random.Generator) -> tuple[Requests, Offers]:
    """Returns what each asks for and offers: 1 to 100 units asked, 1 to 150 offered, at prices that all can pay."""
    count, who = traders.size, traders.astype(np.int64)
    requests = Requests(
        borrower=who,
        resource=chance.integers(0, len(RESOURCES), count),
        units=chance.integers(1, 101, count),
        urgency=chance.integers(0, 1001, count),
        most=chance.integers(300, 601, count),
    )
    offers = Offers(
        lender=who,
        resource=chance.integers(0, len(RESOURCES), count),
        units=chance.integers(1, 151, count),
        price=chance.integers(50, 151, count),
    )
    return requests, offers
