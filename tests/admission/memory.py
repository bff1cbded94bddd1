"""An in-memory `Memory` for tests: what a node took, by the obvious data structures."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from hansa.admission.service import Admission, Admitted, Freshness, Guest, Params, Via
from hansa.identity.envelope import Verified
from hansa.kernel.ids import ContentId, NodeId
from hansa.kernel.instant import Instant
from tests.attacks.specimens import NETWORK, NOW

KINDS = {
    "skill": Freshness.DURABLE,
    "evidence": Freshness.DURABLE,
    "tombstone": Freshness.DURABLE,
    "root": Freshness.STANDING,
    "hello": Freshness.LIVE,
    "welcome": Freshness.LIVE,
    "index": Freshness.LIVE,
    "presence": Freshness.SPREAD,
    "suspicion": Freshness.SPREAD,
    "links": Freshness.SPREAD,
    "arrived": Freshness.SPREAD,
    "offers": Freshness.SPREAD,
    "requests": Freshness.SPREAD,
    "lease_ask": Freshness.DURABLE,
    "lease": Freshness.DURABLE,
    "lease_act": Freshness.DURABLE,
    "roster": Freshness.DURABLE,
    "proposal": Freshness.DURABLE,
    "vote": Freshness.DURABLE,
    "outcome": Freshness.DURABLE,
    "reflection": Freshness.DURABLE,
    "notice": Freshness.SPREAD,
    "noticed": Freshness.SPREAD,
}
ME = NodeId("did:key:z6MktwupdmLXVVqTzCw4i46r4uGyosGXRnR3XjN4Zq7oMMsw")


@dataclass
class Notebook:
    """Remembers what it is told."""

    kinds: dict[str, Freshness] = field(default_factory=lambda: dict(KINDS))
    ids: set[ContentId] = field(default_factory=set)
    durable: dict[tuple[NodeId, int], ContentId] = field(default_factory=dict)
    floors: dict[NodeId, int] = field(default_factory=dict)
    guests: dict[NodeId, Guest] = field(default_factory=dict)
    sizes: Counter[NodeId] = field(default_factory=Counter)

    def keep(self, admitted: Admitted) -> None:
        message = admitted.message
        if self.kinds[message.header.kind] is Freshness.SPREAD:
            return
        self.ids.add(message.id)
        self.sizes[message.author] += len(message.raw)
        if self.kinds[message.header.kind] is not Freshness.LIVE:
            self.durable[message.author, message.header.seq] = message.id
        else:
            self.floors[message.author] = max(message.header.seq, self.live_floor(message.author))

    def holds(self, message: ContentId) -> bool:
        return message in self.ids

    def at_sequence(self, author: NodeId, seq: int) -> ContentId | None:
        return self.durable.get((author, seq))

    def live_floor(self, author: NodeId) -> int:
        return self.floors.get(author, -1)

    def guest(self, author: NodeId) -> Guest:
        return self.guests.get(author, Guest())

    def bytes_of(self, author: NodeId) -> int:
        return self.sizes[author]

    def bytes_held(self) -> int:
        return self.sizes.total()


@dataclass
class Gate:
    """A node's admission with its memory: what is admitted is kept."""

    memory: Notebook
    admission: Admission

    def take(self, message: Verified, via: Via = Via.FEED, now: int = NOW) -> Admitted:
        admitted = self.admission.admit(message, via, Instant(now))
        self.memory.keep(admitted)
        return admitted


def gate(
    *,
    me: NodeId = ME,
    network: str = NETWORK,
    kinds: dict[str, Freshness] | None = None,
    params: Params | None = None,
    guests: dict[NodeId, Guest] | None = None,
) -> Gate:
    """Returns a gate that has taken nothing yet."""
    memory = Notebook(kinds=dict(kinds or KINDS), guests=dict(guests or {}))
    return Gate(memory, Admission(me, network, memory.kinds, memory, params or Params()))
