"""The wire kinds of this room: what is on offer, what is asked for, and the three kinds that a lease is made of.

    offers       what a lender gives now, all of it: word that goes round, the last of each author counts
    requests     what a borrower needs now, likewise
    lease_ask    for the lender of an offer: some units of it, for a time, at a price
    lease        for the borrower: the lender's word on that ask; one for each state that the lease comes to
    lease_act    for the lender: the borrower takes it, gives it back, agrees to what it cost, or does not

The first two are heard and not kept. The others last: each is kept before anybody is told of it, so that both ends can
show what the other one has signed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any

import msgspec

from hansa.kernel import canonical
from hansa.kernel.errors import Refused
from hansa.kernel.ids import ContentId, NodeId, content_id
from hansa.kernel.instant import Instant
from hansa.kernel.resources import UNITS, Resource
from hansa.kernel.verdict import Reason
from hansa.kernel.wire import Id, Label, Wire, parse
from hansa.market.lease import MAX_COPIES, Ask, Lease
from hansa.market.lease_states import State
from hansa.market.model import URGENCY, Offer, Request, Window

OFFERS = "offers"
REQUESTS = "requests"
ASK = "lease_ask"
LEASE = "lease"
ACT = "lease_act"

LASTING = (ASK, LEASE, ACT)

MAX_SAID = 16
"""Offers, or requests, that one node can have out at once."""

MOST_UNITS, LONGEST_MS, DEAREST = 2**26, 2**27, 2**40
"""Greatest amount, milliseconds and price on the wire: units x milliseconds fit into a message's integers."""

_Amount = Annotated[int, msgspec.Meta(ge=1, le=MOST_UNITS)]
_Price = Annotated[int, msgspec.Meta(ge=0, le=DEAREST)]
_At = Annotated[int, msgspec.Meta(ge=0, lt=2**53)]
_Whole = Annotated[int, msgspec.Meta(ge=0, lt=2**53)]


class Offered(Wire, frozen=True):
    """One offer (M6).

    Attributes:
        amount: units over the whole window; `free` of them are not lent yet, at every instant from now on.
        price: in millionths of a credit, for a unit and hour, or for a copy.
    """

    resource: Resource
    amount: _Amount
    price: _Price
    begins: _At
    ends: _At
    free: _Whole
    topic: Label = ""


class Offers(Wire, frozen=True):
    """Kind "offers"."""

    offers: Annotated[tuple[Offered, ...], msgspec.Meta(max_length=MAX_SAID)]


class Requested(Wire, frozen=True):
    """One request (M6); see `model.Request`. `number` tells it from others of its author that are alike."""

    number: _Whole
    resource: Resource
    amount: _Amount
    least: _Amount
    urgency: Annotated[int, msgspec.Meta(ge=0, le=URGENCY)]
    most: _Price
    begins: _At
    ends: _At
    lasts: Annotated[int, msgspec.Meta(ge=0, le=LONGEST_MS)]
    topic: Label = ""


class Requests(Wire, frozen=True):
    """Kind "requests"."""

    requests: Annotated[tuple[Requested, ...], msgspec.Meta(max_length=MAX_SAID)]


class AskBody(Wire, frozen=True):
    """Kind "lease_ask": see `leases.Ask`. `request` is what it is for, by its author's own count; `topic` of copies."""

    offer: Id
    resource: Resource
    amount: _Amount
    price: _Price
    begins: _At
    ends: _At
    request: _Whole = 0
    topic: Label = ""


class LeaseBody(Wire, frozen=True):
    """Kind "lease": where the lease for an ask stands; see `leases.Lease`. `records` are its copies."""

    ask: Id
    state: State
    fence: Annotated[int, msgspec.Meta(ge=1, lt=2**53)]
    take_by: _At
    used: _Whole = 0
    ended: _At = 0
    cost: _Whole = 0
    records: Annotated[tuple[Id, ...], msgspec.Meta(max_length=MAX_COPIES)] = ()


class Act(StrEnum):
    """What a borrower does with a lease."""

    TAKE = "take"
    RELEASE = "release"
    AGREE = "agree"
    CONTEST = "contest"


class ActBody(Wire, frozen=True):
    """Kind "lease_act"; `cost` is what it agrees to, or contests: the lender's word on it."""

    ask: Id
    act: Act
    cost: _Whole = 0


# ---- to the room's own values, and back


def offer_id(lender: NodeId, one: Offered) -> ContentId:
    """Returns the id of an offer: the same as long as it is the same offer, whatever is free of it."""
    terms = [lender, one.resource.value, one.amount, one.price, one.begins, one.ends, one.topic]
    return content_id(canonical.encode(terms))


def request_id(borrower: NodeId, one: Requested) -> ContentId:
    """Returns the id of a request: its author's number for it."""
    return content_id(canonical.encode([borrower, "request", one.number]))


def as_offer(lender: NodeId, one: Offered, free: int | None = None) -> Offer:
    """Returns an offer.

    Args:
        free: its amount, where not all of it is to be given out; it may be 0.

    Raises:
        Refused: BAD_BODY, when its window ends before it begins, more is free than there is, or what is leased has a
            topic.
    """
    if one.begins >= one.ends or one.free > one.amount:
        raise Refused(Reason.BAD_BODY, "an offer ends after it begins, and no more is free than there is")
    if one.topic and UNITS[one.resource].leased:
        raise Refused(Reason.BAD_BODY, "only copies are about something")
    amount = one.amount if free is None else free
    window = Window(Instant(one.begins), Instant(one.ends))
    return Offer(offer_id(lender, one), lender, one.resource, amount, one.price, window, one.topic)


def as_request(borrower: NodeId, one: Requested) -> Request:
    """Returns a request.

    Raises:
        Refused: BAD_BODY, when it can't be met by anything.
    """
    leased = UNITS[one.resource].leased
    flaws = (
        (one.least > one.amount, "the least that is of use is more than is asked for"),
        (one.begins >= one.ends, "it ends before it begins"),
        (leased and not 0 < one.lasts <= one.ends - one.begins, "it lasts longer than its window, or not at all"),
        (not leased and one.lasts > 0, "copies last for no time"),
        (leased and bool(one.topic), "only copies are about something"),
    )
    for flawed, words in flaws:
        if flawed:
            raise Refused(Reason.BAD_BODY, words)
    window = Window(Instant(one.begins), Instant(one.ends))
    return Request(
        request_id(borrower, one), borrower, one.resource, one.amount, one.least, one.urgency, one.most, window,
        one.lasts, one.topic,
    )  # fmt: skip


def read_offers(lender: NodeId, body: Mapping[str, Any]) -> tuple[Offer, ...]:
    """Returns the offers in a body of kind "offers", each with what is free of it as its amount.

    Raises:
        Refused: BAD_BODY, when one makes no sense, or is there twice.
    """
    found = tuple(as_offer(lender, one, one.free) for one in parse(body, Offers).offers)
    _check_once(found)
    return found


def read_requests(borrower: NodeId, body: Mapping[str, Any]) -> tuple[Request, ...]:
    """Returns the requests in a body of kind "requests".

    Raises:
        Refused: BAD_BODY, when one makes no sense, or its number is there twice.
    """
    found = tuple(as_request(borrower, one) for one in parse(body, Requests).requests)
    _check_once(found)
    return found


def _check_once(found: Sequence[Offer | Request]) -> None:
    if len({one.id for one in found}) < len(found):
        raise Refused(Reason.BAD_BODY, "the same is in it twice")


def as_ask(id_: ContentId, borrower: NodeId, body: AskBody) -> Ask:
    """Returns an ask; its terms are looked at where it is granted."""
    window = Window(Instant(body.begins), Instant(body.ends))
    return Ask(id_, ContentId(body.offer), borrower, body.resource, body.amount, body.price, window, body.topic)


def lease_body(lease: Lease) -> LeaseBody:
    """Returns a lender's word on a lease."""
    return LeaseBody(
        ask=lease.id, state=lease.state, fence=lease.fence, take_by=lease.take_by, used=lease.used,
        ended=lease.ended or 0, cost=lease.cost, records=lease.records,
    )  # fmt: skip


def as_lease(ask: Ask, body: LeaseBody) -> Lease:
    """Returns the lease that a lender's word tells of."""
    ended = Instant(body.ended) if body.ended else None
    records = tuple(map(ContentId, body.records))
    return Lease(ask, body.fence, body.state, Instant(body.take_by), body.used, ended, body.cost, records)
