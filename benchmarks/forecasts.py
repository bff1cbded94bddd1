"""Forecasts of public series that statsmodels brings along, against the same time of the last cycle.

The last ten stretches of each series, each forecast from all before it. Errors are scaled (MASE: by the error of the
seasonal method within the past), so that below 1 is better than what the past would have been off by. *Inside* is the
share of what came that lay in the interval of 80 %. Series: weekly CO2 on Mauna Loa by month, El Nino sea temperatures,
yearly sunspots, quarterly figures of the United States 1959 to 2009, and the Nile at Aswan (public domain, see
`statsmodels.datasets`).
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np

from hansa.market.forecast import METHODS, forecast, scaled_error, seasonal

STRETCHES = 10
AHEAD = {12: 12, 11: 11, 4: 8, 1: 6}
"""Steps of a stretch, by those of a cycle."""


def body() -> str:
    """Returns the table, in Markdown; one line that says how to have it where the series are not installed."""
    if not find_spec("statsmodels"):
        return "Not measured: `pip install 'hansa[bench]'` brings statsmodels, which has the series."
    lines = ["| series | steps | cycle | ours | last cycle | ratio | inside |", "|---|--:|--:|--:|--:|--:|--:|"]
    means = []
    for name, (series, season) in _series().items():
        ours, naive, inside = _errors(series, season)
        means.append((ours, naive))
        lines.append(
            f"| {name} | {series.size} | {season} | {ours:.3f} | {naive:.3f} | {ours / naive:.2f} | {inside:.0%} |"
        )
    ours, naive = np.mean(means, axis=0)
    held = "held" if ours < 1 else "**not held**"
    lines += ["", f"On the mean of the series {ours:.3f}, the last cycle {naive:.3f}; target below 1: {held}."]
    return "\n".join([*lines, "", f"Methods to choose from: {', '.join(METHODS)}."])


def _series() -> dict[str, tuple[Any, int]]:
    from statsmodels import datasets

    macro = datasets.macrodata.load_pandas().data
    return {
        "CO2 by month": (datasets.co2.load_pandas().data["co2"].resample("MS").mean().ffill().to_numpy(), 12),
        "El Nino": (datasets.elnino.load_pandas().data.iloc[:, 1:].to_numpy().ravel(), 12),
        "sunspots": (datasets.sunspots.load_pandas().data["SUNACTIVITY"].to_numpy(), 11),
        "gross domestic product": (macro["realgdp"].to_numpy(), 4),
        "consumption": (macro["realcons"].to_numpy(), 4),
        "unemployment": (macro["unemp"].to_numpy(), 4),
        "Nile": (datasets.nile.load_pandas().data["volume"].to_numpy(), 1),
    }


def _errors(series: Any, season: int) -> tuple[float, float, float]:
    steps = AHEAD[season]
    ours, naive, inside = [], [], []
    for number in range(STRETCHES):
        end = series.size - number * steps
        past, came = series[: end - steps], series[end - steps : end]
        found = forecast(past, season, steps)
        ours.append(scaled_error(past, came, found.values, season))
        naive.append(scaled_error(past, came, seasonal(past, season, steps), season))
        inside.append(((found.low <= came) & (came <= found.high)).mean())
    return float(np.mean(ours)), float(np.mean(naive)), float(np.mean(inside))
