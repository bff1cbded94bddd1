"""The parts of the overlay that a node runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from hansa.kernel.ids import NodeId
from hansa.kernel.instant import Instant
from hansa.overlay.doing import Doing
from hansa.overlay.gossip import Gossip
from hansa.overlay.members import Members
from hansa.overlay.reconcile import Reconciler
from hansa.overlay.routes import Routes


class Part(Protocol):
    """What all parts do alike."""

    def lost(self, peer: NodeId, on_purpose: bool, now: Instant) -> Doing:
        """A link ended."""
        ...

    def tick(self, now: Instant) -> Doing:
        """Time has passed."""
        ...


@dataclass(frozen=True, slots=True)
class Parts:
    """One of each."""

    members: Members
    gossip: Gossip
    reconciler: Reconciler
    routes: Routes

    @property
    def each(self) -> tuple[Part, ...]:
        """All of them, in the order in which they are told what happens."""
        return (self.members, self.gossip, self.reconciler, self.routes)
