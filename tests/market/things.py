"""Offers and requests for tests: each with one number, everything else as one likes it."""

from __future__ import annotations

import hashlib

from hypothesis import strategies as st

from hansa.kernel.ids import ContentId, NodeId
from hansa.kernel.instant import HOUR, Instant
from hansa.kernel.resources import Resource
from hansa.market.model import Offer, Request, Window
from hansa.market.policy import Views

NOW = Instant(1_800_000_000_000)
VIEWS = Views(trust=lambda _: 500, heed=lambda _: 1000)


def an_id(text: str) -> ContentId:
    return ContentId(hashlib.sha256(text.encode()).hexdigest())


def node(name: str) -> NodeId:
    return NodeId(f"did:key:z{name}")


def hours(begins: float, ends: float) -> Window:
    return Window(Instant(NOW + int(begins * HOUR)), Instant(NOW + int(ends * HOUR)))


def an_offer(
    name: str,
    amount: int = 10,
    price: int = 100,
    resource: Resource = Resource.COMPUTATIONAL_POWER,
    window: Window | None = None,
    lender: str = "",
) -> Offer:
    return Offer(
        an_id("offer " + name), node(lender or "lender" + name), resource, amount, price, window or hours(0, 10)
    )


def a_request(
    name: str,
    amount: int = 10,
    least: int = 1,
    *,
    urgency: int = 0,
    most: int = 1_000,
    resource: Resource = Resource.COMPUTATIONAL_POWER,
    window: Window | None = None,
    lasts: int = HOUR,
    borrower: str = "",
) -> Request:
    return Request(
        an_id("request " + name),
        node(borrower or "borrower" + name),
        resource,
        amount,
        least,
        urgency,
        most,
        window or hours(0, 10),
        lasts,
    )


windows = st.tuples(st.integers(0, 12), st.integers(1, 12)).map(lambda one: hours(one[0], one[0] + one[1]))
kinds = st.sampled_from([Resource.COMPUTATIONAL_POWER, Resource.LEARNED_PATTERNS])


@st.composite
def markets(draw: st.DrawFn) -> tuple[list[Request], list[Offer]]:
    """Draws what is asked for and what is offered, by a few parties of which some do both."""
    party = st.sampled_from(["a", "b", "c", "d"])
    offers = [
        an_offer(
            str(number), draw(st.integers(1, 20)), draw(st.integers(0, 300)), draw(kinds), draw(windows), draw(party)
        )
        for number in range(draw(st.integers(0, 5)))
    ]
    requests = []
    for number in range(draw(st.integers(0, 5))):
        amount = draw(st.integers(1, 20))
        requests.append(
            a_request(
                str(number),
                amount,
                draw(st.integers(1, amount)),
                urgency=draw(st.integers(0, 1000)),
                most=draw(st.integers(0, 600)),
                resource=draw(kinds),
                window=draw(windows),
                lasts=draw(st.integers(0, 6)) * HOUR,
                borrower=draw(party),
            )
        )
    return requests, offers
