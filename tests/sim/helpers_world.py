"""Nodes that do tasks for each other under virtual time, each with a sandbox that computes here (`Abacus`)."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from typing import Any

from hansa.entrypoints.simulation import Linked
from hansa.kernel.jobs import SandboxJob, SandboxReport, StepReport, StepStatus, TrialEnd, TrialReport
from hansa.node.core import Core
from hansa.node.delegations import Delegation, Order
from hansa.node.rows import PeerRow, PutPeer
from hansa.node.swarming import _PROBE, Swarm
from hansa.sim.world import Params as WorldParams
from hansa.sim.world import Place, World
from hansa.swarm.params import Params
from hansa.swarm.tasks import Python
from tests.node.world import Table
from tests.sim.test_network import Chain, net

DOUBLED = "def double(x):\n    return 2 * x\n"


class Abacus(Table):
    """Computes what tests ask for, in this process; takes `takes_ms`.

    Attributes:
        lies: what each call comes to instead, where it is set.
    """

    def __init__(self) -> None:
        super().__init__()
        self.takes_ms = 10
        self.lies = ""
        self.broken = False
        self.cancelled = 0

    async def run(self, job: SandboxJob) -> SandboxReport:
        if job.entry_point is None or job.scripts or job.trials > 1:
            return await super().run(job)
        self.jobs.append(job)
        try:
            await asyncio.get_running_loop().sleep(self.takes_ms)  # type: ignore[attr-defined]
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if self.takes_ms > job.limits.wall_ms:
            return SandboxReport(self.name, self.harness, (TrialReport(TrialEnd.TIMEOUT, ()),))
        steps = [StepReport("load", 0, StepStatus.OK), *(self._step(job, n) for n in range(len(job.calls)))]
        digest = hashlib.sha256(repr(steps).encode()).hexdigest()
        return SandboxReport(self.name, self.harness, (TrialReport(TrialEnd.COMPLETED, tuple(steps), (), 1, digest),))

    def _step(self, job: SandboxJob, number: int) -> StepReport:
        space: dict[str, Any] = {}
        try:
            exec(job.code, space)
            value = repr(space[str(job.entry_point)](*eval(job.calls[number])))
        except Exception as error:
            return StepReport("call", number, StepStatus.RAISED, error=f"{type(error).__name__}: {error}")
        lie = "41" if self.broken else self.lies if job.code != _PROBE.code else ""
        return StepReport("call", number, StepStatus.OK, lie or value)


class Helpers(Chain):
    """A row of nodes that do tasks, unless their number has other settings."""

    def __init__(self, params: Mapping[int, Params] | None = None) -> None:
        super().__init__()
        self.params = params or {}
        self.benches: dict[int, Abacus] = {}

    def core(self, place: Place) -> Core:
        made = super().core(place)
        made.sandbox = self.benches.setdefault(place.number, Abacus())
        return made

    def open(self, place: Place) -> Linked:
        made = super().open(place)
        params = self.params.get(place.number, Params(serve=True))
        swarm = made.node.swarm
        swarm.params = swarm.serving.params = swarm.delegating._params = params
        return made


def helpers(
    nodes: int,
    workshop: Helpers,
    strangers: Mapping[int, tuple[int, ...]] | None = None,
    broken: tuple[int, ...] = (),
) -> World:
    """Returns a world whose nodes stand in a row, know each other, and have said what they can.

    Args:
        strangers: for a node the numbers of those that it has not invited.
        broken: nodes whose sandbox computes wrongly from the start.
    """
    world = World(3, nodes, workshop, WorldParams(contacts=nodes - 1))
    for number, one in enumerate(world.residents):
        others = [
            other
            for place, other in enumerate(world.residents)
            if other is not one and place not in (strangers or {}).get(number, ())
        ]
        one.store.commit([[PutPeer(PeerRow(other.keys.node_id, invited=True)) for other in others]])
    for number in broken:
        workshop.benches.setdefault(number, Abacus()).broken = True
    world.start()
    world.run(20)
    return world


def swarm(world: World, number: int) -> Swarm:
    found = net(world, number).words._swarm
    assert found is not None
    return found


def order(x: int = 21, **more: Any) -> Order:
    """Returns an order to double a number."""
    return Order(Python(code=DOUBLED, entry_point="double", calls=(f"({x},)",)), **more)


def asked(world: World, number: int, wanted: Order, seconds: float = 5) -> Delegation:
    """Has a node ask for something, lets time pass, and returns what came of it."""

    async def begin() -> Delegation:
        return swarm(world, number).delegating.begin(wanted)

    task = world.loop.create_task(begin())
    world.run(seconds)
    return task.result()
