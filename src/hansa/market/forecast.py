"""How much of a resource will be asked for: what was asked for, its cycles and its growth, with an interval (M12).

Several methods forecast; which one is believed the past decides: each is held against the last stretches of the series
as if they were not known yet (rolling origin), and the one with the least error is taken. The interval is made of the
errors that this one made there, by how far ahead they were (split conformal: Vovk, Gammerman and Shafer, "Algorithmic
Learning in a Random World", 2005).

    seasonal   the same time of the last cycle: what others are held against
    product    the protocol's own: level of the last cycle x place in the cycle x growth from cycle to cycle
    smoothed   level, damped growth and cycle, each smoothed (Holt-Winters: Hyndman and Athanasopoulos, "Forecasting:
               Principles and Practice", 2021, section 8.3; smoothing from a grid, by the errors of one step)
    theta      smoothed level and half the growth of the series without its cycle (Assimakopoulos and Nikolopoulos, "The
               theta model", International Journal of Forecasting 16, 2000)

Numbers here are floats: a forecast decides about this node's own asks alone, and is signed by nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

Series = NDArray[np.float64]

FOLDS = 5
"""Stretches of the past that methods are held against."""

DAMPING = 0.95
"""What is left of growth after each step, in `smoothed`."""

_GRID = np.array(list(product((0.1, 0.3, 0.5, 0.8), (0.0, 0.05, 0.2), (0.05, 0.2, 0.5)))).T


@dataclass(frozen=True, slots=True)
class Forecast:
    """What is expected.

    Attributes:
        values: one for each step ahead. Shape (horizon,).
        low, high: between which each will be with the probability that was asked for, as far as the past tells.
        method: which one was taken.
        error: its mean error in the past, as a share of the seasonal method's; below 1 it was better.
    """

    values: Series
    low: Series
    high: Series
    method: str
    error: float


def forecast(series: Sequence[float], season: int, horizon: int, level: float = 0.8) -> Forecast:
    """Returns what is expected of the next steps.

    Args:
        series: what was asked for in each step so far, 0 or more; at least two cycles, and two steps.
        season: steps of a cycle; 1 for none.
        horizon: steps ahead.
        level: probability that the interval is to have, between 0 and 1.

    Raises:
        ValueError: the series is too short or has what is no amount, or another argument makes no sense.
    """
    past = np.asarray(series, np.float64)
    if season < 1 or horizon < 1:
        raise ValueError("season and horizon must be at least 1")
    if not 0 < level < 1:
        raise ValueError("level must be between 0 and 1")
    if past.ndim != 1 or past.size < max(2, 2 * season):
        raise ValueError(f"series must have at least {max(2, 2 * season)} steps, two cycles")
    if not np.isfinite(past).all() or (past < 0).any():
        raise ValueError("series must be of amounts, 0 or more")
    errors = {name: _errors(method, past, season, horizon) for name, method in METHODS.items()}
    sizes = {name: float(np.abs(one).mean()) for name, one in errors.items()}
    best = min(sizes, key=lambda name: sizes[name])
    values = np.maximum(METHODS[best](past, season, horizon), 0.0)
    spread = _spread(errors[best], level)
    low, high = np.maximum(values - spread, 0.0), values + spread
    share = sizes[best] / sizes["seasonal"] if sizes["seasonal"] else 1.0
    return Forecast(values, low, high, best, share)


def scaled_error(past: Sequence[float], came: Sequence[float], expected: Sequence[float], season: int) -> float:
    """Returns the mean absolute error by that of the seasonal method within the past (MASE: Hyndman and Koehler, 2006).

    It is 0 where nothing was wrong, and infinite where the past was the same in each cycle and the forecast was not.
    """
    known = np.asarray(past, np.float64)
    wrong = float(np.abs(np.asarray(came, np.float64) - np.asarray(expected, np.float64)).mean())
    scale = float(np.abs(known[season:] - known[:-season]).mean())
    return wrong / scale if scale else (0.0 if wrong == 0 else float("inf"))


Method = Callable[[Series, int, int], Series]


def _errors(method: Method, past: Series, season: int, horizon: int) -> Series:
    """Returns what a method missed by, for each fold and step ahead. Shape (folds, horizon); NaN where nothing came."""
    least = max(2, 2 * season)
    starts = [past.size - horizon * fold for fold in range(FOLDS, 0, -1)]
    starts = [start for start in starts if start >= least] or [max(least, past.size - horizon)]
    found = np.full((len(starts), horizon), np.nan)
    for row, start in enumerate(starts):
        came = past[start : start + horizon]
        found[row, : came.size] = came - np.maximum(method(past[:start], season, horizon)[: came.size], 0.0)
    errors: Series = np.nan_to_num(found, nan=0.0)
    return errors


def _spread(errors: Series, level: float) -> Series:
    """Returns how far to each side the interval goes: never less far for later steps. Shape (horizon,).

    Errors of all steps are held together, each by what is usual so far ahead: a straight line that does not fall.
    """
    sizes, ahead = np.abs(errors), np.arange(errors.shape[1], dtype=np.float64)
    slope = float(np.polyfit(ahead, sizes.mean(axis=0), 1)[0]) if ahead.size > 1 else 0.0
    usual = np.maximum(sizes.mean() + max(0.0, slope) * (ahead - ahead.mean()), 0.1 * sizes.mean())
    if not sizes.any():
        return np.zeros(ahead.size)
    rank = min(1.0, level * (1 + 1 / sizes.size))
    wide: Series = usual * float(np.quantile(sizes / usual, rank, method="higher"))
    return wide


# ---- methods


def seasonal(past: Series, season: int, horizon: int) -> Series:
    """Returns the same time of the last cycle."""
    return np.resize(past[-season:], horizon)


def by_product(past: Series, season: int, horizon: int) -> Series:
    """Returns level x place in the cycle x growth from cycle to cycle, the latter at most half or double."""
    last, before = past[-season:], past[-2 * season : -season]
    cycles = past[past.size % season :].reshape(-1, season)
    means = cycles.mean(axis=1, keepdims=True)
    places = np.divide(cycles, means, out=np.ones_like(cycles), where=means > 0).mean(axis=0)
    growth = float(np.clip(last.mean() / before.mean(), 0.5, 2.0)) if before.mean() > 0 else 1.0
    ahead = np.arange(horizon)
    grown: Series = last.mean() * places[ahead % season] * growth ** ((ahead + 1) / season)
    return grown


def smoothed(past: Series, season: int, horizon: int) -> Series:
    """Returns level, damped growth and cycle, smoothed as served best one step ahead; all ways run side by side."""
    alpha, beta, gamma = _GRID
    level = np.full(alpha.size, past[:season].mean())
    growth = np.full(alpha.size, (past[season : 2 * season].mean() - past[:season].mean()) / season)
    cycle = np.repeat((past[:season] - past[:season].mean())[:, None], alpha.size, axis=1)
    wrong = np.zeros(alpha.size)
    for step, value in enumerate(past):
        place = cycle[step % season]
        expected = level + DAMPING * growth
        wrong += (value - expected - place) ** 2
        before, level = level, alpha * (value - place) + (1 - alpha) * expected
        growth = beta * (level - before) + (1 - beta) * DAMPING * growth
        cycle[step % season] = gamma * (value - level) + (1 - gamma) * place
    best = int(np.argmin(wrong))
    ahead = np.arange(1, horizon + 1)
    damped = DAMPING * (1 - DAMPING**ahead) / (1 - DAMPING)
    made: Series = level[best] + damped * growth[best] + cycle[(past.size + ahead - 1) % season, best]
    return made


def theta(past: Series, season: int, horizon: int) -> Series:
    """Returns the theta method over the series without its cycle, and the cycle added again."""
    cycle = np.zeros(season)
    if season > 1:
        whole = past[past.size % season :].reshape(-1, season)
        cycle = np.roll((whole - whole.mean(axis=1, keepdims=True)).mean(axis=0), past.size % season)
    places = cycle[np.arange(past.size) % season]
    flat = past - places
    slope = float(np.polyfit(np.arange(past.size), flat, 1)[0])
    alphas = np.array([0.1, 0.2, 0.3, 0.5, 0.7, 0.9])
    level, wrong = np.full(alphas.size, flat[0]), np.zeros(alphas.size)
    for value in flat[1:]:
        wrong += (value - level) ** 2
        level = alphas * value + (1 - alphas) * level
    best = int(np.argmin(wrong))
    ahead = np.arange(1, horizon + 1)
    made: Series = level[best] + slope / 2 * (ahead - 1 + 1 / alphas[best]) + cycle[(past.size + ahead - 1) % season]
    return made


METHODS: Mapping[str, Method] = {"seasonal": seasonal, "product": by_product, "smoothed": smoothed, "theta": theta}
"""All methods, by name."""
