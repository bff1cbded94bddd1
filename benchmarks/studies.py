"""Studies of whole networks: what failures under load do to 100 nodes and more, and growth to a million.

Each line is a process of its own: processor seconds and the most memory that it held, the interpreter's included. What
is stressed are 10 % of the nodes at twice the usual load; the target is that 95 % of the requests are fulfilled, as the
study defines it (`sim/studies/stress.py`). Lines for 100 nodes are means over seeds, with the worst seed behind them.
Beside the usual load of 0.3 stand greater ones: from 0.45 on, twice as much is more than nine tenths of the nodes can
serve. Growth is within bounds or preferential, in steps; the last step is shown.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from statistics import mean
from typing import Any

SEEDS = 3
FULFILLED = 0.95

RUN = """
import json, resource, sys, time
from hansa.entrypoints.cli.main import cli
try:
    cli(sys.argv[1:] + ["--json"], standalone_mode=False)
finally:
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({"seconds": used.ru_utime + used.ru_stime, "MB": used.ru_maxrss / 1024}), file=sys.stderr)
"""


def body() -> str:
    """Returns the tables, in Markdown; one line that says how to have them where numba is not installed."""
    if not find_spec("numba"):
        return "Not measured: `pip install 'hansa[sim]'` brings numba."
    _study("stress", "--nodes", "20")  # compiles what is not yet compiled
    _study("growth", "--steps", "0")
    return "\n".join((*_stress(), "", *_growth()))


def _study(*words: str) -> dict[str, Any]:
    """Returns what a study found, with what it took."""
    command = [sys.executable, "-c", RUN, "sim", *words]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found | json.loads(done.stderr.splitlines()[-1])


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
        found = [_study("stress", *options, "--seed", str(seed)) for seed in range(1, seeds + 1)]
        rates = [one["request_fulfilment_rate"] for one in found]
        target = nodes > 0 and usual == 0.3 and policy == "bounded"
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


def _growth() -> Iterator[str]:
    yield "| grown to | links | clustering | path length | global efficiency | law | flow | steps | s | MB |"
    yield "| --: | --- | --: | --: | --: | --: | --: | --: | --: | --: |"
    for policy in ("bounded", "preferential"):
        for first, steps, more in ((1_000, 9, 1_000), (10_000, 3, 30_000), (1_000_000, 0, 1)):
            words = ("--initial", str(first), "--steps", str(steps), "--per-step", str(more), "--policy", policy)
            found = _study("growth", *words)
            last = found["steps"][-1]
            law = last["power_law"]
            yield (
                f"| {last['nodes']:,} | {policy} | {_estimated(last['clustering'], 5)} "
                f"| {_estimated(last['path_length'], 3)} | {_estimated(last['global_efficiency'], 4)} "
                f"| {'' if law is None else format(law['exponent'], '.2f')} | {last['flow_efficiency']:.3f} "
                f"| {steps + 1} | {found['seconds']:.0f} | {found['MB']:,.0f} |"
            )


def _estimated(found: dict[str, float], places: int) -> str:
    return f"{found['value']:.{places}f}" + (f" ± {found['error']:.{places}f}" if found["error"] else "")
