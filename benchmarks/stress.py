"""What failures under load do to networks of 100 to 10,000 nodes (M18).

Each line is a process of its own: processor seconds and the most memory that it held, the interpreter's included. What
is stressed are 10 % of the nodes at twice the usual load; the target is that 95 % of the requests are fulfilled, as the
study defines it (`sim/studies/stress.py`). Lines for 100 nodes are means over seeds, with the worst seed behind them.
Beside the usual load of 0.3 stand greater ones: from 0.45 on, twice as much is more than nine tenths of the nodes can
serve.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from statistics import mean

from benchmarks.study import MISSING, study

SEEDS = 3
FULFILLED = 0.95


def body() -> str:
    """Returns the table, in Markdown; one line that says how to have it where numba is not installed."""
    if not find_spec("numba"):
        return MISSING
    study("stress", "--nodes", "20")  # compiles what is not yet compiled
    return "\n".join(_stress())


def _stress() -> Iterator[str]:
    yield "| nodes | links | usual load | degradation | recovery | other ways | fulfilled | before | held | s | MB |"
    yield "| --: | --- | --: | --: | --: | --: | --: | --: | --- | --: | --: |"
    for nodes, policy, usual, seeds in (
        (100, "bounded", 0.3, SEEDS),
        (100, "preferential", 0.3, SEEDS),
        (100, "bounded", 0.4, SEEDS),
        (100, "bounded", 0.45, SEEDS),
        (100, "bounded", 0.5, SEEDS),
        (2_000, "bounded", 0.3, 1),
        (10_000, "bounded", 0.3, 1),
    ):
        options = ("--nodes", str(nodes), "--policy", policy, "--usual", str(usual))
        found = [study("stress", *options, "--seed", str(seed)) for seed in range(1, seeds + 1)]
        rates = [one["request_fulfilment_rate"] for one in found]
        target = usual == 0.3 and policy == "bounded"
        held = ("yes" if min(rates) >= FULFILLED else "**no**") if target else ""
        back = [one["recovery_time_s"] for one in found]
        times = [time for time in back if time is not None]
        never = f", {len(back) - len(times)} never" if len(times) < len(back) else ""
        recovery = (f"{mean(times):.0f} s" if times else "none") + never
        worst = f" ({min(rates):.1%})" if seeds > 1 else ""
        yield (
            f"| {nodes:,} | {policy} | {usual:g} | {mean(one['performance_degradation'] for one in found):.1%} "
            f"| {recovery} | {mean(one['alternative_path_use'] for one in found):.1%} | {mean(rates):.1%}{worst} "
            f"| {mean(one['before']['rate'] for one in found):.1%} | {held} "
            f"| {mean(one['seconds'] for one in found):.1f} | {max(one['MB'] for one in found):.0f} |"
        )
