"""A1 to A6, exact: the formulas against their transcription, the reasons, the coin, the strategies."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansa.conduct.classic import (
    STRATEGIES,
    UNIT,
    WEIGHTS,
    InteractionType,
    Occasion,
    Relationship,
    classify,
    days_between,
    engage,
    term,
    toss,
)
from hansa.conduct.history import History
from hansa.kernel.errors import UsageError
from hansa.kernel.instant import DAY, Instant
from tests.attacks.specimens import scaled
from tests.conduct.oracle import exact, floating, relationship

NOW = Instant(1_795_218_000_000)


def test_the_table_is_the_source_s() -> None:
    assert {kind.value: weight for kind, weight in WEIGHTS.items()} == {
        "upvote_given": 1, "upvote_received": 2, "downvote_given": -1, "downvote_received": -2, "reply_positive": 3,
        "reply_neutral": 0, "reply_negative": -2, "mention_positive": 2, "mention_negative": -3,
    }  # fmt: skip


@pytest.mark.parametrize("weight", sorted(set(WEIGHTS.values())))
@pytest.mark.parametrize("days", range(93))
def test_each_term_is_a_whole_number_of_units(weight: int, days: int) -> None:
    assert term(weight, days) == exact([(NOW - days * DAY, weight)], NOW) * UNIT


def histories(random: Random, at_most: int) -> list[tuple[int, int]]:
    """Returns a history as it might be: any ages up to 100 days, or all about the edges of a day."""
    span = random.choice([DAY, 10 * DAY, 100 * DAY])
    near = random.random() < 0.3
    kinds = random.sample(sorted(WEIGHTS.values()), random.randint(1, 9))
    ages = (random.randrange(span) // DAY * DAY + random.choice([-1, 0, 1]) if near else random.randrange(span)
            for _ in range(random.randint(0, at_most)))  # fmt: skip
    return sorted((NOW - max(0, age), random.choice(kinds)) for age in ages)


def test_a_hundred_thousand_random_histories_score_as_the_formulas_say() -> None:
    """To the last digit in exact arithmetic; in that of floats but for what they leave over."""
    random = Random(4)
    seen: Counter[Relationship] = Counter()
    for _ in range(scaled(2_000)):
        events = histories(random, 14)
        held = History()
        for at, weight in events:
            held.add(Instant(at), weight, NOW)
        score, wanted, rounded = held.score(NOW), exact(events, NOW), floating(events, NOW)
        assert score == wanted * UNIT
        assert abs(score / UNIT - rounded) < 1e-9
        found = classify(held.count, score)
        assert found is relationship(events, wanted)
        if abs(abs(wanted) - 5) > 1e-9:
            assert found is relationship(events, rounded)
        seen[found] += 1
    assert min(seen[one] for one in Relationship if one is not Relationship.IGNORE) > 20


def test_what_lies_ahead_is_refused() -> None:
    held = History()
    with pytest.raises(UsageError, match="lies ahead"):
        held.add(Instant(NOW + 1), 3, NOW)
    assert (held.count, held.score(NOW)) == (0, 0)
    assert days_between(Instant(NOW + 1), NOW) == -1


REASONS = [
    (Relationship.UNKNOWN, Occasion(), (True, "unknown_user_start_cooperative")),
    (Relationship.ALLY, Occasion(negative=True, mentions_us=True), (True, "ally_prioritize")),
    (Relationship.NEUTRAL, Occasion(relevant=True), (True, "neutral_relevant_topic")),
    (Relationship.RIVAL, Occasion(mentions_us=True, negative=True), (True, "rival_defensive_response")),
    (Relationship.RIVAL, Occasion(mentions_us=True, negative=True, visible=True), (True, "rival_defensive_response")),
    (Relationship.RIVAL, Occasion(visible=True), (True, "rival_high_visibility")),
    (Relationship.RIVAL, Occasion(mentions_us=True), (False, "rival_avoid")),
    (Relationship.RIVAL, Occasion(negative=True, relevant=True), (False, "rival_avoid")),
    (Relationship.IGNORE, Occasion(relevant=True, visible=True), (False, "ignore_list")),
]


@pytest.mark.parametrize(("standing", "occasion", "wanted"), REASONS)
@pytest.mark.parametrize("coin", [True, False])
def test_the_reasons_are_the_protocol_s(
    standing: Relationship, occasion: Occasion, wanted: tuple[bool, str], coin: bool
) -> None:
    assert engage(standing, occasion, coin) == wanted


def test_for_a_neutral_the_coin_decides() -> None:
    assert engage(Relationship.NEUTRAL, Occasion(), True) == (True, "neutral_probabilistic_engage")
    assert engage(Relationship.NEUTRAL, Occasion(visible=True), False) == (False, "neutral_probabilistic_skip")


def test_there_is_a_strategy_for_everybody() -> None:
    assert set(STRATEGIES) == set(Relationship)
    tones = {one.value: (found.tone, found.priority) for one, found in STRATEGIES.items()}
    assert tones == {
        "unknown": ("warm", "medium"), "ally": ("warm", "high"), "neutral": ("neutral", "medium"),
        "rival": ("cautious", "low"), "ignore": ("none", "none"),
    }  # fmt: skip


@given(st.text(max_size=20), st.text(max_size=20), st.text(max_size=20))
def test_the_coin_is_of_all_its_parts(one: str, two: str, three: str) -> None:
    """Moving a letter from one part to the next is another toss: some of sixty-four must fall otherwise."""
    tosses = {toss("policy", one, f"{two}{number}", three) for number in range(64)}
    assert tosses == {True, False}


def test_the_coin_is_fair() -> None:
    heads = sum(toss("policy", "us", f"peer {number}", "post") for number in range(10_000))
    assert abs(heads - 5_000) < 250  # five standard deviations


def test_the_coin_falls_alike_in_every_process() -> None:
    code = "from hansa.conduct.classic import toss;print([toss('p', 'us', 'them', str(n)) for n in range(40)])"
    told = {
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": str(seed)}, capture_output=True, text=True, check=True
        ).stdout
        for seed in (0, 1, 99)
    }
    assert told == {f"{[toss('p', 'us', 'them', str(number)) for number in range(40)]}\n"}


def test_every_kind_has_a_weight() -> None:
    assert set(WEIGHTS) == set(InteractionType)
