"""Studies of whole networks: sim growth, sim stress."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from hansa.entrypoints.cli.options import AsJson, epilog, words
from hansa.entrypoints.cli.progress import Bar
from hansa.entrypoints.cli.show import percent, print_json, say, table
from hansa.kernel.errors import UsageError

if TYPE_CHECKING:
    from hansa.entrypoints.studies import Gallery
    from hansa.overlay.link_params import Policy
    from hansa.sim.studies.growth import Grown, Stage
    from hansa.sim.studies.measures import Estimate
    from hansa.sim.studies.stress import Stressed

T = TypeVar("T")
POLICIES = ("bounded", "preferential")

Seed = Annotated[int, typer.Option(min=0, max=2**53, help="The number that all chance follows from.")]
PolicyName = Annotated[
    str, typer.Option(metavar="POLICY", help="bounded or preferential.", autocompletion=words(*POLICIES))
]
Plots = Annotated[
    Path | None,
    typer.Option(metavar="FOLDER", help="Also draw SVG, PNG and a page to play with.", show_default=False),
]


def growth(
    initial: Annotated[int, typer.Option(help="Nodes at the beginning.")] = 20,
    steps: Annotated[int, typer.Option(help="How often nodes join.")] = 10,
    per_step: Annotated[int, typer.Option(help="Nodes that join in each step.")] = 20,
    policy: PolicyName = "bounded",
    seed: Seed = 1,
    plots: Plots = None,
    as_json: AsJson = False,
) -> None:
    """Grow a network of up to a million nodes, and measure it.

    Each step: nodes, edges, clustering (Watts and Strogatz 1998), mean length of the shortest ways, global efficiency
    (Latora and Marchiori 2001: mean of 1 / length over all pairs), links of a node, and a round of sharing in which
    every node asks and offers. Flow efficiency is units delivered / units asked for. Under preferential attachment the
    exponent of the power law of links is added (Clauset, Shalizi and Newman 2009). What is sampled comes with half of
    its 95 % interval, as 3.25 ± 0.01.
    """
    from hansa.entrypoints.studies import grown, growth_gallery
    from hansa.sim.studies.growth import Params

    params = Params(initial, steps, per_step, _policy(policy), seed)
    params.validate()
    found, took = _run(plots, lambda tell: grown(params, tell))
    if as_json:
        print_json(found.as_json())
    else:
        _show_growth(found)
        say(f"took {took:.1f} s")
    _draw(plots, lambda: growth_gallery(found, _growth_facts(found)), as_json)


def stress(
    nodes: Annotated[int, typer.Option(help="How many nodes.")] = 100,
    failures: Annotated[float, typer.Option(help="Share of them that die.")] = 0.1,
    load: Annotated[float, typer.Option(help="Times the usual load.")] = 2.0,
    usual: Annotated[float, typer.Option(help="Usual load, as a share of all that is offered.")] = 0.3,
    policy: PolicyName = "bounded",
    seed: Seed = 1,
    plots: Plots = None,
    as_json: AsJson = False,
) -> None:
    """Let nodes of a network die while more is asked for than usual.

    Performance is units in service / units wanted, in a second. Reported are: performance degradation (1 - worst
    second after the failure / mean before the load rose), recovery time (seconds until performance is back at 95 % of
    that and stays for 10 s), alternative path use (share of the work delivered over another way than the best, as that
    was broken), request fulfilment rate (requests that got all their units before their deadline, of those that were
    open at the failure or came within a minute of it).
    """
    from hansa.entrypoints.studies import stress_gallery, stressed
    from hansa.sim.studies.stress import Params

    params = Params(nodes, failures, load, usual, _policy(policy), seed)
    params.validate()
    found, took = _run(plots, lambda tell: stressed(params, tell))
    facts = _stress_facts(found)
    if as_json:
        print_json(found.as_json())
    else:
        table(("what", "value"), facts)
        say(f"took {took:.1f} s")
    _draw(plots, lambda: stress_gallery(found, facts), as_json)


def add_to(sim: typer.Typer) -> None:
    """Adds both commands to the group."""
    sim.command(
        epilog=epilog(
            "hansa sim growth", "hansa sim growth --initial 1000 --steps 9 --per-step 11000 --policy preferential",
            "hansa sim growth --plots pictures",
        )
    )(growth)  # fmt: skip
    sim.command(
        epilog=epilog("hansa sim stress", "hansa sim stress --nodes 10000", "hansa sim stress --failures 0.3 --json")
    )(stress)


def _policy(name: str) -> Policy:
    from hansa.overlay.link_params import Policy

    if name not in POLICIES:
        raise UsageError(f"there is no policy {name}: choose one of {', '.join(POLICIES)}")
    return Policy(name)


def _run(plots: Path | None, study: Callable[[Callable[[int, int, str], None]], T]) -> tuple[T, float]:
    from hansa.entrypoints.studies import check_plots

    if plots is not None:
        check_plots(plots)
    begun = perf_counter()
    with Bar() as bar:
        found = study(bar.update)
    return found, perf_counter() - begun


def _draw(plots: Path | None, gallery: Callable[[], Gallery], quietly: bool) -> None:
    from hansa.entrypoints.studies import written

    if plots is None:
        return
    paths = written(gallery(), plots)
    if not quietly:
        for path in paths:
            say(f"wrote {path}")


# ---- tables


def _show_growth(found: Grown) -> None:
    columns = ("nodes", "edges", "clustering", "path length", "global efficiency", "links", "most links", "flow")
    table(columns, [_cells(one) for one in found.stages], right=columns)
    table(("what", "value"), _growth_facts(found))


def _cells(one: Stage) -> tuple[str, ...]:
    return (
        f"{one.nodes:,}",
        f"{one.edges:,}",
        _estimated(one.clustering, 3),
        _estimated(one.path_length, 2),
        _estimated(one.global_efficiency, 3),
        f"{one.mean_degree:.2f}",
        f"{one.degrees[-1][0]:,}",
        f"{one.flow_efficiency:.3f}",
    )


def _estimated(found: Estimate, places: int) -> str:
    return f"{found.value:.{places}f}" + (f" ± {found.error:.{places}f}" if found.error else "")


def _growth_facts(found: Grown) -> list[tuple[str, str]]:
    last, shared = found.stages[-1], found.stages[-1].sharing
    law = last.power_law
    share = 1 if not shared.asked else shared.matched / shared.asked
    return [
        ("policy", f"{found.params.policy}, seed {found.params.seed}"),
        ("nodes, edges", f"{last.nodes:,}, {last.edges:,}"),
        ("pairs with a way", percent(last.connected)),
        ("longest of the shortest ways", str(last.longest)),
        *([("power law of links", f"exponent {law.exponent:.2f} ± {1.96 * law.error:.2f}, from {law.least} links on")]
          if law else []),
        ("last round of sharing", f"{shared.traders:,} nodes, {shared.clearings} clearings"),
        ("units asked for", f"{shared.asked:,}, matched {percent(share)}"),
        ("flow efficiency", percent(last.flow_efficiency)),
        ("links of a way", f"{shared.hops:.2f}"),
        ("fairness (Jain)", f"{shared.fairness:.3f}"),
    ]  # fmt: skip


def _stress_facts(found: Stressed) -> list[tuple[str, Any]]:
    params, repair, paths = found.params, found.repair, found.paths
    back = "not in time" if found.recovery_s is None else f"{found.recovery_s} s"
    return [
        ("study", f"{params.nodes:,} nodes, {params.policy}, seed {params.seed}"),
        ("stress", f"{repair.dead:,} nodes die at {params.load:g} times a usual load of {percent(params.usual)}"),
        ("performance degradation", percent(found.degradation)),
        ("recovery time", back),
        ("alternative path use", percent(found.alternative_use)),
        ("request fulfilment rate", f"{percent(found.fulfilment)} of {found.after.count:,}"),
        ("before the failure", f"{percent(found.before.rate)} of {found.before.count:,}"),
        (
            "dead nodes given up",
            f"first after {repair.first_verdict_s:.1f} s, last after {repair.last_verdict_s:.1f} s",
        ),
        ("links made anew", f"{repair.links:,}, all within {repair.healed_s} s; {repair.short:,} nodes still short"),
        ("ways that broke", f"{paths.broken:,}, of which {paths.mended:,} found another"),
        ("lenders lost", f"{paths.lost:,}"),
        ("matches without room", f"{paths.no_room:,}"),
    ]
