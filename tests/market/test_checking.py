"""How far results of others are believed: the record, the draw, and the majority."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansa.kernel.rng import Rng
from hansa.market.checking import Found, Params, Record, agreed, is_drawn, is_known, lead


def record(*found: Found) -> Record:
    made = Record()
    for one in found:
        made = made.found(one)
    return made


def test_a_lender_is_known_after_ten_right_results_in_a_row() -> None:
    right, doubtful = Found.RIGHT, Found.DOUBTFUL
    assert not is_known(record(*[right] * 9), Params())
    assert is_known(record(*[right] * 10), Params())
    assert not is_known(record(*[right] * 10, doubtful), Params())
    assert is_known(record(doubtful, *[right] * 10), Params())


@given(st.lists(st.sampled_from(list(Found)), max_size=40))
def test_who_forged_once_is_never_known_again(found: list[Found]) -> None:
    made = record(*found)
    assert made.forged == (Found.FORGED in found)
    assert not (made.forged and is_known(made, Params(known_after=1)))


def test_doubts_count_in_a_row() -> None:
    assert record(Found.DOUBTFUL, Found.DOUBTFUL).doubted == 2
    assert record(Found.DOUBTFUL, Found.RIGHT).doubted == 0


@pytest.mark.parametrize(("forgers", "wrong", "by"), [(200, 1, 5), (200, 59, 2), (100, 1, 4), (400, 1, 18), (1, 1, 1)])
def test_by_how_many_answers_one_must_lead(forgers: int, wrong: int, by: int) -> None:
    """1 / (1 + ((1 - f) / f)^d) <= wrong, and d - 1 would not do: by hand, in floating point."""
    share, most = forgers / 1000, wrong / 1000
    assert lead(Params(forger_share=forgers, wrong_share=wrong)) == by
    assert 1 / (1 + ((1 - share) / share) ** by) <= most + 1e-12
    assert by == 1 or 1 / (1 + ((1 - share) / share) ** (by - 1)) > most


def test_an_answer_needs_the_lead_and_a_strict_majority() -> None:
    two = Params(wrong_share=59)
    assert lead(two) == 2
    assert agreed({}, two) is None
    assert agreed({"a": 1}, two) is None
    assert agreed({"a": 2}, two) == "a"
    assert agreed({"a": 2, "b": 1}, two) is None
    assert agreed({"b": 1, "a": 3}, two) == "a"
    assert agreed({"a": 3, "b": 1, "c": 1, "d": 1}, two) is None


@given(st.dictionaries(st.integers(0, 9), st.integers(1, 30), max_size=6))
def test_two_answers_are_never_both_taken_and_the_order_of_asking_changes_nothing(answers: dict[int, int]) -> None:
    taken = agreed(answers, Params())
    assert taken == agreed(dict(sorted(answers.items(), reverse=True)), Params())
    assert taken is None or 2 * answers[taken] > sum(answers.values())


def test_the_draw_is_the_results_own() -> None:
    drawn = [is_drawn(Rng(number), Params()) for number in range(20_000)]
    assert 1_800 < sum(drawn) < 2_200  # 2000, and five standard deviations of 42
    assert drawn == [is_drawn(Rng(number), Params()) for number in range(20_000)]
    assert all(is_drawn(Rng(number), Params(spot_share=1000)) for number in range(100))


@pytest.mark.parametrize("name", [one.name for one in fields(Params)])
@pytest.mark.parametrize("value", [-1, 0])
def test_a_number_that_makes_no_sense_is_named(name: str, value: int) -> None:
    with pytest.raises(ValueError, match=f"^{name} must"):
        replace(Params(), **{name: value}).validate()


@pytest.mark.parametrize(("name", "value"), [("spot_share", 1001), ("forger_share", 500), ("wrong_share", 1000)])
def test_shares_have_an_upper_end(name: str, value: int) -> None:
    with pytest.raises(ValueError, match=f"^{name} must"):
        replace(Params(), **{name: value}).validate()
