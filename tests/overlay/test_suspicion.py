"""How long a doubt lasts, how a node judges its own ears, in which order it asks, and how soon it dials again."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansa.kernel.ids import NodeId
from hansa.kernel.instant import MINUTE, SECOND, Instant
from hansa.kernel.rng import Rng
from hansa.overlay import calling
from hansa.overlay.awareness import MOST, Awareness
from hansa.overlay.calling import Calls
from hansa.overlay.doing import Doing
from hansa.overlay.patience import RoundTrips
from hansa.overlay.probing import Order
from hansa.overlay.suspicion import Params, timeout_ms

NOW = Instant(1_790_000_000_000)


@pytest.mark.parametrize(
    ("nodes", "confirmed", "milliseconds"),
    [
        (1, 0, 24_000),
        (10, 0, 24_000),
        (10, 1, 14_000),
        (10, 2, 8_150),
        (10, 3, 4_000),
        (10, 100, 4_000),
        (100, 0, 48_000),
        (100, 3, 8_000),
        (1_000, 3, 12_000),
    ],
)
def test_the_table_of_lifeguards_formula(nodes, confirmed, milliseconds):
    assert timeout_ms(Params(), nodes, confirmed, 1_000) == milliseconds


@given(st.integers(0, 10_000), st.integers(0, 20), st.integers(1, 10), st.integers(1, 10), st.integers(0, 8))
def test_a_doubt_is_never_longer_with_more_confirmations_and_never_leaves_its_bounds(nodes, confirmed, m, stretch, k):
    params = Params(m, stretch, k)
    params.validate()
    now, then = (timeout_ms(params, nodes, confirmed + more, 1_000) for more in (0, 1))
    low = timeout_ms(params, nodes, k, 1_000)
    assert low <= then <= now <= stretch * low
    assert timeout_ms(params, nodes, k + confirmed, 1_000) == low


@pytest.mark.parametrize("field", ["multiplier", "stretch", "confirmations"])
def test_numbers_that_make_no_sense_are_refused(field):
    with pytest.raises(ValueError, match=f"^{field}"):
        Params(**{field: -1}).validate()


@given(st.lists(st.integers(-1, 5)))
def test_the_score_of_health_stays_between_nothing_and_eight(steps):
    health = Awareness()
    for step in steps:
        health.better() if step < 0 else health.worse(step)
        assert 0 <= health.score <= MOST
        assert health.scaled(500) == 500 * (health.score + 1)


@given(st.lists(st.integers(0, 99), min_size=1, max_size=12))
def test_each_round_asks_everybody_once_of_whom_nothing_comes_the_longest_unheard_first(times):
    order, heard = Order(), {NodeId(f"did:key:{number}"): at for number, at in enumerate(times)}
    rounds = [[order.take(heard, {}, Instant(100 + 50 * more + step)) for step in range(len(heard))] for more in (0, 1)]
    assert rounds[0] == rounds[1] == sorted(heard, key=heard.__getitem__)


@given(st.lists(st.tuples(st.sampled_from(["hear", "lose", "take", "take"]), st.integers(0, 5)), max_size=60))
def test_nobody_waits_longer_than_a_round_and_who_was_just_heard_is_asked_last(steps):
    order, heard, waits = Order(), {}, {}
    for now, (what, number) in enumerate(steps):
        one = NodeId(f"did:key:{number}")
        if what == "hear":
            heard[one] = now
            waits[one] = 0
        elif what == "lose":
            order.remove(one)
            heard.pop(one, None)
            waits.pop(one, None)
        else:
            busy = {NodeId("did:key:0"): None}
            taken = order.take(heard, busy, Instant(now))
            free = [other for other in heard if other not in busy]
            assert (taken in free) if free else taken is None
            for other in free:
                waits[other] = 0 if other == taken else waits[other] + 1
                assert waits[other] < 6


ANNA = NodeId("did:key:z6Mkanna")


def test_who_is_no_neighbour_any_more_is_not_remembered():
    order = Order()
    for number in range(10):
        order.take({NodeId(f"did:key:{number}"): 0}, {}, NOW)
        order.remove(NodeId(f"did:key:{number}"))
    assert not order._asked


def test_the_wait_for_an_answer_follows_the_formula_of_tcp_within_its_bounds():
    trips = RoundTrips(500, 10, 1_000)
    assert trips.wait_ms(ANNA) == 500
    waits = []
    for took in (40, 40, 120):
        trips.measured(ANNA, took)
        waits.append(trips.wait_ms(ANNA))
    assert waits == [40 + 4 * 20, 40 + 4 * 15, 50 + 125]
    trips.forget(ANNA)
    assert trips.wait_ms(ANNA) == 500


@given(st.lists(st.integers(0, 100_000), min_size=1))
def test_a_wait_stays_within_its_bounds_and_comes_down_to_answers_that_are_always_the_same(times):
    trips = RoundTrips(500, 200, 1_000)
    for took in times:
        trips.measured(ANNA, took)
        assert 200 <= trips.wait_ms(ANNA) <= 1_000
    for _ in range(200):
        trips.measured(ANNA, 300)
    assert abs(trips.wait_ms(ANNA) - 300) <= 10


AT = ("ws://anna:1",)


def dials(calls: Calls, until: int, step: int = 100) -> list[int]:
    found = []
    for after in range(0, until, step):
        doing = Doing()
        calls.overdue(Instant(NOW + after))
        if calls.place(ANNA, AT, Instant(NOW + after), doing):
            found.append(after)
    return found


def test_who_does_not_answer_is_dialled_ever_less_often_and_at_least_each_minute():
    found = dials(Calls(calling.Params(), Rng(1)), 10 * MINUTE)
    waits = [after - before for before, after in itertools.pairwise(found)]
    assert waits[0] <= 6_100
    assert all(5_500 <= wait <= 65_100 for wait in waits)
    assert min(waits[7:]) >= 35_000


def test_one_call_to_a_node_at_a_time_and_none_without_an_address():
    calls, doing = Calls(calling.Params(), Rng(1)), Doing()
    assert not calls.place(ANNA, (), NOW, doing)
    assert calls.place(ANNA, AT, NOW, doing)
    assert not calls.place(ANNA, AT, Instant(NOW + SECOND), doing, urgent=True)
    assert calls.linked(ANNA)
    assert not calls.linked(ANNA)
    assert len(doing.dials) == 1


def test_who_closed_a_link_on_purpose_is_left_alone_for_a_minute_but_looked_for_when_in_doubt():
    calls, doing = Calls(calling.Params(), Rng(1)), Doing()
    calls.lost(ANNA, 20 * SECOND, True, NOW)
    assert not calls.place(ANNA, AT, Instant(NOW + 59 * SECOND), doing)
    assert calls.place(ANNA, AT, Instant(NOW + 59 * SECOND), doing, urgent=True)


def test_a_link_that_stood_is_made_again_at_once_and_one_that_did_not_later():
    for stood, waits in ((10 * SECOND, False), (SECOND, True)):
        calls = Calls(calling.Params(), Rng(1))
        calls.lost(ANNA, stood, False, NOW)
        assert calls.place(ANNA, AT, NOW, Doing()) is not waits


def test_calls_that_nobody_waits_for_are_forgotten():
    calls = Calls(calling.Params(), Rng(1))
    for number in range(5_000):
        calls.place(NodeId(f"did:key:{number}"), AT, Instant(NOW + number * MINUTE), Doing())
        calls.overdue(Instant(NOW + number * MINUTE + 10 * SECOND))
    assert len(calls._lines) <= 1_025


@pytest.mark.parametrize(
    ("field", "value"),
    [("answer_ms", 0), ("first_ms", 0), ("most_ms", 1), ("rebuffed_ms", -1), ("stable_ms", -1)],
)
def test_numbers_of_calls_that_make_no_sense_are_refused(field, value):
    calling.Params().validate()
    with pytest.raises(ValueError, match=f"^{field}"):
        calling.Params(**{field: value}).validate()
