"""What was needed, lent and borrowed in each hour, and what to ask for ahead of time (M12).

Of each resource, by hour: the most units at one instant of it; of what is copied, the copies that were taken in it.

    lent       of leases that this node gave and that were taken
    borrowed   of leases that it took
    asked      what it needed: for each own request the leases that were taken for it, or where there were none, the
               greatest of its asks. What was leased ahead of a need counts as far as it was drawn on, since otherwise
               a forecast would come true by itself. A request that nobody had anything for left no ask, and is missing

A coming hour is short of what the forecast expects, less what is leased for all of it. That is asked for, in one
request for the hour, and never more than was ever needed, nor for more than was ever paid.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from hansa.kernel.ids import ContentId, NodeId
from hansa.kernel.instant import DAY, HOUR, Instant
from hansa.kernel.resources import UNITS, Resource
from hansa.market.flows import Transfer
from hansa.market.forecast import forecast
from hansa.market.model import Window

SEASON = 24
"""Hours of a cycle: a day."""

LEAST_KNOWN = 2 * SEASON
"""Hours that must be known before anything is forecast."""

LONGEST = 28 * SEASON
"""Hours that are looked back at most."""

AHEAD = 2**40
"""Numbers of requests from here on are of what is asked for ahead of time; people's count from 1."""


@dataclass(frozen=True, slots=True)
class Part:
    """Units for a while: what an hour's figure is made of."""

    amount: int
    window: Window


@dataclass(frozen=True, slots=True)
class Hours:
    """What happened to a resource, hour by hour.

    Attributes:
        begins: of the first hour, the first in which anything is known of.
        asked, lent, borrowed: by hour; all are as long.
    """

    begins: Instant
    asked: tuple[int, ...] = ()
    lent: tuple[int, ...] = ()
    borrowed: tuple[int, ...] = ()


def hour_of(at: Instant) -> Instant:
    """Returns the beginning of the hour that an instant lies in."""
    return Instant(at - at % HOUR)


def ahead_number(resource: Resource, hour: Instant) -> int:
    """Returns the number of the one request for an hour that is made ahead of time."""
    return AHEAD + hour // HOUR * len(Resource) + list(Resource).index(resource)


def history(
    transfers: Sequence[Transfer],
    drawn: Mapping[ContentId, Sequence[Part]],
    resource: Resource,
    me: NodeId,
    now: Instant,
) -> Hours:
    """Returns what happened in each whole hour until now, `LONGEST` of them at most.

    Args:
        transfers: leases that this node has an end in; copies.
        drawn: of leases that were taken ahead of a need, what was drawn on.
    """
    of_it = [one for one in transfers if one.resource is resource]
    leased = UNITS[resource].leased
    taken = [(one, Part(one.amount if leased else one.brought, one.used)) for one in of_it if one.used is not None]
    asked = _needed(of_it, drawn, me)
    lent = [part for one, part in taken if one.lender == me]
    borrowed = [part for one, part in taken if one.borrower == me]
    ends = hour_of(now)
    known = [part.window.begins for part in (*asked, *lent, *borrowed) if part.window.begins < ends]
    if not known:
        return Hours(ends)
    begins = Instant(max(hour_of(min(known)), ends - LONGEST * HOUR))
    return Hours(begins, *(_by_hour(parts, begins, ends, leased) for parts in (asked, lent, borrowed)))


def _needed(transfers: Iterable[Transfer], drawn: Mapping[ContentId, Sequence[Part]], me: NodeId) -> list[Part]:
    taken: dict[int, list[Part]] = {}
    refused: dict[int, Part] = {}
    for one in transfers:
        if one.borrower != me:
            continue
        if one.request >= AHEAD:
            taken.setdefault(one.request, []).extend(drawn.get(one.id, ()))
        elif one.used is not None:
            taken.setdefault(one.request, []).append(Part(one.amount, one.used))
        elif one.request not in refused or one.amount > refused[one.request].amount:
            refused[one.request] = Part(one.amount, one.window)
    alone = [part for request, part in refused.items() if not taken.get(request)]
    return [part for parts in taken.values() for part in parts] + alone


def _by_hour(parts: Sequence[Part], begins: Instant, ends: Instant, leased: bool) -> tuple[int, ...]:
    hours: list[list[Part]] = [[] for _ in range((ends - begins) // HOUR)]
    for part in parts:
        first = max(0, (part.window.begins - begins) // HOUR)
        last = (max(part.window.begins, part.window.ends - 1) - begins) // HOUR
        for hour in range(first, min(last + 1, len(hours))):
            if leased or hour * HOUR + begins <= part.window.begins:
                hours[hour].append(part)
    if not leased:
        return tuple(sum(part.amount for part in hour) for hour in hours)
    windows = (Window(Instant(at), Instant(at + HOUR)) for at in range(begins, ends, HOUR))
    return tuple(peak(hour, window) for hour, window in zip(hours, windows, strict=True))


def peak(parts: Iterable[Part], window: Window) -> int:
    """Returns the most units at one instant of a window."""
    steps: list[tuple[Instant, int]] = []
    for one in parts:
        if one.window.begins < window.ends and window.begins < one.window.ends:
            steps += ((max(one.window.begins, window.begins), one.amount), (one.window.ends, -one.amount))
    most = now = 0
    for _, change in sorted(steps):  # windows are half open: what ends at an instant comes first
        now += change
        most = max(most, now)
    return most


def covered(parts: Iterable[Part], hour: Instant) -> int:
    """Returns the units that are leased for all of an hour."""
    return sum(one.amount for one in parts if one.window.begins <= hour and one.window.ends >= hour + HOUR)


# ---- ahead of time


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is expected to be needed in the coming whole hours.

    Attributes:
        begins: of the first of them.
        values, low, high: units by hour, and between which they will be four times of five, as far as the past tells.
        method, error: see `forecast.Forecast`.
    """

    begins: Instant
    values: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    method: str
    error: float

    def hours(self) -> list[tuple[Instant, float]]:
        """Returns each hour with what is expected."""
        return [(Instant(self.begins + at * HOUR), units) for at, units in enumerate(self.values)]


def outlook(asked: Sequence[int], now: Instant, hours: int) -> Outlook | None:
    """Returns what is expected after the present hour; None before `LEAST_KNOWN` hours are known.

    Args:
        asked: what was needed in each whole hour until now.
        hours: how many, at least 1.
    """
    if len(asked) < LEAST_KNOWN:
        return None
    found = forecast(asked, SEASON, hours + 1)
    values, low, high = (tuple(float(one) for one in part[1:]) for part in (found.values, found.low, found.high))
    return Outlook(Instant(hour_of(now) + HOUR), values, low, high, found.method, found.error)


@dataclass(frozen=True, slots=True)
class Short:
    """What to ask for ahead of time.

    Attributes:
        hour: when it is needed, for an hour.
        amount: units, of which `expected` were forecast and `leased` are there.
        most: what is paid for one unit and hour, in millionths of a credit.
    """

    resource: Resource
    hour: Instant
    amount: int
    expected: int
    leased: int
    most: int

    def __str__(self) -> str:
        """Says why, in words."""
        return (
            f"{self.expected} of {self.resource} are expected to be needed, and {self.leased} are leased for that hour"
        )


def shortage(
    resource: Resource,
    expected: Sequence[tuple[Instant, float]],
    leased: Mapping[Instant, int],
    largest: int,
    most: int,
) -> list[Short]:
    """Returns the coming hours that are short, the next one first.

    Args:
        expected: the beginning of each coming hour, and the units that are forecast for it.
        leased: units by hour that are leased for all of it, beside what was asked for ahead of it.
        largest: units that were needed at most in any hour: no more is asked for.
        most: what was paid at most for one unit and hour: no more is paid.
    """
    found = []
    for hour, units in expected:
        need = min(largest, math.ceil(units - 1e-9))
        missing = need - leased.get(hour, 0)
        if missing > 0:
            found.append(Short(resource, hour, missing, need, leased.get(hour, 0), most))
    return found


def dearest(transfers: Iterable[Transfer], resource: Resource, me: NodeId, now: Instant) -> int:
    """Returns what this node paid at most for one unit and hour of a resource within a week; 0 for nothing."""
    since = now - 7 * DAY
    return max(
        (
            one.price
            for one in transfers
            if one.borrower == me and one.resource is resource and one.used is not None and one.window.ends > since
        ),
        default=0,
    )
