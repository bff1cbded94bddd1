"""How well is the network, as far as it is seen from here (M15)? Eight figures in [0, 1], and what to do about each.

    overall = 0.25 connectivity + 0.2 redundancy + 0.15 latency + 0.15 throughput + 0.15 utilisation + 0.1 trust

| figure | formula | 1 means |
|---|---|---|
| connectivity | pairs of known nodes that have a way to each other, of all pairs | everybody reaches everybody |
| redundancy | known nodes that lie on a circle, of all | to each there are two ways without a common relay |
| latency | mean over links of 1 / (1 + latency / 100 ms) | no delay |
| throughput | bytes that were delivered of those sent, 1 where none were | nothing is lost |
| utilisation | mean over links of min(1, free share / 0.3) | no link is more than 70 % full |
| trust | sum of sorted trust, the least weighted most: mean x (1 - Gini) (Sen 1976) | all are trusted wholly |
| flow | words new here a second / (that + 1) | many news |
| balance | (sum x)^2 / (n sum x^2) of bytes per link (Jain 1984), 1 without traffic | all links carry as much |

The last two are reported and not part of the sum. Each is computed in O(nodes + links), trust in O(n log n).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from hansa.kernel.ids import NodeId
from hansa.overlay.paths import Graph
from hansa.overlay.structure import Structure, structure
from hansa.overlay.traffic import Rates

GOOD_LATENCY_MS = 100
"""Latency that is worth one half."""

ROOMY = 0.3
"""Free share of a link from which on more is no better."""

WEAK = 0.6
"""A figure below this is weak."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """Bytes that were sent along routes and that arrived, in some window."""

    sent: int = 0
    delivered: int = 0


@dataclass(frozen=True, slots=True)
class Health:
    """The eight figures, each in [0, 1], and the nodes and links on which all hangs.

    Attributes:
        unmeasured: figures that there is nothing for yet, such as the latency of no link: what they are says nothing.
    """

    connectivity: float
    redundancy: float
    latency: float
    throughput: float
    utilisation: float
    trust: float
    flow: float
    balance: float
    cut_nodes: tuple[NodeId, ...] = ()
    bridges: tuple[tuple[NodeId, NodeId], ...] = ()
    unmeasured: tuple[str, ...] = ()

    @property
    def overall(self) -> float:
        """The weighted sum (M15)."""
        return (
            0.25 * self.connectivity
            + 0.20 * self.redundancy
            + 0.15 * (self.latency + self.throughput + self.utilisation)
            + 0.10 * self.trust
        )


class Repair(StrEnum):
    """What is done about a weak figure."""

    DIAL = "link who is not reached: hansa join LINK, or hansa net connect URL (hansa net peers says who)"
    BYPASS = "link neighbours of a node on which all hangs: on one of them, hansa net connect URL of another"
    NEARER = "link nodes that answer sooner: hansa net connect URL"
    OTHER_WAYS = "find relays that drop, and other ways: hansa net paths NODE"
    SHED = "make more links: hansa net connect URL; and send less over full ones"
    DEAL = "deal with more nodes before relying on few: hansa peer invite lets them in"
    LISTEN = "link nodes with other interests: hansa net connect URL"
    SPREAD = "send over links that carry little: hansa net peers shows what each carries"


@dataclass(frozen=True, slots=True)
class Advice:
    """A weak figure, what it is, what to do, and which nodes it is about."""

    figure: str
    value: float
    repair: Repair
    about: tuple[NodeId, ...] = ()


_REPAIRS = {
    "connectivity": Repair.DIAL,
    "redundancy": Repair.BYPASS,
    "latency": Repair.NEARER,
    "throughput": Repair.OTHER_WAYS,
    "utilisation": Repair.SHED,
    "trust": Repair.DEAL,
    "flow": Repair.LISTEN,
    "balance": Repair.SPREAD,
}


def measure(
    graph: Graph,
    known: Sequence[NodeId],
    trust: Mapping[NodeId, float],
    links: Mapping[NodeId, Rates],
    new_words: float,
    delivery: Delivery | None = None,
) -> Health:
    """Returns how well the network is.

    Args:
        graph: who is linked with whom (`Topology.graph`).
        known: all nodes that are known of, also those that can't be reached (`Topology.known`).
        trust: node to [0, 1] (M13); nodes without an entry count as 0.
        links: what went over each own link lately (`Traffic.all`).
        new_words: words a second that were new here.
        delivery: what was sent along routes lately.
    """
    nodes = list(dict.fromkeys([*known, *graph]))
    shape = structure(graph, nodes)
    delivery = delivery or Delivery()
    return Health(
        connectivity=connectivity(shape),
        redundancy=redundancy(shape),
        latency=latency(graph),
        throughput=throughput(delivery.sent, delivery.delivered),
        utilisation=utilisation(graph),
        trust=trust_distribution([trust.get(node, 0.0) for node in nodes]),
        flow=flow(new_words),
        balance=balance([rates.bytes for rates in links.values()]),
        cut_nodes=shape.cut_nodes,
        bridges=shape.bridges,
        unmeasured=_unmeasured(graph, len(nodes), new_words),
    )


def _unmeasured(graph: Graph, nodes: int, new_words: float) -> tuple[str, ...]:
    """Returns what there is nothing for: without another node, without a third to go around by, links, or words."""
    if nodes < 2:
        return tuple(figure for figure in _REPAIRS if figure != "connectivity")
    none = {"redundancy": nodes < 3, "flow": not new_words}
    none |= dict.fromkeys(("latency", "utilisation"), not any(graph.values()))
    return tuple(figure for figure in _REPAIRS if none.get(figure))


def advice(health: Health, weak: float = WEAK) -> list[Advice]:
    """Returns what is weak and what is done about it, the weakest first; of what is not measured nothing."""
    found = [
        Advice(figure, value, repair, health.cut_nodes if repair is Repair.BYPASS else ())
        for figure, repair in _REPAIRS.items()
        if figure not in health.unmeasured and (value := float(getattr(health, figure))) < weak
    ]
    return sorted(found, key=lambda one: one.value)


def connectivity(shape: Structure) -> float:
    """Returns the share of pairs that have a way to each other; a lone node has nobody: 0."""
    count = sum(shape.parts)
    if count < 2:
        return 0.0
    return sum(size * (size - 1) for size in shape.parts) / (count * (count - 1))


def redundancy(shape: Structure) -> float:
    """Returns the share of nodes on a circle.

    Whoever is on one is in a block of three or more nodes, and between any two nodes of a block there are two ways
    without a common relay (Menger).
    """
    count = sum(shape.parts)
    return shape.on_circles / count if count else 0.0


def latency(graph: Graph) -> float:
    """Returns the mean of 1 / (1 + latency / 100 ms) over links; 0 without links."""
    worth = [GOOD_LATENCY_MS / (GOOD_LATENCY_MS + edge.latency_ms) for row in graph.values() for edge in row.values()]
    return _mean(worth)


def throughput(sent: int, delivered: int) -> float:
    """Returns the share of bytes that arrived; 1 where none were sent."""
    return min(1.0, delivered / sent) if sent else 1.0


def utilisation(graph: Graph) -> float:
    """Returns the mean over links of min(1, free share / 0.3); 0 without links."""
    free = [(1000 - edge.utilisation) / 1000 for row in graph.values() for edge in row.values()]
    return _mean([min(1.0, share / ROOMY) for share in free])


def trust_distribution(trust: Sequence[float]) -> float:
    """Returns mean x (1 - Gini), as a sum over the sorted values whose weights fall; 0 for nobody.

    More trust for anybody is better, and for whoever has least it is best.
    """
    count = len(trust)
    ordered = sorted(trust)
    return sum(value * (2 * (count - place) - 1) for place, value in enumerate(ordered)) / count**2 if count else 0.0


def flow(new_words: float) -> float:
    """Returns rate / (rate + 1): one new word a second is one half."""
    return new_words / (new_words + 1)


def balance(loads: Sequence[float]) -> float:
    """Returns Jain's index of fairness: 1/n when one link carries all, 1 when all carry the same, or nothing."""
    squares = sum(load * load for load in loads)
    return min(1.0, sum(loads) ** 2 / (len(loads) * squares)) if squares else 1.0


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
