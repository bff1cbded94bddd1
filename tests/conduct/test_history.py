"""A history says at each moment what going through all of its events would, whatever came before."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from hansa.conduct import history
from hansa.conduct.classic import UNIT
from hansa.conduct.history import History
from hansa.kernel.errors import UsageError
from hansa.kernel.instant import DAY, Instant
from tests.conduct.oracle import exact

WEIGHTS = st.integers(-3, 3)
AGES = st.one_of(st.integers(0, 3 * DAY), st.integers(0, 100).map(lambda days: days * DAY), st.integers(0, 100 * DAY))


class Life(RuleBasedStateMachine):
    """A history beside the list of its events."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 200 * DAY
        self.held = History()
        self.events: list[tuple[int, int]] = []
        self.usual = history._SPARE

    @initialize(spare=st.sampled_from([history._SPARE, 0]))
    def what_counts_no_more_is_let_go_late_or_at_once(self, spare: int) -> None:
        self.usual, history._SPARE = history._SPARE, spare

    def teardown(self) -> None:
        history._SPARE = self.usual

    @rule(age=AGES, weight=WEIGHTS)
    def something_happens(self, age: int, weight: int) -> None:
        self.held.add(Instant(self.now - age), weight, Instant(self.now))
        self.events.append((self.now - age, weight))

    @rule(time=st.one_of(st.integers(0, 2 * DAY), st.integers(0, 30).map(lambda days: days * DAY)))
    def time_goes_on(self, time: int) -> None:
        self.now += time

    @rule(count=st.integers(1, 40), weight=WEIGHTS)
    def much_happens_at_once(self, count: int, weight: int) -> None:
        for _ in range(count):
            self.something_happens(0, weight)

    @rule(back=st.integers(1, 5 * DAY))
    def somebody_asks_about_earlier(self, back: int) -> None:
        then = self.now - back
        try:
            found = self.held.score(Instant(then))
        except UsageError:
            return
        assert all(at <= then for at, _ in self.events)
        assert found == exact(self.events, then) * UNIT

    @invariant()
    def the_score_is_that_of_all_events(self) -> None:
        assert self.held.score(Instant(self.now)) == exact(self.events, self.now) * UNIT
        assert self.held.count == len(self.events)


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=60, stateful_step_count=30)


def test_what_counts_no_more_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "_SPARE", 10)
    held = History()
    for day in range(1_000):
        for _ in range(3):
            held.add(Instant(day * DAY), 1, Instant(day * DAY))
    assert held.count == 3_000
    assert len(held._times) < 600
    assert held.score(Instant(999 * DAY)) == exact([(day * DAY, 1) for day in range(1_000)] * 3, 999 * DAY) * UNIT
    with pytest.raises(UsageError, match="ask the ledger"):
        held.score(Instant(500 * DAY))


def test_nothing_is_looked_at_between_two_changes() -> None:
    """The mark that is passed next is known: until then a question costs one comparison."""
    held = History()
    for hour in range(48):
        held.add(Instant(hour * DAY // 24), -2, Instant(2 * DAY))
    held.score(Instant(2 * DAY))
    assert held._next == 2 * DAY + DAY // 24
