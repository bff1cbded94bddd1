"""The lower end of a Beta posterior: against the textbook sum in fractions, and what it must be like."""

from __future__ import annotations

from fractions import Fraction
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansa.conduct.beta import SCALE, TAIL, is_at_least, lower_bound

COUNTS = st.integers(0, 100)


def below(good: int, bad: int, x: Fraction) -> Fraction:
    """Returns P(Beta(1 + good, 1 + bad) <= x), by integrating the density term by term."""
    scale = (good + bad + 1) * comb(good + bad, good)
    terms = ((-1) ** k * comb(bad, k) * x ** (good + 1 + k) / (good + 1 + k) for k in range(bad + 1))
    return scale * sum(terms, Fraction(0))


@given(st.integers(0, 30), st.integers(0, 30), st.integers(1, 999))
def test_it_is_the_integral_of_the_density(good: int, bad: int, thousandths: int) -> None:
    assert is_at_least(good, bad, thousandths) is (below(good, bad, Fraction(thousandths, SCALE)) <= Fraction(1, TAIL))


@given(COUNTS.filter(bool), COUNTS)
def test_it_is_the_greatest_number_that_is_sure(good: int, bad: int) -> None:
    bound = lower_bound(good, bad)
    assert not bound or is_at_least(good, bad, bound)
    assert not is_at_least(good, bad, bound + 1)


@given(COUNTS, COUNTS)
def test_a_good_dealing_never_lowers_it_and_a_bad_one_never_raises_it(good: int, bad: int) -> None:
    assert lower_bound(good + 1, bad) >= lower_bound(good, bad) >= lower_bound(good, bad + 1)


@given(COUNTS)
def test_whoever_did_nothing_good_has_what_a_newcomer_has(bad: int) -> None:
    assert lower_bound(0, bad) == lower_bound(0, 0) == 0


def test_four_of_five_are_sure_from_sixteen_good_ones_on() -> None:
    assert next(n for n in range(40) if lower_bound(n, 0) >= 800) == 16


def test_nonsense_is_refused() -> None:
    with pytest.raises(ValueError, match="-1 good"):
        lower_bound(-1, 0)
