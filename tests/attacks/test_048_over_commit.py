"""Attack 48: more is lent than there is.

Passes when the sum of all leases is never above the capacity, whatever is asked, in whatever order, again and again
and over restarts (the life cycle is tested step by step in tests/market/test_leases.py); and when a lease that is over
can't act: whoever brings its fence late, or another one's, is refused.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from hansa.kernel.errors import Refused
from hansa.kernel.instant import HOUR, MINUTE, Instant
from hansa.kernel.verdict import Reason
from hansa.market.lease import Lease, peak
from hansa.market.lease_states import HOLDS, State
from hansa.market.leases import Params
from tests.attacks.specimens import scaled
from tests.market.keeping import Keeping
from tests.market.test_leases import CAPACITY, OFFER, a_book, an_ask
from tests.market.things import NOW, hours, node

GENEROUS = Params(hold_share=1000, no_shows=1000)


def test_what_is_asked_for_at_once_and_again_is_lent_no_more_than_it_is_there() -> None:
    chance, book, now = Random(48), a_book(GENEROUS), NOW
    asks = [
        an_ask(str(number), chance.randint(1, 9), begins, begins + chance.randint(1, 16) / 2, chance.choice("abcd"))
        for number in range(scaled(300))
        for begins in [chance.randint(0, 14)]
    ]
    granted = 0
    for ask in [*asks, *chance.sample(asks, len(asks))]:
        try:
            granted += book.grant(ask, OFFER, now).state is State.GRANTED
            book.take(ask.id, ask.borrower, now)
        except Refused as refused:
            assert refused.reason is Reason.NO_CAPACITY
        if chance.random() < 0.1:
            kept = book.all()
            book = a_book(GENEROUS)
            book.restore(kept)
        assert peak([one.ask for one in book.all() if one.state in HOLDS], hours(0, 24)) <= CAPACITY
    assert granted


def active(book: Keeping, now: Instant = NOW) -> Lease:
    lease = book.grant(an_ask("x"), OFFER, now)
    return book.take(lease.id, node("b"), now)


def test_a_lease_that_is_over_cannot_act_however_late_a_message_comes() -> None:
    book = a_book()
    lease = active(book)
    assert book.may_use(lease.id, node("b"), lease.fence, Instant(NOW + HOUR - 1)) == lease
    for late in (Instant(NOW + HOUR), Instant(NOW + HOUR + MINUTE)):
        with pytest.raises(Refused) as refused:  # also before anybody has noted that it is over
            book.may_use(lease.id, node("b"), lease.fence, late)
        assert refused.value.reason is Reason.NO_LEASE
    book.tick(Instant(NOW + HOUR))
    with pytest.raises(Refused, match="metered"):
        book.may_use(lease.id, node("b"), lease.fence, NOW)


def test_another_leases_fence_opens_nothing() -> None:
    book = a_book()
    first = active(book)
    book.release(first.id, node("b"), NOW)
    second = book.take(book.grant(an_ask("y"), OFFER, NOW).id, node("b"), NOW)
    assert second.fence > first.fence
    with pytest.raises(Refused, match=f"its fence is {second.fence}, not {first.fence}"):
        book.may_use(second.id, node("b"), first.fence, NOW)
    with pytest.raises(Refused, match="no such lease of yours"):
        book.may_use(second.id, node("other"), second.fence, NOW)


def test_fences_rise_over_restarts() -> None:
    book = a_book()
    before = active(book)
    again = a_book()
    again.restore(book.all())
    assert again.grant(an_ask("y"), OFFER, NOW).fence == before.fence + 1


def test_what_is_used_up_cannot_act() -> None:
    book = a_book()
    lease = active(book)
    book.meter(lease.id, lease.limit)
    with pytest.raises(Refused, match="used up"):
        book.may_use(lease.id, node("b"), lease.fence, NOW)


def test_an_ask_under_a_lent_id_is_the_lease_that_was_granted_whatever_it_says_now() -> None:
    book = a_book()
    lease = book.grant(an_ask("x", amount=2), OFFER, NOW)
    assert book.grant(replace(an_ask("x"), amount=9), OFFER, NOW) == lease
