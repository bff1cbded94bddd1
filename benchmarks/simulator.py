"""Whole simulated nodes: how many times faster than real time a world runs, and what an event costs.

A world runs on one thread, so its pace is virtual seconds by processor time. Resting: links stand, and nothing is said.
With work: two skills, findings or tombstones a second are said, by all nodes together, each of which every node takes
in. The first ten virtual seconds, in which the nodes find each other, are left out but for the storm, which is a whole
run, from its first start to the last check of all invariants.
"""

from __future__ import annotations

import time

from hansa.entrypoints.simulation import Workshop, remembering, simulate
from hansa.sim.workload import Workload
from hansa.sim.world import World

NODES = (5, 8, 50)
WARM_UP, SECONDS, SAID = 10, 20, 2
SEED = 7
COLUMNS = ("nodes", "what", "virtual s", "x real time", "µs an event", "events a node and second", "promises kept")


def body() -> str:
    """Returns the table, in Markdown."""
    lines = [COLUMNS, ("--:", "---", "--:", "--:", "--:", "--:", "---")]
    for nodes in NODES:
        lines += [_ran(nodes, 0), _ran(nodes, SAID)]
    lines.append(_storm(5))
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _ran(nodes: int, said: int) -> tuple[str, ...]:
    with remembering():
        world = World(SEED, nodes, Workshop())
        try:
            world.start()
            world.run(WARM_UP)
            if said:
                Workload(world, world.rng.child("work")).plan(said * SECONDS, SECONDS * 1_000)
            events, cpu = world.loop.steps, time.process_time()
            world.run(SECONDS)
            cpu = time.process_time() - cpu
            what = f"work, {said} a second" if said else "resting"
            return _line(nodes, what, SECONDS, cpu, world.loop.steps - events, not world.violations)
        finally:
            world.close()


def _storm(nodes: int) -> tuple[str, ...]:
    cpu = time.process_time()
    report = simulate("storm", SEED, nodes)
    cpu = time.process_time() - cpu
    return _line(nodes, "storm, a whole run", report.virtual_ms / 1_000, cpu, report.events, report.held)


def _line(nodes: int, what: str, seconds: float, cpu: float, events: int, held: bool) -> tuple[str, ...]:
    return (
        str(nodes),
        what,
        f"{seconds:.0f}",
        f"{seconds / cpu:.1f}",
        f"{cpu / events * 1e6:.0f}",
        f"{events / nodes / seconds:,.0f}",
        "yes" if held else "**no**",
    )
