"""Chance is a value: equal seeds give equal streams, on every machine, whatever the other parts draw."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansa.kernel.rng import Rng

seeds = st.one_of(st.integers(), st.text(), st.binary())


def test_a_stream_is_the_one_that_was_published() -> None:
    assert [Rng(7).child("net").below(1000), Rng(7).below(1000), Rng("7").below(1000)] == [673, 464, 464]


@given(seeds)
def test_equal_seeds_give_equal_streams(seed: int | str | bytes) -> None:
    one, other = Rng(seed), Rng(seed)
    assert [one.below(100) for _ in range(20)] == [other.below(100) for _ in range(20)]


@given(seeds, st.integers(0, 20))
def test_what_one_part_draws_moves_no_other(seed: int | str | bytes, draws: int) -> None:
    tree = Rng(seed)
    before = tree.child("a", 1).bytes(16)
    for _ in range(draws):
        tree.below(9)
        tree.child("b").below(9)
    assert tree.child("a", 1).bytes(16) == before != tree.child("a", 2).bytes(16)


@given(seeds, st.lists(st.integers(), max_size=30), st.integers(0, 40))
def test_a_sample_has_different_items_of_what_it_is_from(seed: int, items: list[int], count: int) -> None:
    got = Rng(seed).sample(items, count)
    assert len(got) == min(count, len(items))
    assert not Counter(got) - Counter(items)


@given(seeds, st.integers(1, 2**64))
def test_numbers_stay_within_their_bound(seed: int, bound: int) -> None:
    assert 0 <= Rng(seed).below(bound) < bound


@given(seeds, st.integers(-50, 50), st.integers(0, 50))
def test_both_ends_belong_to_a_span(seed: int, low: int, width: int) -> None:
    assert low <= Rng(seed).between(low, low + width) <= low + width


def test_every_number_is_about_as_likely() -> None:
    rng = Rng(1)
    counted = Counter(rng.below(10) for _ in range(10_000))
    assert all(880 < counted[number] < 1120 for number in range(10))


def test_happens_as_often_as_asked_for() -> None:
    rng = Rng(2)
    assert 2_800 < sum(rng.happens(0.3) for _ in range(10_000)) < 3_200
    assert not any(rng.happens(0) for _ in range(100))
    assert all(rng.happens(1) for _ in range(100))


def test_what_never_or_always_happens_draws_nothing() -> None:
    one, other = Rng(3), Rng(3)
    one.happens(0)
    one.happens(1)
    assert one.below(1000) == other.below(1000)


@pytest.mark.parametrize("bound", [0, -1, 2**64 + 1])
def test_an_empty_span_is_refused(bound: int) -> None:
    with pytest.raises(ValueError, match="bound"):
        Rng(0).below(bound)
