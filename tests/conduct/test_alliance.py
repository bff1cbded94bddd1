"""The Alliance protocol's own API, for programs that know it; and the four faults of its source, mended."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from hansa.conduct import AllianceTracker, InteractionType, Relationship, is_ally, is_rival
from hansa.kernel.errors import UsageError
from hansa.kernel.instant import DAY, iso

START = 1_795_218_000_000
UP, DOWN = InteractionType.REPLY_POSITIVE, InteractionType.MENTION_NEGATIVE


class Clock:
    """Says the time that a test has set."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> int:
        return self.now


class Kept:
    """A storage in memory."""

    def __init__(self) -> None:
        self.held: list[Mapping[str, Any]] = []

    def append(self, interaction: Mapping[str, Any]) -> None:
        self.held.append(interaction)

    def replace(self, interactions: Iterable[Mapping[str, Any]]) -> None:
        self.held = list(interactions)

    def interactions(self) -> Iterable[Mapping[str, Any]]:
        return list(self.held)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tracker(clock: Clock) -> AllianceTracker:
    return AllianceTracker(now=clock)


def dealt(tracker: AllianceTracker, user: str, kind: InteractionType, times: int) -> None:
    for _ in range(times):
        tracker.record_interaction(user, kind, "post-1")


def test_what_is_done_makes_what_somebody_is(tracker: AllianceTracker) -> None:
    assert tracker.classify("ann") is Relationship.UNKNOWN
    dealt(tracker, "ann", UP, 2)
    assert (tracker.classify("ann"), tracker.calculate_score("ann")) == (Relationship.NEUTRAL, 6.0)
    dealt(tracker, "ann", UP, 1)
    dealt(tracker, "ben", DOWN, 3)
    dealt(tracker, "eve", InteractionType.REPLY_NEUTRAL, 3)
    assert is_ally(tracker, "ann") and not is_rival(tracker, "ann")
    assert is_rival(tracker, "ben") and not is_ally(tracker, "ben")
    assert not is_ally(tracker, "eve") and not is_rival(tracker, "eve")
    assert tracker.get_allies() == ["ann"]
    assert tracker.should_engage("ann") == (True, "ally_prioritize")
    assert tracker.should_engage("ben") == (False, "rival_avoid")
    assert tracker.should_engage("ben", {"high_visibility": True}) == (True, "rival_high_visibility")
    about_us = {"mentions_us": True, "is_negative": True}
    assert tracker.should_engage("ben", about_us) == (True, "rival_defensive_response")
    assert tracker.should_engage("eve", {"is_relevant_topic": True}) == (True, "neutral_relevant_topic")
    strategy = tracker.get_engagement_strategy("ben")
    assert (strategy["tone"], strategy["priority"]) == ("cautious", "low")
    assert (strategy["score"], strategy["interaction_count"]) == (-9.0, 3)
    assert tracker.get_engagement_strategy("nobody")["interaction_count"] == 0
    assert [one.context for one in tracker.get_user_interactions("ann")] == ["post-1"] * 3


def test_at_the_thresholds(tracker: AllianceTracker) -> None:
    dealt(tracker, "ann", InteractionType.UPVOTE_RECEIVED, 2)
    dealt(tracker, "ann", InteractionType.UPVOTE_GIVEN, 1)
    assert (tracker.calculate_score("ann"), tracker.classify("ann")) == (5.0, Relationship.ALLY)
    dealt(tracker, "ben", InteractionType.DOWNVOTE_RECEIVED, 2)
    dealt(tracker, "ben", InteractionType.DOWNVOTE_GIVEN, 1)
    assert (tracker.calculate_score("ben"), tracker.classify("ben")) == (-5.0, Relationship.RIVAL)


def test_the_coin_falls_alike_in_every_process() -> None:
    """Fault 1 of the source: `hash` differs with each start of Python."""
    code = (
        "from hansa.conduct import *\n"
        "t = AllianceTracker(now=lambda: 1)\n"
        "t.record_interaction('ann', InteractionType.REPLY_NEUTRAL)\n"
        "print([t.should_engage('ann', {'post_id': str(n)}) for n in range(50)])"
    )
    told = [
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": str(seed)}, capture_output=True, text=True, check=True
        ).stdout
        for seed in range(3)
    ]
    assert len(set(told)) == 1
    assert "neutral_probabilistic_engage" in told[0] and "neutral_probabilistic_skip" in told[0]


def test_what_somebody_is_grows_older(tracker: AllianceTracker, clock: Clock) -> None:
    """Fault 2 of the source: a class that was computed once stays until something is recorded."""
    dealt(tracker, "ann", UP, 3)
    dealt(tracker, "ben", DOWN, 3)
    assert (is_ally(tracker, "ann"), is_rival(tracker, "ben")) == (True, True)
    clock.now += 30 * DAY
    assert (is_ally(tracker, "ann"), is_rival(tracker, "ben")) == (True, False)
    clock.now += 61 * DAY
    assert (is_ally(tracker, "ann"), tracker.calculate_score("ann")) == (False, 0.0)
    assert tracker.classify("ann") is Relationship.NEUTRAL  # nobody is unknown again


def test_what_has_no_time_or_one_ahead_is_left_out_and_counted(tracker: AllianceTracker) -> None:
    """Fault 3 of the source: both count as if they had happened just now."""
    good = {"user": "ann", "type": "reply_positive", "timestamp": iso(START), "context": None}
    bad: list[Any] = [
        {**good, "timestamp": iso(START + 1)}, {**good, "timestamp": "yesterday"}, {**good, "timestamp": None},
        {**good, "timestamp": "9999-12-31T23:59:59"}, {**good, "type": "kiss"}, {"user": "ann"},
        {**good, "timestamp": 7},
    ]  # fmt: skip
    assert tracker.import_state({"interactions": [good, *bad, good]}) == len(bad)
    assert (len(tracker.get_user_interactions("ann")), tracker.calculate_score("ann")) == (2, 6.0)


def test_somebody_is_set_aside_and_heeded_again(tracker: AllianceTracker) -> None:
    """Fault 4 of the source: nothing ever leads to `ignore`."""
    dealt(tracker, "ann", UP, 3)
    tracker.ignore("ann")
    tracker.ignore("a stranger")
    assert tracker.classify("ann") is tracker.classify("a stranger") is Relationship.IGNORE
    assert tracker.should_engage("ann", {"is_relevant_topic": True}) == (False, "ignore_list")
    assert tracker.get_allies() == []
    assert tracker.get_engagement_strategy("ann")["tone"] == "none"
    tracker.heed("ann")
    assert is_ally(tracker, "ann")


def test_a_state_goes_out_and_comes_in_whole(tracker: AllianceTracker, clock: Clock) -> None:
    dealt(tracker, "ann", UP, 3)
    clock.now += 40 * DAY + 7
    dealt(tracker, "ben", DOWN, 4)
    tracker.ignore("eve")
    state = tracker.export_state()
    assert state["profiles"]["ben"] == {"relationship": "rival", "score": -12.0, "interaction_count": 4}
    other = AllianceTracker(now=clock)
    other.record_interaction("somebody else", UP)
    assert other.import_state(state) == 0
    assert other.export_state() == state
    assert other.import_state({}) == 0
    assert other.export_state() == {"interactions": [], "ignored": [], "profiles": {}}


def test_what_is_recorded_outlasts_the_program(clock: Clock) -> None:
    kept = Kept()
    first = AllianceTracker(kept, now=clock)
    dealt(first, "ann", UP, 3)
    clock.now += DAY
    second = AllianceTracker(kept, now=clock)
    assert second.export_state() == first.export_state()
    assert len(kept.held) == 3
    kept.append({"user": "ann", "type": "reply_positive", "timestamp": iso(clock.now + DAY)})
    with pytest.raises(UsageError, match="1 interactions in the storage"):
        AllianceTracker(kept, now=clock)


def test_a_storage_that_fails_leaves_nothing_half_done(clock: Clock) -> None:
    class Full(Kept):
        def append(self, interaction: Mapping[str, Any]) -> None:
            raise OSError("no room")

    kept = Kept()
    tracker = AllianceTracker(kept, now=clock)
    dealt(tracker, "ann", UP, 1)
    before = tracker.export_state()
    tracker._storage = Full()
    for user in ("ann", "ben"):
        with pytest.raises(OSError, match="no room"):
            tracker.record_interaction(user, UP)
    assert tracker.export_state() == before
    assert tracker.classify("ben") is Relationship.UNKNOWN


def test_a_clock_that_is_put_back_stands_still(tracker: AllianceTracker, clock: Clock) -> None:
    dealt(tracker, "ann", UP, 2)
    clock.now -= 5_000
    dealt(tracker, "ann", UP, 1)
    assert is_ally(tracker, "ann")
    assert {one.at for one in tracker.get_user_interactions("ann")} == {START}


def test_a_type_is_taken_by_its_name_too(tracker: AllianceTracker) -> None:
    tracker.record_interaction("ann", "reply_positive")  # type: ignore[arg-type]
    assert tracker.get_user_interactions("ann")[0].type is UP
    with pytest.raises(ValueError, match="kiss"):
        tracker.record_interaction("ann", "kiss")  # type: ignore[arg-type]


def test_the_rule_is_told_in_words(tracker: AllianceTracker) -> None:
    told = tracker.get_protocol_summary()
    for fact in ("90 days", "5 or more", "-5 or less", "three dealings"):
        assert fact in told


def test_what_is_imported_takes_the_place_of_what_lies_in_the_storage(clock: Clock) -> None:
    kept = Kept()
    tracker = AllianceTracker(kept, now=clock)
    dealt(tracker, "ann", UP, 2)
    state, score = tracker.export_state(), tracker.calculate_score("ann")
    dealt(tracker, "ann", UP, 3)
    ahead = {"user": "ben", "type": UP.value, "timestamp": "2999-01-01T00:00:00Z", "context": None}
    state["interactions"].append(ahead)
    assert tracker.import_state(state) == 1
    again = AllianceTracker(kept, now=clock)
    assert tracker.calculate_score("ann") == again.calculate_score("ann") == score
    assert again.get_user_interactions("ben") == []
