"""Attack 49: keeping units from others without taking them, and using them without paying.

Passes when giving back just before a grant lapses counts like letting it lapse; when leases that were not paid count as
well; when nobody holds more leases, or has more copies on their way, than are looked after; and when no clock that is
set back keeps a grant that was not taken.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from hansa.kernel.errors import Refused
from hansa.kernel.instant import DAY, HOUR, SECOND, Instant
from hansa.kernel.resources import Resource
from hansa.kernel.verdict import Reason
from hansa.market.lease_states import State
from hansa.market.leases import MAX_COPIES, MOST_COPIES, MOST_IN_ALL, MOST_OPEN, Params
from tests.market.keeping import Keeping
from tests.market.test_leases import OFFER, a_book, an_ask
from tests.market.things import NOW, an_offer, hours, node

COPIES = an_offer("copies", amount=1000, resource=Resource.KNOWLEDGE_BASE, window=hours(0, 24))


def refusal(book: Keeping, ask: object, now: Instant = NOW, **more: object) -> Reason:
    with pytest.raises(Refused) as refused:
        book.grant(ask, more.pop("offer", OFFER), now, **more)  # type: ignore[arg-type]
    return refused.value.reason


def test_giving_back_just_before_it_lapses_is_not_showing_up() -> None:
    book, now = a_book(), NOW
    for number in range(4):
        book.grant(an_ask(str(number), ends=9), OFFER, now)
        now = Instant(now + 59 * SECOND)
        book.release(an_ask(str(number)).id, node("b"), now)
    assert refusal(book, an_ask("more", ends=9), now) is Reason.NO_SHOW
    assert book.no_shows(node("b"), Instant(now + DAY)) == 0


def test_giving_back_at_once_costs_next_to_nothing() -> None:
    book, now = a_book(), NOW
    for number in range(20):
        book.grant(an_ask(str(number), ends=9), OFFER, now)
        now = Instant(now + SECOND)
        book.release(an_ask(str(number)).id, node("b"), now)
    assert book.no_shows(node("b"), now) == 0


def test_who_contests_every_lease_gets_no_more_that_day() -> None:
    book = a_book()
    for number in range(3):
        id_ = book.take(book.grant(an_ask(str(number)), OFFER, NOW).id, node("b"), NOW).id
        book.release(id_, node("b"), NOW)
        book.settle(id_, paid=False)
    assert refusal(book, an_ask("more")) is Reason.NO_SHOW
    assert book.grant(an_ask("other", borrower="other"), OFFER, NOW).state is State.GRANTED


def test_one_borrower_has_so_many_leases_open_however_small_they_are() -> None:
    book = a_book(Params(hold_share=1000), capacity=10**6)
    offer = replace(OFFER, amount=10**6)
    for number in range(MOST_OPEN):
        ask = an_ask(str(number), amount=1)
        book.take(book.grant(ask, offer, NOW).id, node("b"), NOW)
        if number % 2:
            book.release(ask.id, node("b"), NOW)  # metered, and never settled
    assert refusal(book, an_ask("more", amount=1), offer=offer) is Reason.HOARDING


def test_strangers_fill_half_of_a_book_and_leave_the_rest_to_those_who_are_known() -> None:
    book, offer = a_book(Params(hold_share=1000), capacity=10**6), replace(OFFER, amount=10**6)
    for number in range(MOST_IN_ALL // 2):
        book.grant(an_ask(str(number), amount=1, borrower=str(number)), offer, NOW)
    assert refusal(book, an_ask("more", amount=1, borrower="more"), offer=offer) is Reason.NO_CAPACITY
    assert book.grant(an_ask("known", amount=1, borrower="known"), offer, NOW, known=True).state is State.GRANTED


def copies(name: str, amount: int, borrower: str = "b") -> object:
    return replace(an_ask(name, amount, borrower=borrower), offer=COPIES.id, resource=COPIES.resource)


def test_so_many_copies_are_on_their_way_to_one_borrower_and_to_all() -> None:
    book = a_book()
    book.grant(copies("first", MAX_COPIES), COPIES, NOW)  # type: ignore[arg-type]
    assert refusal(book, copies("second", 1), offer=COPIES) is Reason.HOARDING
    for number in range(MOST_COPIES // 2 // MAX_COPIES - 1):
        book.grant(copies(str(number), MAX_COPIES, str(number)), COPIES, NOW)  # type: ignore[arg-type]
    assert refusal(book, copies("other", 1, "other"), offer=COPIES) is Reason.NO_CAPACITY
    assert book.grant(copies("known", 1, "known"), COPIES, NOW, known=True).state is State.GRANTED  # type: ignore[arg-type]


def test_no_more_copies_are_granted_than_are_on_offer() -> None:
    few = replace(COPIES, amount=2)
    assert refusal(a_book(), copies("x", 3), offer=few) is Reason.NO_OFFER


def test_copies_that_are_on_their_way_are_not_given_back_and_had_for_nothing() -> None:
    book = a_book()
    lease = book.take(book.grant(copies("x", 3), COPIES, NOW).id, node("b"), NOW)  # type: ignore[arg-type]
    with pytest.raises(Refused, match="on their way"):
        book.release(lease.id, node("b"), NOW)


def test_a_clock_that_is_set_back_keeps_no_grant() -> None:
    book = a_book()
    book.grant(an_ask("x", begins=0, ends=9), OFFER, Instant(NOW + HOUR))
    assert book.tick(Instant(NOW + HOUR - SECOND)) == []
    assert [one.state for one in book.tick(NOW)] == [State.LAPSED]
    assert book.free(OFFER.resource, hours(0, 9)) == OFFER.amount


def test_what_is_over_is_forgotten_after_a_day_and_looked_at_no_more() -> None:
    book = a_book(Params(hold_share=1000))
    for number in range(100):
        id_ = book.take(book.grant(an_ask(str(number), amount=1), OFFER, NOW).id, node("b"), NOW).id
        book.release(id_, node("b"), Instant(NOW + number))
        book.settle(id_, paid=True)
    assert book.open() == [] and not book.is_open and len(book.all()) == 100
    assert len(book.forget(Instant(NOW + 50))) == 50
    assert len(book.all()) == 50
