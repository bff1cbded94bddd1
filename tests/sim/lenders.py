"""Nodes that lend processor time to each other under virtual time, each with a sandbox that runs nothing (`Table`)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from hansa.kernel.ids import ContentId, content_id
from hansa.kernel.jobs import SandboxJob, SandboxReport, TrialReport
from hansa.node.borrowed_proofs import Round
from hansa.node.core import Core
from hansa.node.prover import Proof, Unproved
from hansa.sim.workload import specimen
from hansa.sim.world import Place, World
from hansa.skills import messages
from hansa.skills.model import Claim
from tests.node.world import HARNESS, Behaviour, Table
from tests.sim.test_market import market, needs, offers
from tests.sim.test_network import Chain, chain, core


class Bench(Table):
    """A table whose trials take time.

    Attributes:
        trial_ms: of each.
        begun: jobs in the order in which they began.
        most: jobs that ran at one instant. `cancelled`: jobs that were stopped.
        salt: goes into what each trial is said to have put out: it was made up.
        unsteady: each job puts out something else.
    """

    def __init__(self, number: int = 0, trial_ms: int = 10) -> None:
        super().__init__()
        self.number = number
        self.trial_ms = trial_ms
        self.salt = ""
        self.unsteady = False
        self.begun: list[SandboxJob] = []
        self.now = self.most = self.cancelled = 0

    async def run(self, job: SandboxJob) -> SandboxReport:
        self.now += 1
        self.begun.append(job)
        self.salt = f"{len(self.begun)} of {self.number}" if self.unsteady else self.salt
        self.most = max(self.most, self.now)
        try:
            await asyncio.get_running_loop().sleep(self.trial_ms * job.trials)  # type: ignore[attr-defined]
            report = await super().run(job)
            return replace(report, trials=tuple(map(self._salted, report.trials)))
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.now -= 1

    def _salted(self, trial: TrialReport) -> TrialReport:
        return replace(trial, digest=content_id((trial.digest + self.salt).encode())) if self.salt else trial


class Lenders(Chain):
    """A chain of nodes, each with a bench."""

    def __init__(self) -> None:
        super().__init__()
        self.benches: dict[int, Bench] = {}

    def core(self, place: Place) -> Core:
        made = super().core(place)
        made.sandbox = self.benches.setdefault(place.number, Bench(place.number))
        return made


def teach(workshop: Lenders, number: int, skills: Sequence[int], behaviour: Behaviour | None = None) -> None:
    """Writes down at one node what some specimens do; by default what their checks ask for."""
    for one in skills:
        workshop.benches[number].teach(specimen(one), behaviour)


def bring(world: World, number: int, skills: Sequence[int]) -> list[ContentId]:
    """Has a node say that it has some specimens; all others get them."""
    claim = Claim(confidence=901_000, verification_score=1_000_000, trials=35, harness=HARNESS)

    async def say(inhabitant: Any) -> None:
        for one in skills:
            await world.publish(number, inhabitant, messages.SKILL, messages.skill_body(specimen(one), claim))

    world.spawn(number, say)
    world.run(5)
    return [specimen(one).id for one in skills]


def borrowed(nodes: int, lenders: Sequence[int], amount: int = 2000, borrower: int = 1) -> tuple[World, Lenders]:
    """Returns a world in which one node has a lease of each of some others."""
    workshop = Lenders()
    world = chain(nodes, workshop)
    for place, lender in enumerate(lenders, 1):
        offers(world, lender, amount, price=60)
        needs(world, borrower, amount, most=100, which=place)
        world.run(12)
    assert len(market(world, borrower).proofs.loans()) == len(lenders)
    return world, workshop


def begin(world: World, number: int, ids: Sequence[ContentId]) -> tuple[Round, list[Proof | Unproved]]:
    """Has a node prove skills on borrowed time; what comes of it is in the list once time has passed."""
    node, proofs = core(world, number), list[Proof | Unproved]()
    inhabitant = world.residents[number].inhabitant
    assert inhabitant is not None
    rows = [node.store.skill(one) for one in ids]
    made = market(world, number).proofs.prove_all(rows, inhabitant.node.prover)

    async def work(_: Any) -> None:
        async for one in made.run():
            proofs.append(one)

    world.spawn(number, work)
    return made, proofs
