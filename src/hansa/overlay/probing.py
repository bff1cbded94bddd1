"""Whom to ask next whether they live, and what was asked: the order of probes, one probe, one favour for a neighbour.

The order is SWIM's: all neighbours once in a random order, then all again in another one, so that the time until a
failure is met is bounded. Who is new comes in at a random place.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hansa.kernel.ids import NodeId
from hansa.kernel.rng import Rng


class Order:
    """Round after round over all neighbours, each round in an order of its own."""

    def __init__(self, rng: Rng) -> None:
        """Begins with nobody."""
        self._rng = rng
        self._all: list[NodeId] = []
        self._next = 0

    def __len__(self) -> int:
        """Returns how many take part."""
        return len(self._all)

    def add(self, whom: NodeId) -> None:
        """Somebody takes part from now on."""
        if whom not in self._all:
            self._all.insert(self._rng.between(self._next, len(self._all)), whom)

    def remove(self, whom: NodeId) -> None:
        """Somebody takes part no more."""
        if whom in self._all:
            place = self._all.index(whom)
            del self._all[place]
            self._next -= place < self._next

    def take(self) -> NodeId | None:
        """Returns who is next; None where nobody takes part."""
        if not self._all:
            return None
        if self._next >= len(self._all):
            self._all, self._next = self._rng.shuffled(self._all), 0
        self._next += 1
        return self._all[self._next - 1]


@dataclass(slots=True)
class Probe:
    """A question whether somebody lives, under way.

    Attributes:
        direct: it was asked over a link; else by dialling.
        ask_at: when others are asked to try, where no answer has come.
        ends: when it has failed.
        helpers: who was asked, and whether they said that they heard nothing.
    """

    whom: NodeId
    nonce: int
    direct: bool
    ask_at: int
    ends: int
    asked: bool = False
    helpers: dict[NodeId, bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Favour:
    """A neighbour's `Reach`: for whom, with which nonce, about whom, and until when it waits."""

    asker: NodeId
    nonce: int
    whom: NodeId
    until: int


@dataclass(slots=True)
class Doubt:
    """A suspicion of this node's own.

    Attributes:
        confirmed: neighbours that tried in vain or doubt as well; distinct, as they are keys.
        rounds: probes that failed since it began while somebody showed that this node is awake.
        again: when to probe next.
    """

    whom: NodeId
    since: int
    again: int
    confirmed: dict[NodeId, None] = field(default_factory=dict)
    rounds: int = 0


@dataclass(slots=True)
class Hearsay:
    """Others doubt somebody: since when, how many said so, who of the neighbours did, when this node looks itself."""

    since: int
    look_at: int
    said: int = 0
    accusers: dict[NodeId, None] = field(default_factory=dict)
