"""One run of a stress study: requests come, are cleared, served over ways; nodes die; a second at a time.

In each second, in order:

1. the failure, when it is due: who is drawn for it stops silently
2. what is known by now: whom all that were linked with a dead node gave up is off the maps and off the market; a node
   that lost links has made new ones (`models.healing`)
3. what is due: work that ends, and answers that did not come
4. requests that can't be met before their deadline any more are given up
5. new requests
6. clearing, over what each lender has free, and a way for each match
7. counting

What a failure does to work under way:

- a relay on its way is dead: the sender gets no answer, or is told `Stuck` where the relay before has noticed; then it
  takes another way that shares no relay with those that failed, and the work goes on where it stood
- its lender is dead: ways are tried until there are none, or the lender is known to be dead; then the borrower asks the
  market again, others than that lender, and the work begins anew
- its borrower is dead: the lender has its units back once the borrower is known to be dead
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from enum import Enum

import numpy as np

from hansa.kernel.resources import UNITS
from hansa.kernel.rng import Rng
from hansa.market.problem import Solver
from hansa.overlay import routes
from hansa.sim.models.chance import generator
from hansa.sim.models.graph import Graph, Mask
from hansa.sim.studies.failing import Failure
from hansa.sim.studies.trading import RESOURCES, Numbers, Offers, Requests, cleared
from hansa.sim.studies.ways import Way, Ways

LEASED = tuple(place for place, resource in enumerate(RESOURCES) if UNITS[resource].leased)
"""Kinds that a stress can make short: what is copied is there for all."""

OFFERED, ASKED = (50, 150), (20, 180)
"""Units of its kind that a node offers, and that a request asks for; each from, to."""

LASTS = (20, 60)
"""Seconds for which units are needed."""

WINDOW = (2, 3)
"""A request's window is so many times what it lasts."""

CLEARINGS = 5
"""Times that it is cleared in a second, while anything comes of it: an ask and its answer take some 200 ms."""

COUNTED_S = 60
"""Requests that come so many seconds after the failure count, beside those that are undecided then."""


class Phase(Enum):
    """Where a piece of work is."""

    SERVED = "served"
    WAITING = "waiting"  # for an answer that does not come
    LEFT = "left"  # its borrower is dead
    OVER = "over"


@dataclass(slots=True, eq=False)
class Asked:
    """A request.

    Attributes:
        open: units that have no lender yet.
        done: units that were delivered for as long as they are needed; in_time: of those, before the deadline.
        shunned: lenders that gave no answer.
        since: second in which it came.
        fate: whether it was fulfilled; None until it is decided, in second `decided_at`.
    """

    number: int
    borrower: int
    resource: int
    units: int
    urgency: int
    most: int
    lasts: int
    since: int
    deadline: int
    open: int
    done: int = 0
    in_time: int = 0
    shunned: list[int] = field(default_factory=list)
    fate: bool | None = None
    decided_at: int | None = None


@dataclass(slots=True, eq=False)
class Work:
    """Units of a lender for a request.

    Attributes:
        left: seconds that it still has to be served when `since` began.
        due: when something happens to it next; what was due before is void.
        failed: relays that are not passed again.
        tries: ways that were tried since it was last served.
        broken: its way broke while both of its ends lived; other: it went over another way then.
        second: it went over another way than the best, as that had no room.
    """

    request: Asked
    lender: int
    units: int
    way: Way
    phase: Phase = Phase.WAITING
    since: int = 0
    left: int = 0
    due: int = 0
    failed: list[int] = field(default_factory=list)
    tries: int = 0
    broken: bool = False
    other: bool = False
    second: bool = False


@dataclass(slots=True)
class Counts:
    """What happened from the failure on, in pieces of work.

    Attributes:
        delivered: for requests that count, were served to the end.
        other_way: of those, went over another way than the best, as that was broken.
        second_way: of the others of those, went over another way than the best, as that was full.
        broken: lost their way while both ends lived; mended: of those, found another.
        lost: lost their lender.
        unheard: began with a lender that was dead and not known to be.
        no_room: matches for which no way had room.
    """

    delivered: int = 0
    other_way: int = 0
    second_way: int = 0
    broken: int = 0
    mended: int = 0
    lost: int = 0
    unheard: int = 0
    no_room: int = 0


class Run:
    """The state of a run.

    Attributes:
        requests: all that ever came.
        served, due: units in each second: in service, and wanted by living borrowers and not done.
        counts: of work, from the failure on.
    """

    def __init__(self, graph: Graph, failure: Failure, load: tuple[float, float, int], rng: Rng, solve: Solver) -> None:
        """Begins with an empty market.

        Args:
            graph: who is linked with whom.
            failure: who dies when, and what follows.
            load: share of all that is offered that is asked for; times that from a second on.
            rng: of all that is drawn.
            solve: finds the optimum of a clearing.
        """
        nodes = graph.nodes
        self._failure, self._solve = failure, solve
        self._chance = generator(rng.child("requests"))
        facts = generator(rng.child("facts"))
        self._salt = rng.child("links").below(1 << 64)
        self._offers = Offers(
            lender=np.arange(nodes),
            resource=np.array(LEASED)[facts.integers(0, len(LEASED), nodes)],
            units=facts.integers(OFFERED[0], OFFERED[1] + 1, nodes),
            price=facts.integers(50, 151, nodes),
        )
        self._free = self._offers.units.copy()
        self._trust: Numbers = facts.integers(0, 1001, nodes)
        self._usual, self._times, self._doubles_at = load
        self._offered = int(self._offers.units.sum())
        self.alive: Mask = np.ones(nodes, np.bool_)
        self._living = np.arange(nodes)
        self._off: Mask = np.zeros(nodes, np.bool_)
        self.ways = Ways(graph, self._salt, self._trust.astype(np.int32))
        self.requests: list[Asked] = []
        self._open: dict[Asked, None] = {}
        self._undecided: dict[Asked, None] = {}
        self.works: dict[Work, None] = {}
        self._calendar: defaultdict[int, list[Work]] = defaultdict(list)
        self.served: list[int] = []
        self.due: list[int] = []
        self.counts = Counts()
        self.now = 0

    def second(self) -> None:
        """Lets a second pass."""
        if self.now == self._failure.at:  # 1
            self._fail()
        self._learn()  # 2
        for work in self._calendar.pop(self.now, ()):  # 3
            if work.due == self.now:
                self._end(work) if work.phase is Phase.SERVED else self._unanswered(work)
        for asked in [one for one in self._open if self.now + one.lasts > one.deadline]:  # 4
            del self._open[asked]
            self._decide(asked, False)
        self._arrive()  # 5
        self._clear()  # 6
        self.served.append(sum(work.units for work in self._in_service()))  # 7
        self.due.append(sum(one.units - one.done for one in self._undecided))
        self.now += 1

    def _in_service(self) -> list[Work]:
        """Returns the work that is being done for requests that can still be met."""
        return [work for work in self.works if work.phase is Phase.SERVED and work.request in self._undecided]

    @property
    def failed(self) -> bool:
        """Says whether the failure has happened."""
        return self.now >= self._failure.at

    # ---- the failure, and what is known of it

    def _fail(self) -> None:
        self.alive = self._failure.alive
        self._living = np.flatnonzero(self.alive)
        for asked in [one for one in self._undecided if not self.alive[one.borrower]]:
            del self._undecided[asked]
            self._open.pop(asked, None)
        for work in list(self.works):
            if not self.alive[work.request.borrower]:
                work.phase, work.due = Phase.LEFT, -1
            elif work.due == self.now and work.phase is Phase.SERVED:
                continue  # it was served to the end
            elif not self.alive[list(work.way.nodes)].all():
                if work.phase is Phase.SERVED:
                    work.left -= self.now - work.since
                work.broken = bool(self.alive[work.lender])
                self.counts.broken += work.broken
                self._wait(work)

    def _learn(self) -> None:
        if self.now in self._failure.known:
            self._off = self._failure.off_the_maps(self.now)
            gone = self._off[self._offers.lender]
            self._free[gone] = 0
            for work in list(self.works):
                if work.phase is Phase.LEFT and self._off[work.request.borrower]:
                    self._drop(work)
                elif work.phase is Phase.WAITING and self._off[work.lender]:
                    self._ask_again(work)
        if self.now == self._failure.healed_at:
            self.ways = Ways(self._failure.healed, self._salt, self._trust.astype(np.int32))
            for work in self.works:
                self.ways.put(work.way, work.units)

    # ---- work

    def _begin(self, work: Work) -> None:
        """Takes a way that it has; its packets arrive, or get lost."""
        if self.alive[list(work.way.nodes)].all():
            if work.broken and not work.other:
                work.other = True
                self.counts.mended += 1
            work.phase, work.since, work.tries = Phase.SERVED, self.now, 0
            self._when(work, self.now + work.left)
        else:
            self._wait(work)

    def _wait(self, work: Work) -> None:
        work.phase = Phase.WAITING
        self._when(work, self.now + self._failure.notice_s(work.way, self.now))

    def _when(self, work: Work, due: int) -> None:
        work.due = due
        self._calendar[due].append(work)

    def _unanswered(self, work: Work) -> None:
        """Takes the next way, one that shares no relay with those that failed."""
        work.tries += 1
        self.ways.give_back(work.way, work.units)
        work.failed += work.way.relays
        if work.tries < routes.Params().tries:
            borrower, direct = work.request.borrower, len(work.way.nodes) == 2
            ways = self.ways.candidates(borrower, work.lender, self._off, work.failed)
            for way in ways:
                if not (direct and way.hops == 1) and self.ways.take(way, work.units):
                    work.way = way
                    self._begin(work)
                    return
        self._ask_again(work, held=False)

    def _ask_again(self, work: Work, held: bool = True) -> None:
        """Gives a lender up; the borrower asks the market again, and the work begins anew."""
        asked = work.request
        self.counts.lost += 1
        self._drop(work, held)
        asked.shunned.append(work.lender)
        if asked in self._undecided:
            asked.open += work.units
            self._open[asked] = None

    def _drop(self, work: Work, held: bool = True) -> None:
        """Gives back what it holds: links, where it holds some, and units of its lender."""
        if held:
            self.ways.give_back(work.way, work.units)
        work.phase, work.due = Phase.OVER, -1
        del self.works[work]
        if not self._off[work.lender]:
            self._free[work.lender] += work.units

    def _end(self, work: Work) -> None:
        asked = work.request
        self._drop(work)
        asked.done += work.units
        asked.in_time += work.units * (self.now <= asked.deadline)
        if self.failed and asked.since < self._failure.at + COUNTED_S:
            self.counts.delivered += 1
            self.counts.other_way += work.other
            self.counts.second_way += work.second and not work.other
        if asked.done == asked.units and asked in self._undecided:
            self._decide(asked, self.now <= asked.deadline)

    def _decide(self, asked: Asked, fate: bool) -> None:
        asked.fate, asked.decided_at = fate, self.now
        self._undecided.pop(asked, None)

    # ---- requests

    def _arrive(self) -> None:
        load = self._usual * (self._times if self.now >= self._doubles_at else 1)
        mean = (ASKED[0] + ASKED[1]) / 2 * (LASTS[0] + LASTS[1]) / 2
        chance = self._chance
        count = int(chance.poisson(load * self._offered / mean * self._living.size / self.alive.size))
        who = self._living[(chance.random(count) * self._living.size).astype(np.int64)].tolist()
        kinds = chance.integers(0, len(LEASED), count).tolist()
        units = chance.integers(ASKED[0], ASKED[1] + 1, count).tolist()
        urgency, most = chance.integers(0, 1001, count).tolist(), chance.integers(300, 601, count).tolist()
        lasts = chance.integers(LASTS[0], LASTS[1] + 1, count).tolist()
        windows = chance.uniform(*WINDOW, count).tolist()
        for row in zip(who, kinds, units, urgency, most, lasts, windows, strict=True):
            borrower, kind, amount, urgent, pays, needed, window = row
            asked = Asked(
                len(self.requests), borrower, LEASED[kind], amount, urgent, pays, needed, self.now,
                self.now + int(needed * window), amount,
            )  # fmt: skip
            self.requests.append(asked)
            self._open[asked] = self._undecided[asked] = None

    def _clear(self) -> None:
        for _ in range(CLEARINGS):
            gives = np.flatnonzero(self._free)
            asking = [one for one in self._open if self.now + one.lasts <= one.deadline]
            if not asking or not gives.size or not self._cleared(asking, gives):
                return

    def _cleared(self, asking: list[Asked], gives: Numbers) -> bool:
        """Clears once, and says whether any work began."""
        asking.sort(key=lambda one: one.number)
        columns = zip(*((one.borrower, one.resource, one.open, one.urgency, one.most) for one in asking), strict=True)
        requests = Requests(*(np.array(column, np.int64) for column in columns))
        offers = self._offers.some(gives, self._free)
        shunned = [(place, lender) for place, one in enumerate(asking) for lender in one.shunned if self._free[lender]]
        barred = [(place, int(np.searchsorted(gives, lender))) for place, lender in shunned]
        found = cleared(requests, offers, self._trust, self._solve, barred=barred)
        began = False
        for place, offer, units in zip(found.request.tolist(), found.offer.tolist(), found.units.tolist(), strict=True):
            began |= self._place(asking[place], int(gives[offer]), units)
        return began

    def _place(self, asked: Asked, lender: int, units: int) -> bool:
        """Begins work on a match, over the best way that has room for it; says False where there is none."""
        for rank, way in enumerate(self.ways.candidates(asked.borrower, lender, self._off)):
            if self.ways.take(way, units):
                work = Work(asked, lender, units, way, second=rank > 0, left=asked.lasts)
                self.works[work] = None
                self._free[lender] -= units
                asked.open -= units
                if not asked.open:
                    del self._open[asked]
                dead = not self.alive[list(way.nodes)].all()
                if dead:
                    work.broken = bool(self.alive[lender])
                    self.counts.broken += work.broken
                    self.counts.unheard += not work.broken
                self._begin(work)
                return True
        self.counts.no_room += self.failed
        return False
