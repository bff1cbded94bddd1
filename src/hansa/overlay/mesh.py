"""The links of this node as gossip sees them: which are in the mesh, where trees begin, and which are not.

Links begin in the mesh while it is smaller than it should be. Its room is bounded; some of it is kept for links that
this node dialled, since whoever calls in has chosen us (threat 43). Where the mesh is full, a neighbour that this node
dialled and that has earned a better score takes the place of the worst that called in.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from hansa.kernel.ids import NodeId
from hansa.kernel.instant import Instant
from hansa.overlay.gossip_params import Params, Rate
from hansa.overlay.peer_score import Conduct
from hansa.overlay.quotas import Bucket, Meter


def _of_what_it_takes(link: Rate) -> Rate:
    """Returns what is pushed to a neighbour: less than what it takes, if it has the same parameters."""
    return Rate(link.words * 4 // 5, link.word_burst * 4 // 5, link.bytes * 4 // 5, link.byte_burst * 4 // 5)


class Link:
    """One neighbour.

    Attributes:
        bit: its place in sets of neighbours.
        dialled: whether this node made the link.
        eager: whether it is in the mesh.
        refused_until: it was told not to graft before.
        waits_until: it told us not to.
        haves: names that go to it with the next tick.
        wants: what it is asked for with the next tick.
        intake: what it may send unasked.
        out: what may be pushed to it.
        names: ids that it may name.
        served: what it may have by asking.
        topics: what it cares for; None for everything.
        judging: words of it that wait for a verdict.
        over: words of it that were not looked at since the last heartbeat, for want of quota.
        owed: words that it was asked for, and that count against no quota.
        kept_at: when it last brought one of those, or was last blamed for bringing none.
        closing: whether its end was asked for.
        unproved: words pushed to it since it last showed that it is awake.
        silent: whether it holds words back, as of the last heartbeat.
    """

    __slots__ = (
        "bit",
        "closing",
        "conduct",
        "dialled",
        "eager",
        "haves",
        "intake",
        "judging",
        "kept_at",
        "names",
        "out",
        "over",
        "owed",
        "peer",
        "refused_until",
        "served",
        "silent",
        "since",
        "slot",
        "topics",
        "unproved",
        "waits_until",
        "wants",
    )

    def __init__(self, peer: NodeId, slot: int, dialled: bool, conduct: Conduct, params: Params, now: Instant) -> None:
        """Begins outside the mesh."""
        self.peer, self.slot, self.bit, self.dialled, self.since = peer, slot, 1 << slot, dialled, now
        self.conduct = conduct
        self.eager = False
        self.refused_until = self.waits_until = self.kept_at = Instant(0)
        self.haves: list[bytes] = []
        self.wants: list[bytes] = []
        self.intake = Meter(params.link, now)
        self.out = Meter(_of_what_it_takes(params.link), now)
        self.names = Bucket(params.names, 10 * params.names, now)
        self.served = Meter(params.served, now)
        self.topics: frozenset[str] | None = None
        self.judging = self.over = self.owed = self.unproved = 0
        self.silent = self.closing = False

    def cares(self, topic: str) -> bool:
        """Says whether a topic's words are for it; words without one are for all."""
        return not topic or self.topics is None or topic in self.topics


class Mesh:
    """All links, by neighbour, in the order in which they came to stand."""

    def __init__(self, params: Params) -> None:
        """Begins with none."""
        self._params = params
        self.links: dict[NodeId, Link] = {}
        self._by_slot: dict[int, Link] = {}
        self._resting: deque[tuple[Instant, int]] = deque()
        self._next = 0

    def add(self, peer: NodeId, dialled: bool, conduct: Conduct, now: Instant) -> Link:
        """Returns a new link, outside the mesh."""
        if self._resting and self._resting[0][0] <= now:
            slot = self._resting.popleft()[1]
        else:
            slot = self._next
            self._next += 1
        link = Link(peer, slot, dialled, conduct, self._params, now)
        self.links[peer] = self._by_slot[slot] = link
        return link

    def drop(self, peer: NodeId, now: Instant) -> Link | None:
        """Forgets a link; its slot rests until nothing remembers it by that slot."""
        link = self.links.pop(peer, None)
        if link is not None:
            del self._by_slot[link.slot]
            self._resting.append((Instant(now + self._params.seen_window + self._params.wish_life), link.slot))
        return link

    def of(self, bits: int) -> Iterator[Link]:
        """Yields the links in a set, by slot."""
        while bits:
            low = bits & -bits
            bits ^= low
            link = self._by_slot.get(low.bit_length() - 1)
            if link is not None:
                yield link

    def eager(self) -> list[Link]:
        """Returns the links in the mesh."""
        return [link for link in self.links.values() if link.eager]

    def has_room(self, link: Link, most: int) -> bool:
        """Says whether a link may join the mesh while it has fewer than `most`: others leave some to dialled ones."""
        eager = self.eager()
        if len(eager) >= most:
            return False
        called = sum(not one.dialled for one in eager)
        return link.dialled or called < self._params.eager_max - self._params.eager_dialled

    def to_displace(self, link: Link) -> Link | None:
        """Returns who would have to leave for a link that was dialled, in a full mesh; None if nobody is worse."""
        if not link.dialled:
            return None
        called = [one for one in self.eager() if not one.dialled]
        worst = min(called, key=lambda one: one.conduct.value, default=None)
        return worst if worst is not None and worst.conduct.value < link.conduct.value else None

    def set_eager(self, link: Link, eager: bool, now: Instant) -> None:
        """Moves a link into the mesh, or out of it."""
        link.eager = eager
        link.conduct.mesh_since = now if eager else None

    def better(self, least: int) -> Link | None:
        """Returns the best link outside the mesh if the middle one inside has less than `least` and than it."""
        inside = sorted(one.conduct.value for one in self.eager())
        if not inside or inside[len(inside) // 2] >= least:
            return None
        outside = [one for one in self.links.values() if not one.eager and one.conduct.value >= 0]
        best = max(outside, key=lambda one: (one.conduct.value, one.dialled), default=None)
        return best if best is not None and best.conduct.value > inside[len(inside) // 2] else None
