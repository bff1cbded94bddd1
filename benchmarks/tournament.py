"""Does the default policy do well among others? Its rank in a tournament of the Axelrod library (pinned, an extra).

All strategies of the library with a short run time, ours, 200 turns, 5 repetitions, with noise of 0, 1 and 5 %. The
reference strategies play in the same tournament.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

TURNS, REPETITIONS, SEED = 200, 5, 20_261_121
NOISES = (0.0, 0.01, 0.05)
BESIDE = ("Tit For Tat", "GTFT", "Omega TFT")
"""Names of the strategies that the table shows beside ours."""

COLUMNS = ("noise", "Steadfast", *BESIDE, "first", "before the first two; among ten")


def body() -> str:
    """Returns the table, in Markdown; one line that says how to have it where the library is not installed."""
    if find_spec("axelrod") is None:
        return "Not measured: `pip install 'hansa[tournament]'` brings the library, which takes some 6 GB with PyTorch."
    from benchmarks.axelrod_player import Steadfast, axl

    strategies = len(axl.short_run_time_strategies)
    head = f"Axelrod {axl.__version__}, {strategies} strategies and ours. Rank (mean score a turn)."
    lines = [COLUMNS, ("---",) * len(COLUMNS), *_rows(axl, Steadfast)]
    return head + "\n\n" + "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _rows(axl: Any, ours: Any) -> Iterator[tuple[str, ...]]:
    for noise in NOISES:
        players = [ours(), *(one() for one in axl.short_run_time_strategies)]
        tournament = axl.Tournament(players, turns=TURNS, repetitions=REPETITIONS, noise=noise, seed=SEED)
        results = tournament.play(processes=os.cpu_count() or 1, progress_bar=True)
        order = [_short(name) for name in results.ranked_names]
        scores = [_mean(results.normalised_scores[place]) for place in results.ranking]
        ranks = [order.index(name) + 1 for name in ("Steadfast", *BESIDE)]
        told = [f"{rank} ({scores[rank - 1]:.3f})" for rank in ranks]
        verdict = f"{'yes' if ranks[0] < min(ranks[1:3]) else 'no'}; {'yes' if ranks[0] <= 10 else 'no'}"
        yield f"{noise:.0%}", *told, f"{order[0]} ({scores[0]:.3f})", verdict


def _short(name: str) -> str:
    """Returns a player's name without its parameters."""
    return name.partition(":")[0]


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)
