"""Attack 10: wrong clocks and old messages. 30 seconds of skew are forgiven always, an hour never."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hansa.admission.service import Freshness, Params, Via
from hansa.kernel.instant import DAY, HOUR, SECOND
from hansa.kernel.verdict import Reason
from tests.admission.memory import KINDS, gate
from tests.attacks.specimens import NOW, key, proved, reason, scaled

ALICE, BOB = key(1), key(2)
WINDOW = Params().window_ms
LIVE = [kind for kind, freshness in KINDS.items() if freshness is Freshness.LIVE]
DURABLE = [kind for kind, freshness in KINDS.items() if freshness is Freshness.DURABLE]
SPREAD = [kind for kind, freshness in KINDS.items() if freshness is Freshness.SPREAD]
often = settings(max_examples=scaled(150), deadline=None, derandomize=True)
WAYS = st.sampled_from([Via.FEED, Via.FILE, Via.LOCAL])


@given(st.sampled_from(list(KINDS)), st.integers(-30 * SECOND, 30 * SECOND), st.integers(NOW, NOW + DAY), WAYS)
@often
def test_half_a_minute_of_skew_is_never_refused(kind: str, skew: int, now: int, via: Via) -> None:
    message = proved(ALICE, kind=kind, created=now + skew)
    assert gate().take(message, via, now).message is message


@given(st.sampled_from([*LIVE, *SPREAD]), st.integers(HOUR, 400 * DAY), st.sampled_from([1, -1]), WAYS)
@often
def test_a_live_message_an_hour_off_is_never_taken(kind: str, skew: int, sign: int, via: Via) -> None:
    expected = Reason.FROM_FUTURE if sign > 0 else Reason.STALE
    assert reason(gate().take, proved(ALICE, kind=kind, created=NOW + sign * skew), via) is expected


@given(st.sampled_from(DURABLE), st.integers(HOUR, 2**53 - 1 - NOW), WAYS)
@often
def test_a_durable_record_from_the_future_is_never_taken(kind: str, skew: int, via: Via) -> None:
    assert reason(gate().take, proved(ALICE, kind=kind, created=NOW + skew), via) is Reason.FROM_FUTURE


@given(st.sampled_from(DURABLE), st.integers(0, NOW), WAYS)
@often
def test_a_durable_record_is_never_too_old(kind: str, created: int, via: Via) -> None:
    message = proved(ALICE, kind=kind, created=created)
    assert gate().take(message, via).message is message


@pytest.mark.parametrize("kind", KINDS)
def test_the_window_ends_exactly_where_it_says(kind: str) -> None:
    assert gate().take(proved(ALICE, kind=kind, created=NOW + WINDOW))
    assert reason(gate().take, proved(ALICE, kind=kind, created=NOW + WINDOW + 1)) is Reason.FROM_FUTURE
    assert gate().take(proved(ALICE, kind=kind, created=NOW - WINDOW))
    if kind in [*LIVE, *SPREAD]:
        assert reason(gate().take, proved(ALICE, kind=kind, created=NOW - WINDOW - 1)) is Reason.STALE


@pytest.mark.parametrize("kind", [*LIVE, *SPREAD, *DURABLE])
def test_expiry_begins_exactly_when_it_says(kind: str) -> None:
    assert gate().take(proved(ALICE, kind=kind, expires=NOW + 1))
    assert reason(gate().take, proved(ALICE, kind=kind, expires=NOW)) is Reason.EXPIRED
    assert reason(gate().take, proved(ALICE, kind=kind, expires=NOW - 1)) is Reason.EXPIRED
    assert gate().take(proved(ALICE, kind=kind, expires=0))


@given(st.lists(st.integers(0, 30), max_size=30), st.sampled_from(LIVE))
@often
def test_sequence_numbers_of_live_messages_only_rise(numbers: list[int], kind: str) -> None:
    door, highest = gate(), -1
    for place, seq in enumerate(numbers):
        message = proved(ALICE, {"place": place}, kind=kind, seq=seq)
        if seq > highest:
            door.take(message)
            highest = seq
        else:
            assert reason(door.take, message) is Reason.OLD_SEQUENCE


@given(st.lists(st.integers(0, 30), max_size=30), st.sampled_from(SPREAD))
@often
def test_what_goes_round_comes_in_any_order_and_under_any_number(numbers: list[int], kind: str) -> None:
    """It neither uses numbers up nor is stopped by those that were used."""
    door = gate()
    door.take(proved(ALICE, kind="hello", seq=31))
    door.take(proved(ALICE, kind="skill", seq=30))
    for place, seq in enumerate(numbers):
        assert door.take(proved(ALICE, {"place": place}, kind=kind, seq=seq))
    door.take(proved(ALICE, kind="index", seq=32))
    door.take(proved(ALICE, kind="evidence", seq=29))


def test_live_kinds_share_one_count() -> None:
    door = gate()
    door.take(proved(ALICE, kind="hello", seq=5))
    assert reason(door.take, proved(ALICE, kind="index", seq=5)) is Reason.OLD_SEQUENCE
    assert door.take(proved(ALICE, kind="index", seq=6))


def test_authors_count_for_themselves() -> None:
    door = gate()
    door.take(proved(ALICE, kind="hello", seq=2**53 - 1))
    assert door.take(proved(BOB, kind="hello", seq=0))


@given(st.permutations(range(8)), st.sampled_from(DURABLE))
@often
def test_durable_records_may_come_in_any_order(order: list[int], kind: str) -> None:
    door = gate()
    for seq in order:
        assert door.take(proved(ALICE, kind=kind, seq=seq))
    for seq in order:
        assert reason(door.take, proved(ALICE, kind=kind, seq=seq)) is Reason.DUPLICATE


def test_a_live_message_is_taken_once() -> None:
    door, hello = gate(), proved(ALICE, kind="hello")
    door.take(hello)
    assert reason(door.take, hello) is Reason.DUPLICATE


@given(st.integers(-400 * DAY, 400 * DAY))
@often
def test_a_replay_never_comes_in_again_whatever_our_clock_says(jump: int) -> None:
    door, hello = gate(), proved(ALICE, kind="hello")
    door.take(hello)
    expected = {Reason.DUPLICATE, Reason.STALE, Reason.FROM_FUTURE}
    assert reason(door.take, hello, Via.FEED, NOW + jump) in expected


def test_the_window_is_a_parameter() -> None:
    narrow = gate(params=Params(window_ms=SECOND))
    assert reason(narrow.take, proved(ALICE, kind="hello", created=NOW - SECOND - 1)) is Reason.STALE
