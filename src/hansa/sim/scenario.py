"""Scenarios by name: a world, what is said in it, what goes wrong in it, and a report of how it went.

Each has an active part, in which faults come and go; then everything heals, and the nodes have `within` seconds to
agree; then all invariants are checked once more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from hansa.sim import net as nets
from hansa.sim import world as worlds
from hansa.sim.faults import DRAWS, Nemesis
from hansa.sim.invariants import Violation
from hansa.sim.workload import Workload
from hansa.sim.world import Workshop, World

FINISH_TICKS = 20
SETTLE_S = 2.0
"""Seconds after agreeing in which nothing may fall apart again."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A kind of run.

    Attributes:
        about: in one line, for people.
        kinds: faults that are drawn from (`faults.DRAWS`); each second of the active part brings `per_second` of them.
        seconds: of the active part.
        within: seconds after the heal in which all nodes must agree (L3).
        said: things that are said in a second, by all nodes together.
    """

    about: str
    kinds: tuple[str, ...] = ()
    per_second: float = 0.3
    seconds: float = 20.0
    within: float = 60.0
    said: float = 2.0
    net: nets.Params = field(default_factory=nets.Params)


LOSSY = nets.Params(loss=0.2, duplicated=0.1, reordered=0.1, lossy=True)

SCENARIOS: Mapping[str, Scenario] = {
    "calm": Scenario("no faults: everything that is said is everywhere at once", within=10.0),
    "storm": Scenario("all faults at once: kills, pauses, partitions, loss, clocks, disks, old backups", tuple(DRAWS)),
    "halves": Scenario(
        "20 % of the frames lost, 10 % twice, and the net cut into halves again and again",
        ("halves",), per_second=0.1, net=LOSSY,
    ),
    "churn": Scenario(
        "processes are killed, also in the middle of a write, paused, and started again",
        ("kill", "kill in a write", "pause"), per_second=0.8,
    ),
    "clocks": Scenario("clocks jump by an hour either way, and strobe", ("clock", "strobe"), per_second=0.5),
    "disks": Scenario(
        "disks are full, broken or slow, processes die while they write, old backups are put back",
        ("disk full", "disk error", "slow disk", "kill in a write", "old backup"), per_second=0.5,
    ),
}  # fmt: skip
"""All scenarios, by name."""


@dataclass(frozen=True, slots=True)
class Report:
    """How a run went.

    Attributes:
        seconds: of the active part.
        virtual_ms: how long it took in virtual time.
        events: calls that were made; lines: of the journal, whose digest is the run's.
        converged_ms: how long after the heal all nodes agreed; None when they did not in time.
        acknowledged, refused: of what was said.
        frames: what became of them.
        last: of a run that failed, the end of its journal.
    """

    scenario: str
    seed: int
    nodes: int
    seconds: float
    virtual_ms: int
    events: int
    lines: int
    digest: str
    converged_ms: int | None
    acknowledged: int
    refused: Mapping[str, int]
    frames: Mapping[str, int]
    faults: int
    violations: tuple[Violation, ...]
    last: tuple[str, ...] = ()

    @property
    def held(self) -> bool:
        """Says whether every promise was kept."""
        return not self.violations

    @property
    def again(self) -> str:
        """The command that runs it again."""
        usual = SCENARIOS[self.scenario].seconds
        seconds = "" if self.seconds == usual else f" --seconds {self.seconds:g}"
        return f"hansa sim run {self.scenario} --seed {self.seed} --nodes {self.nodes}{seconds}"

    def as_json(self) -> dict[str, Any]:
        """Returns it for programs."""
        return {**asdict(self), "violations": [str(one) for one in self.violations], "held": self.held,
                "again": self.again, "last": list(self.last)}  # fmt: skip


def play(
    name: str, seed: int, nodes: int, workshop: Workshop, seconds: float | None = None,
    watch: Callable[[World], None] | None = None,
) -> Report:  # fmt: skip
    """Runs a scenario.

    Args:
        seconds: of the active part; by default what the scenario says.
        watch: is given the world before it starts, to look at or to do something to.

    Raises:
        KeyError: there is no such scenario. ValueError: fewer than two nodes.
    """
    if nodes < 2:
        raise ValueError("nodes must be at least 2")
    scenario = SCENARIOS[name]
    active = scenario.seconds if seconds is None else seconds
    world = World(seed, nodes, workshop, worlds.Params(net=scenario.net))
    nemesis = Nemesis(
        world.rng.child("nemesis"), nodes, scenario.kinds, round(active * scenario.per_second), round(active * 1000)
    )
    if watch is not None:
        watch(world)
    world.start()
    Workload(world, world.rng.child("work")).plan(round(active * scenario.said), round(active * 1000))
    nemesis.unleash(world)
    try:
        world.run(active)
        world.heal()
        converged = world.converge(scenario.within)
        world.run(SETTLE_S)
        _let_finish(world)
        world.checker.check_end()
        return _report(name, world, active, len(nemesis.plan), converged)
    finally:
        world.close()


def _let_finish(world: World) -> None:
    """Lets pass what it takes to decide on what is being decided on; what never is stays without a fate."""
    for _ in range(FINISH_TICKS):
        if not world.checker.undecided():
            return
        world.run(0.1)


def _report(name: str, world: World, active: float, faults: int, converged: int | None) -> Report:
    counts = world.net.counts
    return Report(
        scenario=name,
        seed=world.seed,
        nodes=len(world.residents),
        seconds=active,
        virtual_ms=world.loop.now_ms,
        events=world.loop.steps,
        lines=world.journal.count,
        digest=world.journal.digest,
        converged_ms=converged,
        acknowledged=world.history.acknowledged,
        refused=dict(sorted(world.history.refused.items())),
        frames={"sent": counts.sent, "doubled": counts.doubled, "delivered": counts.delivered,
                **{f"lost: {why}": count for why, count in sorted(counts.lost.items())}},
        faults=faults,
        violations=tuple(world.violations),
        last=tuple(world.journal.tail()) if world.violations else (),
    )  # fmt: skip
