"""Two steps find what working everything out would have found, and adding never stops for long."""

from __future__ import annotations

from collections import Counter

import pytest

from benchmarks.intents import intents, questions
from hansa.adapters.index.sparse import Params, SparseIndex
from hansa.kernel.ids import content_id

TEXTS = intents(3_000)


def filled(params: Params) -> SparseIndex:
    index = SparseIndex(params)
    for text in TEXTS:
        index.add(content_id(text.encode()), text)
    return index


@pytest.fixture(scope="module")
def exact() -> SparseIndex:
    """Works every text out for each question: the slow version."""
    return filled(Params(candidates=len(TEXTS), exact_until=1))


@pytest.fixture(scope="module")
def fast() -> SparseIndex:
    """The defaults, with few candidates."""
    return filled(Params(candidates=64, exact_until=1))


def test_few_candidates_hold_the_true_nearest(exact: SparseIndex, fast: SparseIndex) -> None:
    hits = total = 0
    for question in questions(TEXTS, 100):
        wanted = exact.nearest(question, 10)
        found = fast.nearest(question, 10)
        assert len(found) == len(wanted)
        least = wanted[-1].similarity
        hits += sum(one.similarity >= least - 1e-9 for one in found)
        total += len(wanted)
    print(f"recall {hits / total:.4f}")
    assert hits / total >= 0.97


def test_a_similarity_does_not_depend_on_how_a_text_was_found(exact: SparseIndex, fast: SparseIndex) -> None:
    for question in questions(TEXTS, 20):
        found = fast.nearest(question, 10)
        assert fast.similarities(question, [one.skill for one in found]) == [one.similarity for one in found]
        assert exact.similarities(question, [one.skill for one in found]) == pytest.approx(
            [one.similarity for one in found], abs=1e-5
        )


def test_a_text_that_is_not_in_is_similar_to_nothing(fast: SparseIndex) -> None:
    assert fast.similarities(TEXTS[0], [content_id(b"elsewhere")]) == [0.0]


def test_where_the_strongest_words_find_too_little_the_others_are_asked(exact: SparseIndex) -> None:
    index = filled(Params(candidates=64, voters=1, exact_until=1))
    often = Counter(word for text in TEXTS for word in text.lower().split())
    rare = next(word for word in often if often[word] == 1)
    question = f"{rare} dates of tables"
    assert len(index.nearest(question, 50)) == len(exact.nearest(question, 50)) == 50


def test_weighing_again_goes_in_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    from hansa.adapters.index import weights

    seen: list[int] = []
    measured = weights.features_of_texts
    monkeypatch.setattr(
        weights, "features_of_texts", lambda rows, *rest: seen.append(len(rows)) or measured(rows, *rest)
    )
    filled(Params())
    assert seen and max(seen) <= max(weights.STEP, Params().exact_until)
