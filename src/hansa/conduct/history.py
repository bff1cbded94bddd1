"""What passed between us and somebody, kept so that the score of today costs the same however much it was.

Events lie in order of time, and for each age from 1 to 91 whole days there is a mark: so many events are that old. When
time goes on, an event passes one mark a day, and the score changes by what it is worth less; between two such moments
nothing changes at all. Over its life an event is touched 91 times, and a question looks at 91 marks at most.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right

from hansa.conduct.classic import OLDEST_DAYS, days_between, term
from hansa.kernel.errors import UsageError
from hansa.kernel.instant import DAY, Instant

_AGES = range(1, OLDEST_DAYS + 2)
_NEVER = 1 << 62
_SPARE = 4_096
"""Events that count no more, and are kept until there are so many and they are more than those that do."""


class History:
    """The events with one other party.

    Attributes:
        count: events so far, however old.
    """

    __slots__ = ("_ages", "_forgotten", "_next", "_now", "_score", "_times", "_weights", "count")

    def __init__(self) -> None:
        """Begins with nothing."""
        self.count = 0
        self._times = array("q")
        self._weights = array("b")
        self._ages = [0] * (OLDEST_DAYS + 2)  # how many events are at least so many days old; at 0 unused
        self._score = 0
        self._now = -_NEVER
        self._next = _NEVER  # when the score changes by itself
        self._forgotten = -_NEVER  # events up to here are not kept any more

    def add(self, at: Instant, weight: int, now: Instant) -> None:
        """Takes an event in.

        Raises:
            UsageError: it lies ahead of `now`.
        """
        days = days_between(at, now)
        if days < 0:
            raise UsageError(f"an event at {at} lies ahead: it is {now}")
        self._turn_to(now)
        self.count += 1
        if days > OLDEST_DAYS:
            self._forgotten = max(self._forgotten, at)
            return
        place = len(self._times) if not self._times or at >= self._times[-1] else bisect_right(self._times, at)
        self._times.insert(place, at)
        self._weights.insert(place, weight)
        for age in range(1, days + 1):
            self._ages[age] += 1
        self._score += term(weight, days)
        self._next = min(self._next, at + (days + 1) * DAY)

    def score(self, now: Instant) -> int:
        """Returns the score in units of `classic.UNIT`.

        Raises:
            UsageError: asked for a time of which not everything is kept: ask the ledger.
        """
        self._turn_to(now)
        return self._score

    def _turn_to(self, now: Instant) -> None:
        if now < self._now:
            self._turn_back(now)
        self._now = now
        if now < self._next:
            return
        times, ages, following = self._times, self._ages, _NEVER
        for age in _AGES:
            border, place = now - age * DAY, ages[age]
            while place < len(times) and times[place] <= border:
                weight = self._weights[place]
                self._score += term(weight, age) - term(weight, age - 1)
                place += 1
            ages[age] = place
            if place < len(times):
                following = min(following, times[place] + age * DAY)
        self._next = following
        self._forget()

    def _turn_back(self, now: Instant) -> None:
        if days_between(Instant(self._forgotten), now) <= OLDEST_DAYS:
            raise UsageError(f"what happened up to {self._forgotten} is not kept here any more: ask the ledger")
        if self._times and self._times[-1] > now:
            raise UsageError(f"the last event, at {self._times[-1]}, lies ahead of {now}: ask the ledger")
        for age in _AGES:
            self._ages[age] = bisect_right(self._times, now - age * DAY)
        old = [days_between(Instant(at), now) for at in self._times]
        self._score = sum(term(weight, days) for weight, days in zip(self._weights, old, strict=True))
        self._next = min((at + (days + 1) * DAY for at, days in zip(self._times, old, strict=True)), default=_NEVER)

    def _forget(self) -> None:
        gone = self._ages[-1]
        if gone > _SPARE and 2 * gone > len(self._times):
            self._forgotten = max(self._forgotten, self._times[gone - 1])
            del self._times[:gone], self._weights[:gone]
            self._ages = [max(0, one - gone) for one in self._ages]
