"""How networks grow to a million nodes (M17), within bounds or preferentially.

Each line is a process of its own: processor seconds and the most memory that it held, the interpreter's included. They
grow in steps; the last step is shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

from benchmarks.study import MISSING, study


def body() -> str:
    """Returns the table, in Markdown; one line that says how to have it where numba is not installed."""
    if not find_spec("numba"):
        return MISSING
    study("growth", "--steps", "0")  # compiles what is not yet compiled
    return "\n".join(_growth())


def _growth() -> Iterator[str]:
    yield "| grown to | links | clustering | path length | global efficiency | law | flow | steps | s | MB |"
    yield "| --: | --- | --: | --: | --: | --: | --: | --: | --: | --: |"
    for policy in ("bounded", "preferential"):
        for first, steps, more in ((1_000, 9, 1_000), (10_000, 3, 30_000), (1_000_000, 0, 1)):
            words = ("--initial", str(first), "--steps", str(steps), "--per-step", str(more), "--policy", policy)
            found = study("growth", *words)
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
