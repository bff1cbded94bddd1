"""Skills are ranked by what this node found out about them; a sender's claims have no way in."""

from __future__ import annotations

import inspect
from dataclasses import fields, replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hansa.kernel.ids import ContentId
from hansa.kernel.instant import DAY, Instant
from hansa.skills.model import Claim, Level
from hansa.skills.ranking import Facts, Params, Ranked, rank, spread, spread_ranked
from tests.attacks.specimens import NOW
from tests.skills.specimens import name

PARAMS = Params()
GOOD = Facts(Level.E2, 0.9, NOW, 0)
ONE, TWO, THREE = sorted(name(number) for number in range(3))


def score(facts: Facts, similar: float = 0.8, words: float | None = 1.0) -> float:
    lexical = [] if words is None else [(ONE, words)]
    return rank({ONE: similar}, lexical, {ONE: facts}, NOW, PARAMS)[0].score


def order(facts: dict[ContentId, Facts], similar: dict[ContentId, float] | None = None) -> list[ContentId]:
    similar = dict.fromkeys(facts, 0.8) if similar is None else similar
    return [one.skill for one in rank(similar, [], facts, NOW, PARAMS)]


def test_no_claim_has_a_way_into_the_ranking() -> None:
    asked = {"similar", "lexical", "facts", "now", "params"}
    assert set(inspect.signature(rank).parameters) == asked
    known = {field.name for field in fields(Facts)}
    assert known == {"level", "confidence", "added", "refutations", "reputation"}
    assert (known | asked) & set(Claim.__struct_fields__) == {"confidence"}, "which is this node's own"


def test_the_score_is_relevance_times_standing() -> None:
    """0.7 · 0.5 + 0.3 · 1 = 0.65, times 0.8 + 0.2 · 0.9 for what is proved, fresh."""
    found = rank({ONE: 0.5}, [(ONE, 4.0)], {ONE: GOOD}, NOW, PARAMS)
    assert found == [Ranked(ONE, pytest.approx(0.65 * 0.98), 0.5, 1.0, GOOD)]


@pytest.mark.parametrize(
    ("facts", "standing"),
    [
        (replace(GOOD, confidence=1.0), 1.0),
        (replace(GOOD, confidence=0.0), 0.8),
        (replace(GOOD, level=Level.E3, confidence=1.0), 1.0),
        (replace(GOOD, level=Level.E1, confidence=1.0), 0.6),
        (replace(GOOD, level=Level.E0, confidence=1.0), 0.6),
        (replace(GOOD, confidence=1.0, refutations=1), 0.3),
        (replace(GOOD, confidence=1.0, refutations=9), 0.3),
        (replace(GOOD, confidence=1.0, added=Instant(NOW - 180 * DAY)), 0.975),
        (replace(GOOD, confidence=1.0, added=Instant(NOW - 360 * DAY)), 0.9625),
        (replace(GOOD, confidence=1.0, added=Instant(0)), 0.95),
        (replace(GOOD, confidence=1.0, added=Instant(NOW + DAY)), 1.0),
    ],
)
def test_what_is_known_scales_relevance(facts: Facts, standing: float) -> None:
    assert score(facts, similar=1.0) == pytest.approx(standing, abs=1e-4)


def test_words_count_as_a_share_of_the_best() -> None:
    found = rank({}, [(ONE, 8.0), (TWO, 2.0), (THREE, -1.0)], dict.fromkeys((ONE, TWO, THREE), GOOD), NOW, PARAMS)
    assert {one.skill: one.words for one in found} == {ONE: 1.0, TWO: 0.25, THREE: 0.0}
    assert [one.similarity for one in found] == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("lexical", [[], [(ONE, 0.0)], [(ONE, -3.0)]])
def test_without_a_good_word_words_count_nothing(lexical: list[tuple[ContentId, float]]) -> None:
    found = rank({ONE: 0.5}, lexical, {ONE: GOOD}, NOW, PARAMS)
    assert (found[0].words, found[0].score) == (0.0, pytest.approx(0.35 * 0.98))


def test_what_nothing_is_known_of_is_left_out() -> None:
    assert rank({ONE: 1.0, TWO: 1.0}, [(THREE, 9.0)], {ONE: GOOD}, NOW, PARAMS)[0].skill == ONE
    assert rank({ONE: 1.0}, [(TWO, 9.0)], {}, NOW, PARAMS) == []


def test_equals_come_in_order_of_id() -> None:
    assert order(dict.fromkeys((THREE, ONE, TWO), GOOD)) == [ONE, TWO, THREE]


def test_a_refuted_skill_sinks_below_a_much_less_similar_one() -> None:
    facts = {ONE: replace(GOOD, refutations=1), TWO: GOOD}
    assert order(facts, {ONE: 1.0, TWO: 0.4}) == [TWO, ONE]


def test_an_unproved_skill_sinks_below_a_proved_one_that_is_as_near() -> None:
    for confidence in (0.0, 1.0):
        facts = {ONE: Facts(Level.E1, 1.0, NOW, 0), TWO: Facts(Level.E2, confidence, Instant(0), 0)}
        assert order(facts) == [TWO, ONE]


def test_why_names_each_number() -> None:
    assert rank({ONE: 0.5}, [], {ONE: GOOD}, NOW, PARAMS)[0].why == (
        "meaning 0.50 · words 0.00 · E2 re-proved here · confidence 0.90"
    )
    assert rank({ONE: 0.5}, [], {ONE: replace(GOOD, refutations=2)}, NOW, PARAMS)[0].why.endswith("refuted 2x")


share = st.floats(0, 1)
known = st.builds(
    Facts,
    level=st.sampled_from(Level),
    confidence=share,
    added=st.integers(0, NOW + DAY).map(Instant),
    refutations=st.integers(0, 3),
)
skills = st.sampled_from([name(number) for number in range(5)])
questions = st.tuples(
    st.dictionaries(skills, share),
    st.lists(st.tuples(skills, st.floats(-5, 50)), unique_by=lambda one: one[0]),
    st.dictionaries(skills, known),
)


@given(questions, st.randoms())
def test_the_order_depends_on_nothing_but_the_facts(question: tuple, random: object) -> None:
    similar, lexical, facts = question
    found = rank(similar, lexical, facts, NOW, PARAMS)
    shuffled = list(facts.items())
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert rank(dict(reversed(similar.items())), lexical[::-1], dict(shuffled), NOW, PARAMS) == found
    assert {one.skill for one in found} == set(facts)
    assert [(-one.score, one.skill) for one in found] == sorted((-one.score, one.skill) for one in found)
    assert all(0 <= one.score <= 1 for one in found)


@given(known, share, share, st.floats(0, 10))
def test_more_similar_is_never_lower(facts: Facts, one: float, two: float, words: float) -> None:
    low, high = sorted((one, two))
    assert score(facts, low, words) <= score(facts, high, words)


@given(known, known, share)
def test_better_known_is_never_lower(one: Facts, two: Facts, similar: float) -> None:
    better = Facts(
        max(one.level, two.level), max(one.confidence, two.confidence), max(one.added, two.added),
        min(one.refutations, two.refutations),
    )  # fmt: skip
    assert score(better, similar) >= score(one, similar) - 1e-12


@given(known, st.integers(1, 9), share)
def test_a_refutation_never_lifts(facts: Facts, more: int, similar: float) -> None:
    assume(facts.refutations == 0)
    assert score(replace(facts, refutations=more), similar) <= score(facts, similar)


# ---- spread over authors (threat 17)


@pytest.mark.parametrize(
    ("authors", "page", "most", "order"),
    [
        ("mmmmaa", 3, 2, [0, 1, 4, 2, 3, 5]),  # the third of m waits for the next page
        ("mmmmmm", 3, 2, [0, 1, 2, 3, 4, 5]),  # nobody else has anything to say
        ("mmmmma", 3, 1, [0, 1, 5, 2, 3, 4]),  # one place is left, and m may have it
        ("wwwwaa", 3, 1, [0, 1, 2, 3, 4, 5]),  # this node's own are never too many
        ("abcabc", 2, 1, [0, 1, 2, 3, 4, 5]),
        ("", 3, 2, []),
    ],
)
def test_no_author_but_this_node_fills_a_page(authors: str, page: int, most: int, order: list[int]) -> None:
    ids = [name(number) for number in range(len(authors))]
    assert spread(ids, dict(zip(ids, authors, strict=True)), "w", page, most) == [ids[place] for place in order]


@given(st.lists(st.sampled_from("abw"), max_size=40), st.integers(1, 12), st.integers(1, 12))
def test_spreading_loses_nobody_and_keeps_to_its_share(authors: list[str], page: int, most: int) -> None:
    ids = [name(number) for number in range(len(authors))]
    by_id = dict(zip(ids, authors, strict=True))
    found = spread(ids, by_id, "w", page, most)
    assert sorted(found) == sorted(ids)
    for start in range(0, len(found), page):
        here, behind = found[start : start + page], found[start + page :]
        for author in "ab":
            others_left = [one for one in behind if by_id[one] != author]
            if sum(by_id[one] == author for one in here) > most:
                assert all(by_id[one] not in (author, "w") for one in others_left) or not others_left
                assert all(sum(by_id[x] == by_id[one] for x in here) >= most for one in others_left)


def test_who_had_to_wait_says_so() -> None:
    ids = [name(number) for number in range(4)]
    ranked = rank(dict.fromkeys(ids, 0.8), [], dict.fromkeys(ids, GOOD), NOW, PARAMS)
    authors = {one.skill: "m" if place < 3 else "a" for place, one in enumerate(ranked)}
    found = spread_ranked(ranked, authors, "w", 2, replace(PARAMS, author_share=0.5))
    assert [one.crowded for one in found] == [False, False, True, False]
    assert "behind other authors" in found[2].why


@pytest.mark.parametrize(("field", "value"), [("author_share", 0.0), ("author_share", 1.1), ("corroborations", 0)])
def test_params_name_the_field_that_makes_no_sense(field: str, value: float) -> None:
    with pytest.raises(ValueError, match=field):
        replace(PARAMS, **{field: value}).validate()
