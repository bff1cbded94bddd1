"""The book of leases against a plain model: a table of who has how much in each minute."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from hansa.kernel.errors import Refused, UsageError
from hansa.kernel.instant import DAY, HOUR, MINUTE, Instant
from hansa.kernel.resources import Resource
from hansa.kernel.verdict import Reason
from hansa.market.lease import Ask, owes, peak
from hansa.market.lease_states import HOLDS, TRANSITIONS, State, Trigger
from hansa.market.leases import Params
from hansa.market.model import Window
from tests.attacks.specimens import scaled
from tests.market.keeping import Keeping
from tests.market.things import NOW, an_id, an_offer, hours, node

CAPACITY = 20
OFFER = an_offer("one", amount=CAPACITY, price=100, window=hours(0, 24))
PARAMS = Params(hold_share=500)


def an_ask(
    name: str, amount: int = 2, begins: float = 0, ends: float = 1, borrower: str = "b", price: int = 100
) -> Ask:
    return Ask(an_id("ask " + name), OFFER.id, node(borrower), OFFER.resource, amount, price, hours(begins, ends))


def a_book(params: Params = PARAMS, capacity: int = CAPACITY) -> Keeping:
    return Keeping({OFFER.resource: capacity}, params)


@dataclass
class Known:
    """What the model knows of a lease."""

    ask: Ask
    fence: int
    state: str
    take_by: int
    used: int = 0


class Lending(RuleBasedStateMachine):
    """Everything that can be done to a book, in any order, again and again, and over restarts."""

    def __init__(self) -> None:
        super().__init__()
        self.book, self.now = a_book(), int(NOW)
        self.known: dict[str, Known] = {}
        self.fences = 0
        self.number = 0

    def taken(self, resource_states: tuple[str, ...], borrower: str = "") -> list[int]:
        """Units that are taken in each minute of the day."""
        found = [0] * (24 * 60)
        for one in self.known.values():
            if one.state in resource_states and borrower in ("", one.ask.borrower):
                for minute in range((one.ask.window.begins - NOW) // MINUTE, (one.ask.window.ends - NOW) // MINUTE):
                    found[minute] += one.ask.amount
        return found

    @rule(
        amount=st.integers(1, 12),
        begins=st.integers(0, 20),
        lasts=st.integers(1, 8),
        borrower=st.sampled_from(["a", "b", "c"]),
    )
    def asks(self, amount: int, begins: int, lasts: int, borrower: str) -> None:
        self.number += 1
        self.grants(an_ask(str(self.number), amount, begins / 2, begins / 2 + lasts / 2, borrower))

    @precondition(lambda self: self.known)
    @rule(data=st.data())
    def asks_again(self, data: st.DataObject) -> None:
        held = self.known[data.draw(st.sampled_from(list(self.known)))]
        before = self.book.get(held.ask.id)
        assert self.book.grant(held.ask, OFFER, Instant(self.now)) == before

    def grants(self, ask: Ask) -> None:
        span = slice((ask.window.begins - NOW) // MINUTE, (ask.window.ends - NOW) // MINUTE)
        fits = max(self.taken(HOLDS)[span]) + ask.amount <= CAPACITY
        waits = max(self.taken((State.GRANTED,), ask.borrower)[span]) + ask.amount <= CAPACITY // 2
        shows = sum(one.state == State.LAPSED and one.ask.borrower == ask.borrower for one in self.known.values()) < 3
        if fits and waits and shows and self.now < ask.window.ends:
            lease = self.book.grant(ask, OFFER, Instant(self.now))
            self.fences = max(self.fences + 1, self.now)
            assert lease.fence == self.fences
            self.known[ask.id] = Known(ask, lease.fence, State.GRANTED, self.now + MINUTE)
        else:
            with pytest.raises(Refused):
                self.book.grant(ask, OFFER, Instant(self.now))

    @precondition(lambda self: self.known)
    @rule(data=st.data())
    def takes(self, data: st.DataObject) -> None:
        held = self.known[data.draw(st.sampled_from(list(self.known)))]
        if held.state == State.ACTIVE or (held.state == State.GRANTED and self.now < held.take_by):
            self.book.take(held.ask.id, held.ask.borrower, Instant(self.now))
            held.state = State.ACTIVE
        else:
            with pytest.raises(Refused):
                self.book.take(held.ask.id, held.ask.borrower, Instant(self.now))

    @precondition(lambda self: self.known)
    @rule(data=st.data(), minutes=st.integers(0, 300), stale=st.booleans())
    def uses(self, data: st.DataObject, minutes: int, stale: bool) -> None:
        held = self.known[data.draw(st.sampled_from(list(self.known)))]
        window, limit = held.ask.window, held.ask.amount * held.ask.window.lasts
        may = held.state == State.ACTIVE and window.begins <= self.now < window.ends and held.used < limit and not stale
        fence = held.fence - stale
        if may:
            self.book.may_use(held.ask.id, held.ask.borrower, fence, Instant(self.now))
            self.book.meter(held.ask.id, minutes * MINUTE)
            held.used = min(limit, held.used + minutes * MINUTE)
        else:
            with pytest.raises(Refused):
                self.book.may_use(held.ask.id, held.ask.borrower, fence, Instant(self.now))

    @precondition(lambda self: self.known)
    @rule(data=st.data())
    def gives_back(self, data: st.DataObject) -> None:
        held = self.known[data.draw(st.sampled_from(list(self.known)))]
        self.book.release(held.ask.id, held.ask.borrower, Instant(self.now))
        held.state = {State.GRANTED: State.RELEASED, State.ACTIVE: State.METERED}.get(State(held.state), held.state)

    @precondition(lambda self: self.known)
    @rule(data=st.data(), paid=st.booleans())
    def settles(self, data: st.DataObject, paid: bool) -> None:
        held = self.known[data.draw(st.sampled_from(list(self.known)))]
        if held.state == State.METERED:
            held.state = State.SETTLED if paid else State.BROKEN
        elif held.state not in (State.SETTLED, State.BROKEN):
            with pytest.raises(UsageError):
                self.book.settle(held.ask.id, paid)
            return
        assert self.book.settle(held.ask.id, paid).state == held.state

    @rule(seconds=st.integers(1, 4_000))
    def time_passes(self, seconds: int) -> None:
        self.now = min(self.now + seconds * 1_000, NOW + 23 * HOUR)
        self.book.tick(Instant(self.now))
        for one in self.known.values():
            if one.state == State.GRANTED and self.now >= one.take_by:
                one.state = State.LAPSED
            elif one.state == State.ACTIVE:
                used_up = one.used >= one.ask.amount * one.ask.window.lasts
                if used_up or self.now >= one.ask.window.ends:
                    one.state = State.METERED

    @rule()
    def starts_again(self) -> None:
        kept = self.book.all()
        self.book = a_book()
        self.book.restore(kept)

    @invariant()
    def never_lends_more_than_there_is(self) -> None:
        assert max(self.taken(HOLDS)) <= CAPACITY
        assert {one.id: (one.state, one.used) for one in self.book.all()} == {
            id_: (one.state, one.used) for id_, one in self.known.items()
        }

    @invariant()
    def owes_no_more_than_was_agreed(self) -> None:
        for one in self.book.all():
            assert 0 <= one.cost <= owes(one.ask, one.limit, 0)


TestLending = Lending.TestCase
TestLending.settings = settings(max_examples=scaled(40), stateful_step_count=50, deadline=None)


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("trigger", list(Trigger))
def test_every_move_that_is_not_in_the_table_is_refused(state: State, trigger: Trigger) -> None:
    lease = replace(a_book().grant(an_ask("x"), OFFER, NOW), state=state)
    if (state, trigger) in TRANSITIONS:
        assert lease.moved(trigger) is TRANSITIONS[state, trigger]
    else:
        with pytest.raises(UsageError, match="can't be"):
            lease.moved(trigger)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"offer": an_id("other")}, "another offer"),
        ({"resource": Resource.MEMORY_CAPACITY}, "another offer"),
        ({"amount": 0}, "asks for nothing"),
        ({"price": 99}, "asks for 100"),
        ({"window": hours(-1, 1)}, "not offered then"),
        ({"window": hours(23, 25)}, "not offered then"),
        ({"window": hours(2, 2)}, "are the longest"),
    ],
)
def test_an_ask_that_does_not_keep_to_the_offer_is_refused_in_words(wrong: dict[str, object], words: str) -> None:
    with pytest.raises(Refused, match=words) as refused:
        a_book().grant(replace(an_ask("x"), **wrong), OFFER, NOW)
    assert refused.value.reason is Reason.NO_OFFER


def test_what_is_over_or_too_far_ahead_or_too_long_is_not_granted() -> None:
    params = Params(ahead_ms=2 * HOUR, longest_ms=3 * HOUR)
    with pytest.raises(Refused, match="over"):
        a_book(params).grant(an_ask("x"), OFFER, Instant(NOW + HOUR))
    with pytest.raises(Refused, match="ahead"):
        a_book(params).grant(an_ask("x", begins=3, ends=4), OFFER, NOW)
    with pytest.raises(Refused, match="longest"):
        a_book(params).grant(an_ask("x", ends=4), OFFER, NOW)


def test_of_an_offer_no_more_is_lent_than_it_says_though_the_node_has_more() -> None:
    book = a_book(capacity=1_000)
    for number in range(10):
        book.take(book.grant(an_ask(str(number)), OFFER, NOW).id, node("b"), NOW)
    with pytest.raises(Refused, match="0 of computational_power are free"):
        book.grant(an_ask("more"), OFFER, NOW)
    assert book.free(OFFER.resource, hours(0, 1)) == 980


def test_a_lease_is_paid_for_what_was_used_and_a_quarter_of_it_at_least() -> None:
    ask = an_ask("x", amount=4, ends=2)
    assert owes(ask, used=4 * 2 * HOUR, idle_share=250) == 800
    assert owes(ask, used=4 * HOUR, idle_share=250) == 400
    assert owes(ask, used=0, idle_share=250) == 200
    assert owes(ask, used=0, idle_share=0) == 0
    assert owes(ask, used=1, idle_share=0) == 1


def test_what_is_used_up_is_over_before_its_time() -> None:
    book = a_book()
    book.take(book.grant(an_ask("x", amount=1), OFFER, NOW).id, node("b"), NOW)
    book.meter(an_id("ask x"), 2 * HOUR)
    lease = book.tick(Instant(NOW + MINUTE))[0]
    assert (lease.state, lease.used, lease.cost) == (State.METERED, HOUR, 100)


def test_settled_leases_are_forgotten_after_a_while_and_open_ones_never() -> None:
    book = a_book()
    for name in ("settled", "open"):
        book.take(book.grant(an_ask(name), OFFER, NOW).id, node("b"), NOW)
    book.release(an_id("ask settled"), node("b"), NOW)
    book.settle(an_id("ask settled"), paid=True)
    assert book.forget(Instant(NOW + DAY)) == [an_id("ask settled")]
    assert [one.id for one in book.all()] == [an_id("ask open")]


def test_only_its_borrower_sees_a_lease() -> None:
    book = a_book()
    lease = book.grant(an_ask("x"), OFFER, NOW)
    for act in (book.take, book.release):
        with pytest.raises(Refused, match="no such lease"):
            act(lease.id, node("other"), NOW)


def test_less_than_nothing_is_not_metered_and_nothing_before_it_is_taken() -> None:
    book = a_book()
    lease = book.grant(an_ask("x"), OFFER, NOW)
    with pytest.raises(ValueError, match="used"):
        book.meter(lease.id, -1)
    with pytest.raises(Refused, match="not active"):
        book.meter(lease.id, 1)


def test_the_peak_of_leases_that_follow_each_other_is_the_greater_one() -> None:
    first, second = an_ask("a", amount=3, begins=0, ends=1), an_ask("b", amount=5, begins=1, ends=2)
    assert peak([first, second], hours(0, 2)) == 5
    assert peak([first, second], Window(first.window.begins, first.window.ends)) == 3


@pytest.mark.parametrize(
    "wrong",
    [{"hold_ms": 0}, {"hold_ms": 60_001}, {"hold_share": 1001}, {"idle_share": -1}, {"no_shows": 0}, {"longest_ms": 0}],
)
def test_parameters_that_make_no_sense_are_named(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Keeping({}, Params(**wrong))
