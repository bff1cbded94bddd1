"""The index answers as its slow twin does, the same in every process, whatever was added and dropped before."""

from __future__ import annotations

import os
import random
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hansa.adapters.index import vocabulary
from hansa.adapters.index.sparse import SCALE, Params, SparseIndex, calibrated
from hansa.kernel.ids import ContentId, content_id
from tests.index.oracle import SlowIndex
from tests.index.pairs import DIFFERENT, SAME

INTENTS = sorted({text for pair in SAME + DIFFERENT for text in pair})


def cid(text: str) -> ContentId:
    return content_id(text.encode())


def filled(texts: list[str], params: Params | None = None) -> SparseIndex:
    index = SparseIndex(params)
    for text in texts:
        index.add(cid(text), text)
    return index


def slow(texts: list[str], params: Params | None = None) -> SlowIndex:
    index = SlowIndex(params)
    index.texts = {cid(text): text for text in texts}
    return index


# ---- equal to the oracle


@pytest.mark.parametrize("size", [1, 5, 31, 32, 60])
def test_nearest_equals_the_slow_index(size: int) -> None:
    texts = INTENTS[:size]
    index, oracle = filled(texts), slow(texts)
    for query in ("Sort a list of numbers", INTENTS[-1], "Größe in Bytes", "how do I do this"):
        found = {one.skill: one.similarity for one in index.nearest(query, size)}
        for id_, cosine in oracle.cosines(query).items():
            assert found.get(ContentId(id_), 0.0) == pytest.approx(calibrated(cosine), abs=1e-5)


def test_similarity_equals_the_slow_index() -> None:
    texts = INTENTS[:40]
    index, oracle = filled(texts), slow(texts)
    for one, two in SAME[:8]:
        assert index.similarity(one, two) == pytest.approx(calibrated(oracle.cosine(one, two)), abs=1e-5)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 39)), max_size=60), st.integers(0, 39))
def test_adding_and_dropping_leaves_no_trace(steps: list[tuple[bool, int]], asked: int) -> None:
    """Whatever was added, dropped and asked before: the answer is that of a fresh index with the same texts."""
    params = Params(enough_texts=4)
    index = SparseIndex(params)
    held: set[int] = set()
    for adds, number in steps:
        if adds:
            index.add(cid(INTENTS[number]), INTENTS[number])
            held.add(number)
        else:
            index.drop(cid(INTENTS[number]))
            held.discard(number)
        index.nearest(INTENTS[asked], 3)
    fresh = filled([INTENTS[number] for number in sorted(held)], params)
    assert len(index) == len(held)
    expected = {one.skill: one.similarity for one in fresh.nearest(INTENTS[asked], 50)}
    found = {one.skill: one.similarity for one in index.nearest(INTENTS[asked], 50)}
    assert found.keys() == expected.keys()
    assert all(found[skill] == pytest.approx(expected[skill], abs=1e-5) for skill in found)


WORDS = "count counter counted list listing date dates order reorder banana of the".split()
SAYINGS = st.lists(st.sampled_from(WORDS), min_size=1, max_size=8).map(" ".join)


@settings(max_examples=60, deadline=None)
@given(st.lists(SAYINGS, min_size=1, max_size=12, unique=True), SAYINGS)
def test_what_is_said_again_and_again_counts_as_in_the_slow_index(texts: list[str], question: str) -> None:
    """Words twice, pairs twice, pieces that two words share: in texts and in questions."""
    params = Params(enough_texts=4)
    index, oracle = filled(texts, params), slow(texts, params)
    cosines = oracle.cosines(question)
    found = index.similarities(question, [cid(text) for text in texts])
    assert found == pytest.approx([calibrated(cosines[cid(text)]) for text in texts], abs=1e-5)
    assert index.similarity(question, texts[0]) == pytest.approx(found[0], abs=1e-5)


def test_a_word_that_was_asked_for_is_near_words_that_came_later() -> None:
    index, late = filled(INTENTS[:20]), "Darn a woollen sock"
    index.nearest("wool", 50)
    index.add(cid(late), late)
    assert index.nearest("wool", 50) == filled([*INTENTS[:20], late]).nearest("wool", 50)


def test_what_is_remembered_of_questions_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Words that share nothing with any text among them: they take room too."""
    monkeypatch.setattr(vocabulary, "_REMEMBERED", 20_000)
    index = filled(INTENTS[:20])
    for number in range(200):
        index.nearest(f"sort q{number}", 1)
    assert 2 < len(index.vocabulary._heard) < 100


# ---- the same in every process

SCRIPT = """
from hansa.adapters.index.sparse import SparseIndex
from tests.index.pairs import SAME
index = SparseIndex()
for text, _ in SAME:
    index.add(text, text)
for _, text in SAME:
    print([(one.skill, one.similarity.hex()) for one in index.nearest(text, 5)])
"""


def test_every_process_gives_the_same_answer() -> None:
    answers = {
        subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "4711")
    }
    assert len(answers) == 1
    assert len(answers.pop().splitlines()) == len(SAME)


# ---- the contract of the port


def test_empty_index() -> None:
    index = SparseIndex()
    assert index.nearest("anything", 5) == []
    assert index.similarity("Sort a list", "Sort a list") == 1.0


@pytest.mark.parametrize("text", ["", "   ", "?!", "\0", "\udcff", "☃"])
def test_text_without_words_is_near_nothing(text: str) -> None:
    index = filled(INTENTS[:5])
    index.add(cid("x"), text)
    assert index.nearest(text, 5) == []
    assert index.similarity(text, text) == index.similarity(text, "Sort a list") == 0.0
    index.drop(cid("x"))
    assert len(index) == 5


def test_text_itself_comes_first_with_one() -> None:
    index = filled(INTENTS)
    for text in INTENTS[::7]:
        best = index.nearest(text, 1)[0]
        assert best.skill == cid(text)
        assert best.similarity == pytest.approx(1.0, abs=1e-6)


def test_skill_that_is_in_keeps_its_text() -> None:
    index = filled(["Sort a list"])
    index.add(cid("Sort a list"), "Draw a picture")
    assert index.nearest("Draw a picture", 5) == []
    assert len(index) == 1


def test_dropped_skill_is_not_found_and_may_be_dropped_again() -> None:
    index = filled(INTENTS[:20])
    index.drop(cid(INTENTS[3]))
    index.drop(cid(INTENTS[3]))
    assert cid(INTENTS[3]) not in {one.skill for one in index.nearest(INTENTS[3], 20)}
    assert index.nearest(INTENTS[19], 1)[0].skill == cid(INTENTS[19])


def test_limit_is_kept_and_equals_come_by_id() -> None:
    index = SparseIndex()
    for name in ("c", "a", "d", "b"):
        index.add(ContentId(name), "Sort a list")
    assert [one.skill for one in index.nearest("Sort a list", 3)] == ["a", "b", "c"]
    assert index.nearest("Sort a list", 0) == index.nearest("Sort a list", -1) == []


def test_order_of_adding_does_not_matter() -> None:
    texts = list(INTENTS)
    random.Random(7).shuffle(texts)
    one, two = filled(INTENTS), filled(texts)
    for query, _ in SAME[:10]:
        assert [found.skill for found in one.nearest(query, 10)] == [found.skill for found in two.nearest(query, 10)]


def test_large_index_weighs_again_when_enough_has_changed() -> None:
    params = Params(exact_until=50, enough_texts=4)
    index = filled(INTENTS[:64], params)
    index.nearest("anything", 1)
    before = index.similarity(INTENTS[70], INTENTS[71])
    index.add(cid(INTENTS[70]), INTENTS[70])
    assert index.similarity(INTENTS[70], INTENTS[71]) == before
    for text in INTENTS[71:80]:
        index.add(cid(text), text)
    assert index.similarity(INTENTS[70], INTENTS[71]) == pytest.approx(
        filled(INTENTS[:64] + INTENTS[70:80], params).similarity(INTENTS[70], INTENTS[71]), abs=1e-6
    )


def test_dropping_from_a_large_index_moves_the_last_text_into_the_gap() -> None:
    index = filled(INTENTS[:64], Params(exact_until=1))
    index.nearest("anything", 1)
    index.drop(cid(INTENTS[3]))
    for text in INTENTS[:3] + INTENTS[4:64]:
        assert index.nearest(text, 1)[0].skill == cid(text)


def test_scale_rises_and_holds_the_two_thresholds() -> None:
    assert [calibrated(cosine) for cosine, _ in SCALE] == [similarity for _, similarity in SCALE]
    values = [calibrated(step / 100) for step in range(-100, 101)]
    assert values == sorted(values)
    assert values[0] == 0.0 and values[-1] == 1.0
    assert {0.7, 0.8} < {similarity for _, similarity in SCALE}


@pytest.mark.parametrize("field", ["enough_texts", "exact_until", "candidates", "voters"])
def test_params_name_the_field_that_makes_no_sense(field: str) -> None:
    with pytest.raises(ValueError, match=field):
        SparseIndex(Params(**{field: 0}))
