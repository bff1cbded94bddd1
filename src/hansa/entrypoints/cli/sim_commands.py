"""Commands of the simulator: sim list, sim run; sim growth and sim stress are in `study_commands`."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hansa.entrypoints.cli.options import AsJson, epilog
from hansa.entrypoints.cli.progress import Bar
from hansa.entrypoints.cli.show import print_json, say, table, warn
from hansa.entrypoints.cli.study_commands import add_to
from hansa.entrypoints.errors import REFUSED
from hansa.kernel.errors import Fault, UsageError

if TYPE_CHECKING:
    from hansa.sim.scenario import Report

cli = typer.Typer()
sim = typer.Typer(no_args_is_help=True, help="Run worlds of many nodes under virtual time, with faults.")
cli.add_typer(sim, name="sim")
add_to(sim)

SHOWN = 20
"""Runs that failed and are shown, and lines of the journal of one."""


def _scenarios(incomplete: str) -> list[tuple[str, str]]:
    from hansa.sim.scenario import SCENARIOS

    return [(name, one.about) for name, one in SCENARIOS.items() if name.startswith(incomplete)]


@sim.command("list", epilog=epilog("hansa sim list", "hansa sim list --json"))
def list_(as_json: AsJson = False) -> None:
    """List the scenarios, with what goes wrong in each."""
    from hansa.sim.scenario import SCENARIOS

    if as_json:
        print_json({"scenarios": [{"name": name, "about": one.about, "seconds": one.seconds, "within": one.within,
                                   "faults": list(one.kinds)} for name, one in SCENARIOS.items()]})  # fmt: skip
        return
    table(("scenario", "what it is"), [(name, one.about) for name, one in SCENARIOS.items()])


@sim.command(
    epilog=epilog("hansa sim run storm", "hansa sim run storm --seed 17 --nodes 8", "hansa sim run halves --seeds 100")
)
def run(
    scenario: Annotated[
        str, typer.Argument(metavar="SCENARIO", help="One of hansa sim list.", autocompletion=_scenarios)
    ],
    seed: Annotated[int, typer.Option(min=0, max=2**53, help="The number that all chance follows from.")] = 1,
    nodes: Annotated[int, typer.Option(min=2, max=1000, help="How many nodes.")] = 5,
    seeds: Annotated[int, typer.Option(min=1, max=10**6, help="Run this many seeds, from --seed on.")] = 1,
    seconds: Annotated[
        float | None,
        typer.Option(min=0, max=10**6, help="Virtual seconds with faults.", show_default="what the scenario says"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run a scenario, and say whether every promise was kept. If not: how to see it again, and exit code 1.

    Real nodes on a simulated clock, net and disk: the same seed does the same on every machine.
    """
    reports, took = _run_all(scenario, seed, nodes, seeds, seconds)
    broken = [one for one in reports if not one.held]
    virtual = sum(one.virtual_ms for one in reports) / 1000
    if as_json:
        print_json({
            "held": not broken, "runs": [one.as_json() for one in reports], "took_ms": round(took * 1000),
            "times_real": round(virtual / took, 1),
        })  # fmt: skip
    elif seeds == 1:
        _show(reports[0])
    else:
        say(f"{len(reports) - len(broken)} of {len(reports)} runs kept every promise")
        slowest = max((one.converged_ms or 0 for one in reports), default=0)
        say(f"slowest to agree after the heal: {slowest / 1000:.1f} s")
    if not as_json:
        say(f"{virtual:.0f} virtual seconds in {took:.1f} s: {virtual / took:.0f} times real time")
        for one in broken[:SHOWN]:
            _complain(one)
    if broken:
        raise typer.Exit(REFUSED)


def _run_all(name: str, first: int, nodes: int, count: int, seconds: float | None) -> tuple[list[Report], float]:
    from hansa.entrypoints.simulation import simulate
    from hansa.sim.scenario import SCENARIOS

    if name not in SCENARIOS:
        raise UsageError(f"there is no scenario {name}: choose one of {', '.join(SCENARIOS)}")
    reports: list[Report] = []
    begun = perf_counter()
    with Bar() as bar:
        for seed in range(first, first + count):
            if count > 1:
                bar.update(len(reports), count, f"{name}, seed {seed}")
            try:
                reports.append(simulate(name, seed, nodes, seconds))
            except Exception as error:
                again = f"hansa sim run {name} --seed {seed} --nodes {nodes}"
                again += f" --seconds {seconds:g}" if seconds is not None else ""
                raise Fault(f"a simulated node failed with {error!r}; again: {again}") from error
    return reports, perf_counter() - begun


def _show(report: Report) -> None:
    rows: list[tuple[str, Any]] = [
        ("scenario", f"{report.scenario}, seed {report.seed}, {report.nodes} nodes"),
        ("virtual seconds", f"{report.virtual_ms / 1000:.1f}"),
        ("faults", report.faults),
        ("acknowledged", report.acknowledged),
        *((f"refused, {why}", count) for why, count in report.refused.items()),
        *((f"frames {why}", count) for why, count in report.frames.items()),
        (
            "agreed after the heal",
            "not in time" if report.converged_ms is None else f"{report.converged_ms / 1000:.1f} s",
        ),
        ("events", report.events),
        ("digest", report.digest),
        ("promises", "kept" if report.held else "broken"),
    ]
    table(("what", "value"), rows)


def _complain(report: Report) -> None:
    for one in report.violations[:5]:
        warn(str(one))
    for line in report.last[-5:]:
        say(f"  {line}")
    say(f"again: {report.again}")
