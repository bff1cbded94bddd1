"""What is offered, what is asked for, and what was made of it: frozen values. Amounts and prices are whole numbers.

Prices are in millionths of a credit: for one unit and one hour of what is leased, for one copy of what is copied
(`kernel.resources`). Times are half open: a window ends before its last instant.
"""

from __future__ import annotations

from dataclasses import dataclass

from hansa.kernel.ids import ContentId, NodeId
from hansa.kernel.instant import HOUR, Instant
from hansa.kernel.resources import UNITS, Resource

URGENCY = 1000
"""The greatest urgency, and the scale of trust and of shares: thousandths."""


@dataclass(frozen=True, slots=True)
class Window:
    """From an instant to before another."""

    begins: Instant
    ends: Instant

    @property
    def lasts(self) -> int:
        """Milliseconds."""
        return self.ends - self.begins


@dataclass(frozen=True, slots=True)
class Offer:
    """What somebody gives to others (M6).

    Attributes:
        id: of the signed record.
        amount: units that are free over the whole window; of what is copied, copies.
        price: what it costs: `cost_factor` of the source protocol.
        window: when: `availability_hours` from now on.
        topic: what copies are about, by the first tag; "" for all that there is.
    """

    id: ContentId
    lender: NodeId
    resource: Resource
    amount: int
    price: int
    window: Window
    topic: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody needs (M6).

    Attributes:
        id: of the signed record.
        amount: units; `least` of them are needed for any to be of use.
        urgency: 0 to `URGENCY`: how much more than others it pays, see `price`; standing bounds how much of it counts.
        most: what it pays at most for one unit and hour, before urgency.
        window: from when on, and by when it must be over: the deadline.
        lasts: milliseconds for which the units are needed; 0 for copies.
        topic: what copies are to be about; "" for anything.
    """

    id: ContentId
    borrower: NodeId
    resource: Resource
    amount: int
    least: int
    urgency: int
    most: int
    window: Window
    lasts: int
    topic: str = ""

    def starts(self, offer: Offer) -> Instant | None:
        """Returns when it would begin to use an offer, or None where the two have no time in common."""
        begins = max(self.window.begins, offer.window.begins)
        return begins if begins + self.lasts <= min(self.window.ends, offer.window.ends) else None


def price(offer: Offer, urgency: int) -> int:
    """Returns what a unit and hour of an offer costs at an urgency: up to twice what is asked, so that none is free."""
    return offer.price * (URGENCY + urgency) // URGENCY


def cost(resource: Resource, amount: int, unit_price: int, lasts: int) -> int:
    """Returns what units cost, rounded up, in millionths of a credit.

    Args:
        amount: units, or copies.
        unit_price: for one, and for an hour of what is leased.
        lasts: milliseconds; of no account for copies.
    """
    if not UNITS[resource].leased:
        return amount * unit_price
    return -(-amount * unit_price * lasts // HOUR)


@dataclass(frozen=True, slots=True)
class Match:
    """Some units of an offer for a request.

    Attributes:
        worth: of one unit, as the terms of the clearing weigh it.
        price: agreed for one unit and hour.
        window: when they are used.
        because: what decided, in words.
    """

    request: ContentId
    offer: ContentId
    lender: NodeId
    borrower: NodeId
    resource: Resource
    amount: int
    worth: int
    price: int
    window: Window
    because: str
    topic: str = ""

    @property
    def cost(self) -> int:
        """What all of it costs, if it is used to the end."""
        return cost(self.resource, self.amount, self.price, self.window.lasts)
