"""What both ways of spreading have in common: links with a latency and a loss, who lives, and what became of a word."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hansa.sim.models.chance import below
from hansa.sim.models.graph import Graph, Mask, Positions

GRAIN = 10
"""Milliseconds that latencies and ticks are whole multiples of."""


@dataclass(frozen=True, slots=True)
class Net:
    """A graph whose links take time and lose frames.

    Attributes:
        graph: the links.
        mirrors: for each position that of the link's other end.
        latency: milliseconds from a position's owner to its peer; the same both ways.
        loss: probability that a frame is lost.
        alive: who lives; the dead take frames and say nothing.
    """

    graph: Graph
    mirrors: Positions
    latency: Positions
    loss: float
    alive: Mask

    @classmethod
    def over(
        cls, graph: Graph, chance: np.random.Generator, least: int = 10, most: int = 100, loss: float = 0.0
    ) -> Net:
        """Returns a net with an even latency for each link, from `least` to `most` milliseconds in steps of `GRAIN`.

        Raises:
            ValueError: bounds of the latency are no multiples of the grain, or `loss` is no probability below 1.
        """
        if least < GRAIN or most < least or least % GRAIN or most % GRAIN:
            raise ValueError(f"least and most must be multiples of {GRAIN}, and most not below least")
        if not 0 <= loss < 1:
            raise ValueError("loss must be at least 0 and below 1")
        mirrors = graph.mirrors()
        drawn = least + GRAIN * below(chance, (most - least) // GRAIN + 1, mirrors.size)
        latency = drawn[np.minimum(mirrors, np.arange(mirrors.size))]
        return cls(graph, mirrors, latency, loss, np.ones(graph.nodes, np.bool_))

    def arrives(self, positions: Positions, chance: np.random.Generator) -> Mask:
        """Says which frames sent from these positions are neither lost nor for a dead node."""
        living = self.alive[self.graph.peers[positions]]
        return living & (chance.random(positions.size) >= self.loss) if self.loss else living


@dataclass(frozen=True, slots=True)
class Spread:
    """What became of one word.

    Attributes:
        source: where it began.
        took: milliseconds until each node had it; -1 for those that never did. Shape (nodes,).
        hops: links that it had crossed by then.
        copies: times that it came to a living node, whether that node had it or not.
        sent: times that it was sent, to the dead and into the loss as well.
        named: times that its name was sent.
        asked: times that it was asked for.
        compared: nodes that have it since neighbours compared what they hold.
    """

    source: int
    took: NDArray[np.int64]
    hops: NDArray[np.int64]
    copies: int
    sent: int
    named: int
    asked: int
    compared: int = 0

    @property
    def reached(self) -> Mask:
        """Who has it."""
        return self.took >= 0

    def copies_per_node(self) -> float:
        """Returns how often it came to each node that has it, but the source."""
        return self.copies / max(1, int(self.reached.sum()) - 1)

    def coverage(self, net: Net) -> float:
        """Returns which share has it of those living nodes that can be reached at all."""
        reachable = net.graph.reachable(self.source, net.alive)
        return float(self.reached[reachable].sum() / reachable.sum())

    def hops_to(self, share: float) -> int:
        """Returns how many links it takes to that share of those who have it."""
        return int(np.quantile(self.hops[self.reached], share, method="inverted_cdf"))

    def milliseconds_to(self, share: float) -> int:
        """Returns how long it takes to that share of those who have it."""
        return int(np.quantile(self.took[self.reached], share, method="inverted_cdf"))
