"""Attack 49: phantom offers, hold-up and inflated urgency.

Passes when three no-shows keep a borrower from more, one identity has granted and not taken a tenth of the capacity at
most, what is not taken lapses within a minute, and urgency that nothing earned counts for nothing and costs what it
claims. (Lenders that do not keep what they offer: with the node's own memory of partners.)
"""

from __future__ import annotations

import pytest

from hansa.kernel.errors import Refused
from hansa.kernel.instant import DAY, MINUTE, Instant
from hansa.kernel.verdict import Reason
from hansa.market.clearing import clear
from hansa.market.lease_states import State
from hansa.market.leases import Params
from hansa.market.policy import Params as Terms
from hansa.market.policy import Views
from tests.market.test_leases import OFFER, a_book, an_ask
from tests.market.things import NOW, VIEWS, a_request, an_offer, node

DEFAULTS = Params()


def refusal(book: object, ask: object, now: Instant = NOW) -> Reason:
    with pytest.raises(Refused) as refused:
        book.grant(ask, OFFER, now)
    return refused.value.reason


def test_one_identity_holds_a_tenth_of_the_capacity_at_most() -> None:
    book = a_book(DEFAULTS)
    book.grant(an_ask("first", amount=2), OFFER, NOW)
    assert refusal(book, an_ask("second", amount=1)) is Reason.HOARDING
    assert book.grant(an_ask("other", amount=2, borrower="other"), OFFER, NOW).state is State.GRANTED
    book.take(an_ask("first").id, node("b"), NOW)
    assert book.grant(an_ask("second", amount=2), OFFER, NOW).state is State.GRANTED


def test_of_a_small_capacity_one_unit_may_be_held() -> None:
    assert a_book(DEFAULTS, capacity=3).grant(an_ask("x", amount=1), OFFER, NOW).state is State.GRANTED
    assert refusal(a_book(DEFAULTS, capacity=3), an_ask("x", amount=2)) is Reason.HOARDING


def test_what_is_not_taken_is_free_again_after_a_minute() -> None:
    book = a_book(DEFAULTS)
    book.grant(an_ask("x"), OFFER, NOW)
    assert book.tick(Instant(NOW + MINUTE - 1)) == []
    late = Instant(NOW + MINUTE)
    assert [one.state for one in book.tick(late)] == [State.LAPSED]
    assert book.free(OFFER.resource, an_ask("x").window) == OFFER.amount
    with pytest.raises(Refused, match="not taken in time"):
        book.take(an_ask("x").id, node("b"), late)


def test_a_grant_that_nobody_noted_as_lapsed_cannot_be_taken_either() -> None:
    book = a_book(DEFAULTS)
    book.grant(an_ask("x"), OFFER, NOW)
    with pytest.raises(Refused, match="not taken in time"):
        book.take(an_ask("x").id, node("b"), Instant(NOW + MINUTE))


def test_who_did_not_show_up_three_times_gets_nothing_for_a_day() -> None:
    book, now = a_book(DEFAULTS), NOW
    for number in range(3):
        book.grant(an_ask(str(number)), OFFER, now)
        now = Instant(now + MINUTE)
        book.tick(now)
    assert refusal(book, an_ask("more"), now) is Reason.NO_SHOW
    assert book.grant(an_ask("other", borrower="other"), OFFER, now).state is State.GRANTED
    after = Instant(NOW + MINUTE + DAY + 1)
    assert book.no_shows(node("b"), after) == 2


def test_urgency_of_strangers_counts_for_nothing_and_costs_them_what_they_claim() -> None:
    views = Views(trust=VIEWS.trust, heed=lambda whom: 1000 if whom == node("known") else 0)
    known = a_request("known", amount=6, urgency=200, borrower="known")
    loud = [a_request(f"sybil{number}", amount=6, urgency=1000) for number in range(4)]
    found = clear([*loud, known], [an_offer("one", amount=6)], views, Terms(fairness=0))
    assert [one.borrower for one in found.matches] == [node("known")]
    alone = clear(loud[:1], [an_offer("one", price=100)], views).matches[0]
    assert alone.price == 200
