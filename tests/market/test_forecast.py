"""Forecasts: better than the last cycle where there is something to learn, and never worse than they can know."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hansa.market.forecast import METHODS, forecast, scaled_error, seasonal

DAY = 24


def demand(cycles: int, growth: float, noise: float, seed: int, season: int = DAY) -> list[float]:
    """Returns demand that has a cycle, grows, and is never the same twice."""
    steps = np.arange(cycles * season)
    shape = 100 + 40 * np.sin(2 * np.pi * steps / season) + growth * steps
    return list(np.maximum(shape + np.random.default_rng(seed).normal(0, noise, steps.size), 0))


@pytest.mark.parametrize(("growth", "noise"), [(0.0, 15.0), (0.3, 10.0), (1.0, 5.0)])
def test_forecasts_are_better_than_the_last_cycle(growth: float, noise: float) -> None:
    ours, naive = [], []
    for seed in range(8):
        series = demand(15, growth, noise, seed)
        past, came = series[:-DAY], series[-DAY:]
        ours.append(scaled_error(past, came, list(forecast(past, DAY, DAY).values), DAY))
        naive.append(scaled_error(past, came, list(seasonal(np.array(past), DAY, DAY)), DAY))
    assert np.mean(ours) < min(1.0, 0.9 * np.mean(naive))


def test_intervals_have_about_the_probability_that_they_are_asked_for() -> None:
    inside = []
    for seed in range(40):
        series = demand(10, 0.2, 12.0, seed)
        found = forecast(series[:-DAY], DAY, DAY, level=0.8)
        came = np.array(series[-DAY:])
        inside.append(((found.low <= came) & (came <= found.high)).mean())
    assert 0.72 <= np.mean(inside) <= 0.92


@pytest.mark.parametrize("name", list(METHODS))
def test_every_method_goes_on_with_what_is_the_same_in_each_cycle(name: str) -> None:
    series = np.array([5.0, 7.0, 9.0, 3.0] * 6)
    assert METHODS[name](series, 4, 6) == pytest.approx([5, 7, 9, 3, 5, 7], abs=1e-6)


@pytest.mark.parametrize("extra", [1, 2, 3])
@pytest.mark.parametrize("name", list(METHODS))
def test_cycles_that_did_not_end_yet_are_gone_on_with_at_the_right_place(name: str, extra: int) -> None:
    whole = [5.0, 7.0, 9.0, 3.0] * 8
    series = np.array(whole[: 24 + extra])
    assert METHODS[name](series, 4, 4) == pytest.approx(whole[24 + extra : 28 + extra], abs=0.2)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 6), st.data())
def test_whatever_was_asked_for_amounts_are_expected(season: int, data: st.DataObject) -> None:
    series = data.draw(st.lists(st.integers(0, 10**9), min_size=max(2, 2 * season), max_size=40))
    found = forecast(series, season, 5)
    assert np.isfinite([found.values, found.low, found.high]).all()
    assert (found.low <= found.values).all()
    assert (found.values <= found.high).all()
    assert (found.low >= 0).all()
    assert found.error <= 1


@pytest.mark.parametrize(
    ("series", "season", "horizon", "level", "words"),
    [
        ([1.0], 1, 1, 0.8, "series"),
        ([1.0] * 7, 4, 1, 0.8, "series"),
        ([1.0, -1.0], 1, 1, 0.8, "series"),
        ([1.0, float("nan")], 1, 1, 0.8, "series"),
        ([1.0, 2.0], 0, 1, 0.8, "season"),
        ([1.0, 2.0], 1, 0, 0.8, "horizon"),
        ([1.0, 2.0], 1, 1, 1.0, "level"),
    ],
)
def test_what_makes_no_sense_is_named(series: list[float], season: int, horizon: int, level: float, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        forecast(series, season, horizon, level)


def test_the_error_is_none_where_all_was_right_and_without_end_where_nothing_could_be_wrong() -> None:
    assert scaled_error([1, 2, 1, 2], [1, 2], [1, 2], 2) == 0
    assert scaled_error([1, 2, 1, 2], [1, 2], [1, 3], 2) == float("inf")
    assert scaled_error([1, 2, 3, 4], [5], [3], 1) == 2
