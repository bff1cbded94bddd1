"""The token bucket against an obvious model in exact fractions."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from hansa.admission.rate import Bucket, take
from hansa.kernel.instant import DAY, HOUR, MINUTE, Instant
from tests.attacks.specimens import scaled

START = 1_760_000_000_000
often = settings(max_examples=scaled(200), deadline=None, derandomize=True)
PAUSES = st.lists(st.just(0) | st.integers(0, 100) | st.integers(0, 2 * MINUTE), min_size=1, max_size=60)

BURSTS = st.lists(
    st.tuples(st.integers(-100, 100) | st.integers(-2 * MINUTE, 2 * MINUTE), st.integers(0, 8)), min_size=1, max_size=30
)
"""Pauses, some of them of a clock that goes back, each with a number of questions that follow at once."""


@dataclass
class Model:
    """A bucket as one would explain it: so many tokens, refilled evenly, never more than full, time going on only."""

    per_minute: int
    tokens: Fraction = Fraction(-1)
    at: int = 0

    def take(self, now: int) -> bool:
        if self.tokens < 0:
            self.tokens = Fraction(self.per_minute)
        else:
            now = max(now, self.at)
            self.tokens += Fraction((now - self.at) * self.per_minute, MINUTE)
        self.tokens, self.at = min(self.tokens, Fraction(self.per_minute)), now
        granted = self.tokens >= 1
        self.tokens -= granted
        return granted


def granted_at(per_minute: int, instants: list[int]) -> list[int]:
    """Returns at which of these instants a token was granted."""
    bucket, granted = None, []
    for now in instants:
        bucket, yes = take(bucket, per_minute, Instant(now))
        granted += [now] * yes
    return granted


def test_a_token_is_so_many_units_that_nothing_is_rounded() -> None:
    assert MINUTE == 60_000
    assert take(None, 60, Instant(START)) == (Bucket(59 * MINUTE, Instant(START)), True)


@given(st.integers(0, 5) | st.integers(6, 200) | st.sampled_from([600, 6000, 10**6]), BURSTS)
@often
def test_it_grants_what_the_model_grants(per_minute: int, bursts: list[tuple[int, int]]) -> None:
    """Exact at every whole rate, and whatever the clock does."""
    instants = list(accumulate((step for pause, asks in bursts for step in (pause, *[0] * asks)), initial=START))
    model = Model(per_minute)
    assert granted_at(per_minute, instants) == [now for now in instants if model.take(now)]


@given(st.integers(1, 200), PAUSES)
@often
def test_no_stretch_of_time_grants_more_than_a_full_bucket_and_its_refill(per_minute: int, pauses: list[int]) -> None:
    granted = granted_at(per_minute, list(accumulate(pauses, initial=START)))
    for place, since in enumerate(granted):
        for count, until in enumerate(granted[place:], 1):
            assert count <= per_minute + Fraction((until - since) * per_minute, MINUTE)


@given(st.integers(1, 200), st.integers(0, DAY))
@often
def test_a_new_author_starts_full_and_a_pause_fills_no_more_than_that(per_minute: int, pause: int) -> None:
    assert len(granted_at(per_minute, [START] * (per_minute + 5))) == per_minute
    later = START + MINUTE + pause
    emptied = [START] * per_minute
    assert len(granted_at(per_minute, emptied + [later] * (per_minute + 5))) == 2 * per_minute


@given(st.integers(0, 10**9), st.integers(1, 200), st.integers(0, HOUR))
@often
def test_a_clock_that_goes_back_refills_nothing_and_takes_nothing_away(level: int, per_minute: int, back: int) -> None:
    before = Bucket(min(level, per_minute * MINUTE), Instant(START))
    after, granted = take(before, per_minute, Instant(START - back))
    assert after == Bucket(before.units - MINUTE * granted, Instant(START))
    assert granted is (before.units >= MINUTE)


def test_a_rate_that_was_lowered_empties_the_bucket_to_the_new_brim() -> None:
    full = take(None, 100, Instant(START))[0]
    assert take(full, 2, Instant(START))[0].units == MINUTE


def test_a_rate_of_nought_grants_nothing() -> None:
    assert granted_at(0, [START, START + HOUR]) == []


@pytest.mark.parametrize("per_minute", [1, 7, 30, 59])
def test_whoever_asks_too_often_still_gets_the_rate(per_minute: int) -> None:
    asked = list(range(START, START + 2 * MINUTE + 1))
    assert len(granted_at(per_minute, asked)) == 3 * per_minute


def test_a_clock_that_swings_refills_no_more_than_one_that_does_not() -> None:
    swinging = [START, *([START - HOUR, START] * 50)]
    assert granted_at(1, swinging) == [START]
    assert granted_at(1, [*swinging, START + MINUTE - 1, START + MINUTE]) == [START, START + MINUTE]


class Buckets(RuleBasedStateMachine):
    """Some authors with one bucket each while time goes on, and back at times: the model knows who gets what."""

    @initialize(rate=st.sampled_from([1, 7, 59, 60, 61]))
    def begin(self, rate: int) -> None:
        self.now, self.rate = START, rate
        self.buckets: dict[str, Bucket] = {}
        self.models = {author: Model(rate) for author in "abc"}

    @rule(author=st.sampled_from("abc"), times=st.integers(1, 70))
    def ask(self, author: str, times: int) -> None:
        for _ in range(times):
            self.buckets[author], granted = take(self.buckets.get(author), self.rate, Instant(self.now))
            assert granted is self.models[author].take(self.now)

    @rule(pause=st.integers(0, 3 * MINUTE))
    def wait(self, pause: int) -> None:
        self.now += pause

    @rule(back=st.integers(1, 3 * MINUTE))
    def set_back(self, back: int) -> None:
        self.now -= back

    @invariant()
    def levels_are_those_of_the_model(self) -> None:
        for author, bucket in getattr(self, "buckets", {}).items():
            assert Fraction(bucket.units, MINUTE) == self.models[author].tokens
            assert 0 <= bucket.units <= self.rate * MINUTE
            assert bucket.at == self.models[author].at


TestBuckets = Buckets.TestCase
TestBuckets.settings = settings(
    max_examples=scaled(30), stateful_step_count=20, deadline=None, derandomize=True, database=None
)
