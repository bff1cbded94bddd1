"""Which links this node keeps, makes and ends (M1), and how it heals (M2).

`bounded`, rules in order:

1. below `low` links it dials until it has `target`; below `outbound` links of its own making it dials more
2. whom to dial: after a start `first_calls`; then the address table, who is dead or left last, one range of addresses
   at most `per_range` times while there are others
3. above `high` links it ends the worst that are past their grace: other nodes' ones before its own, then those whose
   range it has most of, then by score, then the youngest; never so many of its own that fewer than `outbound` stay
4. now and then it dials somebody only to see whether it is there (a feeler), and one that seemed gone; such a link ends
   soon, unless it is needed, or the other one is back: then a partition may have healed, and the link stays for a while
5. now and then it changes a link for a new one, so that no two halves of the network stay strangers
6. without any link it goes on dialling anchors, named nodes and the table for ever
7. with fewer than `low` links it dials those that seem gone as well: after a partition they are the other half
8. while a quarter of all that are known are gone, it looks four times as often, and at them alone

`preferential` is the source's way: `attach` links of its own, each to a member with a probability that grows with the
number of links that it says it has (Barabasi and Albert 1999), and as many of others as come, up to `max_connections`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hansa.kernel.ids import NodeId
from hansa.kernel.instant import SECOND, Instant
from hansa.kernel.rng import Rng
from hansa.kernel.verdict import Reason
from hansa.overlay.calling import Calls
from hansa.overlay.candidates import Candidates, range_of
from hansa.overlay.doing import Close, Doing
from hansa.overlay.first_calls import ANCHORS, Known, first_calls
from hansa.overlay.link_params import Params, Policy
from hansa.overlay.member import Phase
from hansa.overlay.roster import Roster

PRUNED = Reason.NOT_OURS
"""Why a link ends that nobody did anything wrong on."""

SPLIT = 4
_GONE = (Phase.DEAD, Phase.UNHEARD)


@dataclass(slots=True)
class Link:
    """A link that stands.

    Attributes:
        own: this node made it.
        where: the range of addresses at its other end.
        visit: it was made to look, and ends soon.
        held_until: it is not ended before, as it may join two halves of the network.
    """

    whom: NodeId
    own: bool
    where: str
    since: Instant
    visit: bool = False
    held_until: int = 0


class Linking:
    """The links of one node.

    Attributes:
        due: before then nothing comes of `tick`.
    """

    def __init__(
        self, roster: Roster, calls: Calls, table: Candidates, named: Sequence[Known], params: Params, rng: Rng
    ) -> None:
        """Begins without links."""
        self._roster = roster
        self._calls = calls
        self._table = table
        self._named = list(named)
        self._params = params
        self._rng = rng
        self.links: dict[NodeId, Link] = {}
        self.anchors: list[Known] = []
        self._queue: list[Known] | None = None
        self._ends: dict[NodeId, None] = {}
        self._visits: dict[NodeId, None] = {}
        self._scores: dict[NodeId, float] = {}
        self._filling = True
        self.due = self._pause = self._feeler = self._renewal = 0

    # ---- what happens

    def linked(self, peer: NodeId, own: bool, url: str, was: Phase | None, now: Instant, doing: Doing) -> None:
        """A link stands; `was` is what this node thought of its other end before."""
        back = was in _GONE
        self._visits.pop(peer, None)
        if not own and len(self.links) >= self._params.max_connections:
            self._end(peer, doing)
        member = self._roster.get(peer)
        urls = (url,) if url else member.urls if member else ()
        enough = self._count() >= self._params.target and self._own() >= self._params.outbound
        link = self.links[peer] = Link(peer, own, range_of(urls), now, own and enough)
        if back and sum(one.held_until > now for one in self.links.values()) < self._params.bridges:
            link.visit, link.held_until = False, now + self._params.bridge_ms

    def lost(self, peer: NodeId, on_purpose: bool, now: Instant) -> None:
        """A link ended; the next one is made at once."""
        link = self.links.pop(peer, None)
        ours = self._ends.pop(peer, 0) is None
        if link is not None:
            self._calls.lost(peer, now - link.since, on_purpose and not ours and link.own, now)
        self.due = min(self.due, int(now))

    def graded(self, scores: dict[NodeId, float]) -> None:
        """Takes how neighbours behave on the wire; above 0 is good."""
        self._scores = dict(scores)

    def kept_anchors(self) -> list[Known]:
        """Returns who is to be dialled first after a restart: own links before others, the oldest first."""
        firm = sorted(
            (one for one in self.links.values() if not one.visit), key=lambda one: (not one.own, one.since, one.whom)
        )
        known = [Known(one.whom, member.urls) for one in firm if (member := self._roster.get(one.whom)) and member.urls]
        return (known or self.anchors)[:ANCHORS]

    # ---- what is due

    def tick(self, now: Instant, doing: Doing) -> None:
        """Does what is due; looks every half second, and after each loss."""
        if now < self.due:
            return
        self.due = now + self._params.every_ms
        for whom in self._calls.overdue(now):
            self._table.failed(whom)
            self._visits.pop(whom, None)
        self._fill(now, doing)
        self._end_visits(now, doing)
        self._prune(now, doing)
        if now >= min(self._feeler, self._renewal) and self._count() >= min(self._params.low, self._goal()):
            self._feel(now, doing)
            self._renew(now, doing)

    @property
    def _bounded(self) -> bool:
        return self._params.policy is Policy.BOUNDED

    def _goal(self) -> int:
        return self._params.target if self._bounded else self._params.attach

    def _firm(self) -> list[Link]:
        ends = self._ends
        return [one for one in self.links.values() if not one.visit and one.whom not in ends]

    def _count(self) -> int:
        return len(self._firm())

    def _own(self) -> int:
        return len([one for one in self._firm() if one.own])

    def _fill(self, now: Instant, doing: Doing) -> None:
        params, firm = self._params, self._firm()
        count, own = len(firm), len([one for one in firm if one.own])
        if not self._bounded:
            missing = params.attach - own
        else:
            self._filling = count < params.low or (self._filling and count < params.target)
            missing = max(params.target - count if self._filling else 0, params.outbound - own)  # 1
        if missing <= 0 or now < self._pause:
            return
        missing -= sum(whom not in self._visits for whom in self._calls.running(now, params.patience_ms))
        if missing <= 0:
            return
        if self._queue is None or (not self.links and not self._queue):  # 6
            known = first_calls(self.anchors, self._named, self._table, params.target, params.per_range, self._rng)
            self._queue = known
        while missing > 0 and self._queue:
            one = self._queue.pop(0)
            missing -= one.whom not in self.links and self._calls.place(one.whom, one.urls, now, doing)
        while missing > 0:
            picked = self._pick(now)
            if picked is None:
                self._pause = now + 2 * SECOND
                return
            missing -= self._calls.place(picked.whom, picked.urls, now, doing)

    def _pick(self, now: Instant) -> Known | None:
        if not self._bounded:
            return self._by_degree(now)
        last = None
        for _ in range(4):
            entry = self._table.pick(self._rng, lambda whom: self._fits(whom, now))
            if entry is None:
                break
            last = Known(entry.whom, entry.urls)
            if sum(one.where == range_of(entry.urls) for one in self.links.values()) < self._params.per_range:  # 2
                break
        return last

    def _fits(self, whom: NodeId, now: Instant) -> bool:
        if whom in self.links or not self._calls.may(whom, now):
            return False
        member = self._roster.get(whom)
        if member is None or member.phase is Phase.ALIVE:
            return True
        return member.phase is not Phase.LEFT and self._count() < self._params.low  # 7

    def _by_degree(self, now: Instant) -> Known | None:
        free = [one for one in self._roster.there() if one.urls and self._fits(one.id, now)]
        weights = [self._roster.degree(one.id) + 1 for one in free]
        place = self._rng.below(sum(weights)) if free else 0
        for one, weight in zip(free, weights, strict=True):
            if place < weight:
                return Known(one.id, one.urls)
            place -= weight
        return None

    def _end_visits(self, now: Instant, doing: Doing) -> None:
        for link in self.links.values():
            if link.visit and now - link.since >= self._params.visit_ms:
                if self._count() < self._goal():
                    link.visit = False
                else:
                    self._end(link.whom, doing)  # 4

    def _prune(self, now: Instant, doing: Doing) -> None:
        most = self._params.high if self._bounded else self._params.max_connections
        if len(self.links) <= most:
            return
        excess = len([one for one in self._firm() if now - one.since >= self._params.grace_ms]) - most
        while excess > 0 and (worst := self._worst(now)):
            self._end(worst.whom, doing)  # 3
            excess -= 1

    def _worst(self, now: Instant, own: bool = False) -> Link | None:
        spare = self._own() > self._params.outbound
        ranges: dict[str, int] = {}
        for one in self.links.values():
            ranges[one.where] = ranges.get(one.where, 0) + 1
        firm = [
            one
            for one in self.links.values()
            if not one.visit
            and one.whom not in self._ends
            and now - one.since >= self._params.grace_ms
            and one.held_until <= now
            and (spare if one.own else not own)
        ]
        if not firm:
            return None
        return min(
            firm, key=lambda one: (one.own, -ranges[one.where], self._scores.get(one.whom, 0), -one.since, one.whom)
        )

    def _feel(self, now: Instant, doing: Doing) -> None:
        if now < self._feeler:
            return
        known = self._roster.all()
        gone = [one for one in known if one.phase in _GONE and one.urls]
        split = SPLIT * len(gone) >= len(known) > 0  # 8
        wait = self._params.feeler_ms if gone else self._params.calm_feeler_ms
        if split:
            wait //= SPLIT
        first, self._feeler = self._feeler == 0, self._later(now, wait)
        if first:
            return
        gone = [one for one in gone if self._calls.may(one.id, now)]
        tests = [one for whom in self._table.to_test() if (one := self._table.get(whom)) and whom not in self.links]
        picked: Known | None = None
        if tests:
            picked = Known(tests[0].whom, tests[0].urls)
        elif gone and (split or self._rng.below(2)):
            member = self._rng.pick(gone)
            picked = Known(member.id, member.urls)
        elif entry := self._table.pick(self._rng, lambda whom: self._fits(whom, now)):
            picked = Known(entry.whom, entry.urls)
        if picked and self._calls.place(picked.whom, picked.urls, now, doing):
            self._visits[picked.whom] = None

    def _renew(self, now: Instant, doing: Doing) -> None:
        if now < self._renewal:
            return
        first, self._renewal = self._renewal == 0, self._later(now, self._params.renew_ms)
        if first or not self._bounded:
            return
        worst, picked = self._worst(now, own=True), self._pick(now)
        if worst and picked and self._count() >= self._params.target:
            self._calls.place(picked.whom, picked.urls, now, doing)
            self._end(worst.whom, doing)  # 5

    def _later(self, now: Instant, milliseconds: int) -> int:
        return now + milliseconds // 2 + self._rng.below(milliseconds)

    def _end(self, whom: NodeId, doing: Doing) -> None:
        if whom not in self._ends:
            self._ends[whom] = None
            doing.closes.append(Close(whom, PRUNED))
