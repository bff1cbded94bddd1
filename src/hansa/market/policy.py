"""What a unit of an offer is worth to a request, and which offers come into question at all (M7).

Rules, in order; a request and an offer come together if

1. it is the same resource, and not one's own; of copies, the same topic, where both name one
2. the time that is needed lies within both windows
3. the price, with what the urgency adds, is not above what the request pays
4. the lender is trusted enough

and then a unit is worth, in thousandths:

    need                200    a unit that is asked for is worth something
    urgency             300    x urgency, as far as the borrower's standing lets it count
    trust               300    x trust in the lender (M13)
    price               200    x what is left of what the request pays, as a share of it

What a clearing maximises is the sum of worth over all units, and `fairness` for each unit, falling in equal steps to
nothing, of the first to the last share of what one borrower asks for (`problem`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from hansa.kernel.ids import NodeId
from hansa.market.model import URGENCY, Offer, Request, price


@dataclass(frozen=True, slots=True)
class Params:
    """How a node clears.

    Attributes:
        need: what a unit is worth since it is asked for, in thousandths; with the next three 1000.
        urgency: what it can be worth by the borrower's urgency. Raising it serves the hurried first.
        trust: by trust in the lender. Raising it prefers known partners to cheap ones.
        thrift: by how far below the most that is paid its price lies.
        fairness: what the first units of a borrower are worth more than its last ones, in thousandths. Raising it makes
            shares more alike and the sum of worth smaller.
        steps: in how many steps that falls. Raising it makes shares more alike, and clearing slower.
        least_trust: of a lender, in thousandths. Raising it keeps newcomers from lending.
        widest: offers that a request is held against: half those of most worth, half by turns, so that not all are held
            against the same few. Raising it finds more, slower.
    """

    need: int = 200
    urgency: int = 300
    trust: int = 300
    thrift: int = 200
    fairness: int = 375
    steps: int = 8
    least_trust: int = 0
    widest: int = 64

    def validate(self) -> None:
        """Raises ValueError beginning with the name of the field that makes no sense."""
        for name in ("urgency", "trust", "thrift", "fairness", "least_trust"):
            if not 0 <= getattr(self, name) <= 1000:
                raise ValueError(f"{name} must be between 0 and 1000")
        if self.need < 1 or self.need + self.urgency + self.trust + self.thrift != 1000:
            raise ValueError("need must be at least 1, and with urgency, trust and thrift 1000")
        if not 1 <= self.steps <= 64:
            raise ValueError("steps must be between 1 and 64")
        if not 1 <= self.widest <= 1_000:
            raise ValueError("widest must be between 1 and 1000")

    @property
    def bonuses(self) -> tuple[int, ...]:
        """What a unit of each share is worth beside, falling; nothing where there is no fairness."""
        if not self.fairness:
            return ()
        return tuple(self.fairness * (self.steps - 1 - step) // self.steps for step in range(self.steps))


@dataclass(frozen=True, slots=True)
class Views:
    """What the clearing node knows of the parties, in thousandths.

    Attributes:
        trust: in a lender (M13).
        heed: how much of its urgency a borrower may have count: what standing earns.
    """

    trust: Callable[[NodeId], int]
    heed: Callable[[NodeId], int]


class Why(StrEnum):
    """Why units of a request found no offer: a closed list, in the order in which it is looked for."""

    NOBODY_OFFERS = "nobody_offers"
    OTHER_TOPIC = "other_topic"
    NO_TIME = "no_time"
    TOO_DEAR = "too_dear"
    NOT_TRUSTED = "not_trusted"
    TAKEN = "taken"
    TOO_LITTLE = "too_little"


@dataclass(frozen=True, slots=True)
class Worth:
    """What a unit is worth, by what; in thousandths."""

    need: int
    urgency: int
    trust: int
    thrift: int

    @property
    def total(self) -> int:
        """All of it."""
        return self.need + self.urgency + self.trust + self.thrift

    def __str__(self) -> str:
        """In words, for whoever asks why."""
        parts = f"need {self.need}, urgency {self.urgency}, trust {self.trust}, price {self.thrift}"
        return f"worth {self.total} of 1000: {parts}"


def obstacle(request: Request, offer: Offer, views: Views, params: Params) -> Why | None:
    """Returns which rule keeps a request and an offer of its resource apart; None for none."""
    if request.topic and offer.topic and request.topic != offer.topic:
        return Why.OTHER_TOPIC
    if request.starts(offer) is None:
        return Why.NO_TIME
    if price(offer, request.urgency) > request.most:
        return Why.TOO_DEAR
    if views.trust(offer.lender) < params.least_trust:
        return Why.NOT_TRUSTED
    return None


def worth(request: Request, offer: Offer, views: Views, params: Params) -> Worth:
    """Returns what a unit of an offer is worth to a request that no rule keeps from it."""
    counts = min(request.urgency, views.heed(request.borrower))
    saved = URGENCY * (request.most - price(offer, request.urgency)) // request.most if request.most else URGENCY
    return Worth(
        need=params.need,
        urgency=params.urgency * counts // URGENCY,
        trust=params.trust * min(URGENCY, views.trust(offer.lender)) // URGENCY,
        thrift=params.thrift * saved // URGENCY,
    )
