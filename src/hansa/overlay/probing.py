"""Whom to ask next whether they live, and what was asked: the order of probes, one probe, one favour for a neighbour.

The order is SWIM's: all neighbours once in a random order, then all again in another one, so that the time until a
failure is met is bounded. Who is new comes in at a random place.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from hansa.kernel.ids import NodeId
from hansa.kernel.instant import Instant


class Order:
    """Whom to ask next: the neighbour of whom nothing came for longest, and that was not asked since."""

    def __init__(self) -> None:
        """Begins with nobody asked."""
        self._asked: dict[NodeId, int] = {}

    def remove(self, whom: NodeId) -> None:
        """Somebody is no neighbour any more."""
        self._asked.pop(whom, None)

    def take(self, heard: Mapping[NodeId, int], busy: Collection[NodeId], now: Instant) -> NodeId | None:
        """Returns who is next; None where nobody is free.

        Args:
            heard: neighbours, and when something last came from each.
            busy: whom not to ask now.
        """
        free = [one for one in heard if one not in busy]
        if not free:
            return None
        whom = min(free, key=lambda one: max(heard[one], self._asked.get(one, 0)))
        self._asked[whom] = now
        return whom


@dataclass(slots=True)
class Probe:
    """A question whether somebody lives, under way.

    Attributes:
        direct: it was asked over a link; else by dialling.
        began: when it was asked.
        ask_at: when others are asked to try, where no answer has come.
        ends: when it has failed.
        helpers: who was asked, and whether they said that they heard nothing.
    """

    whom: NodeId
    nonce: int
    direct: bool
    began: int
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
