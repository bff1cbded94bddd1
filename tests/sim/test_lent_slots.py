"""What a lender runs for others: for active leases, once, within bounds, and no longer (ADR 0051, attacks 48, 51)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from hansa.identity import envelope
from hansa.identity.envelope import Verified
from hansa.kernel.errors import Refused
from hansa.kernel.ids import ContentId, NodeId
from hansa.kernel.instant import MINUTE, Instant
from hansa.kernel.resources import Resource
from hansa.kernel.verdict import Reason
from hansa.market.lease import Ask, Lease
from hansa.market.lease_states import State
from hansa.market.model import Window
from hansa.market.slots import BURST_MS, MIB, Params
from hansa.node.lent_slots import TOLD_MS, LentSlots
from hansa.sim.workload import specimen
from hansa.sim.world import World
from hansa.skills.work import WORK, WORKED, WorkBody, WorkedBody
from tests.sim.lenders import Bench, Lenders, teach
from tests.sim.test_market import done, market
from tests.sim.test_network import chain, core, me


class Lent:
    """A lender (node 0) with a lease that node 1 has, works that are brought to it, and what it says."""

    def __init__(self, amount: int = 2000, minutes: int = 10) -> None:
        self.workshop = Lenders()
        self.world: World = chain(2, self.workshop, seconds=1)
        teach(self.workshop, 0, range(1, 40))
        self.bench: Bench = self.workshop.benches[0]
        self.slots: LentSlots = market(self.world, 0).lent
        self.book = market(self.world, 0).lender.book
        self.said: list[WorkedBody] = []
        self.slots.open(lambda raw, whom: self.said.append(self._read(raw, whom)))
        self.lease = self.lend(Resource.COMPUTATIONAL_POWER, amount, minutes)

    def _read(self, raw: bytes, whom: NodeId) -> WorkedBody:
        message = envelope.verify(envelope.read(raw))
        assert (message.header.kind, message.header.recipient, whom) == (WORKED, me(self.world, 1), me(self.world, 1))
        return msgspec.convert(message.body, WorkedBody)

    def lend(self, resource: Resource, amount: int, minutes: int = 10) -> Lease:
        now, number = core(self.world, 0).now(), len(self.book.all()) + 1
        window = Window(now, Instant(now + minutes * MINUTE))
        ask = Ask(ContentId(f"{number:064x}"), ContentId("0" * 64), me(self.world, 1), resource, amount, 0, window)
        lease = Lease(ask, number, State.ACTIVE, now)
        self.book.keep(lease)
        return lease

    def work(self, number: int = 1, **changes: Any) -> WorkBody:
        skill = specimen(number)
        work = WorkBody(lease=self.lease.id, fence=self.lease.fence, skill=skill.id, trials=10, seed=number, text=skill)
        return msgspec.structs.replace(work, **changes)

    def signed(self, work: WorkBody, by: int = 1, to: str = "") -> Verified:
        recipient = to or me(self.world, 0)
        return envelope.verify(core(self.world, by).seal(WORK, msgspec.to_builtins(work), recipient=recipient))

    def bring(self, *works: WorkBody, by: int = 1, to: str = "") -> None:
        """Has the lender hear of works, at one instant."""

        async def hear() -> None:
            for one in works:
                self.slots.heard(self.signed(one, by, to), me(self.world, 1), core(self.world, 0).now())

        done(self.world, hear())

    def refused(self, work: WorkBody, by: int = 1, to: str = "") -> Reason:
        with pytest.raises(Refused) as refused:
            self.bring(work, by=by, to=to)
        return refused.value.reason

    def run(self, seconds: float) -> None:
        self.world.run(seconds)

    def keep(self, **changes: Any) -> None:
        held = self.book.get(self.lease.id)
        assert held is not None
        self.book.keep(replace(held, **changes))


def test_a_work_is_run_once_and_its_result_said_as_often_as_it_is_asked_for() -> None:
    lent = Lent()
    lent.bring(lent.work())
    lent.run(1)
    lent.bring(lent.work(), lent.work(text=msgspec.UNSET))
    lent.run(1)
    assert len(lent.bench.jobs) == 1
    assert len(lent.said) == 3 and lent.said[0] == lent.said[1] == lent.said[2]
    lent.said[0].check(lent.work())
    assert lent.said[0].used_ms >= 100


def test_a_work_that_comes_again_while_it_runs_is_run_once() -> None:
    lent = Lent()
    lent.bench.trial_ms = 1000
    lent.bring(lent.work(), lent.work(), lent.work(text=msgspec.UNSET))
    lent.run(15)
    assert (len(lent.bench.jobs), len(lent.said)) == (1, 1)


def test_results_are_remembered_as_long_as_the_lease_and_no_longer() -> None:
    lent = Lent()
    lent.bring(lent.work())
    lent.run(1)
    lent.keep(state=State.SETTLED, ended=core(lent.world, 0).now())
    lent.bring(lent.work())
    assert len(lent.said) == 2
    lent.run(TOLD_MS / 1000 + 1)
    assert lent.refused(lent.work()) is Reason.NO_LEASE


def test_no_more_results_are_remembered_than_the_bound() -> None:
    lent = Lent()
    lent.slots._params = Params(remembered=2)
    for number in (1, 2, 3):
        lent.bring(lent.work(number))
        lent.run(1)
    lent.bring(lent.work(3), lent.work(2))
    assert len(lent.bench.jobs) == 3
    lent.bring(lent.work(1))
    lent.run(1)
    assert len(lent.bench.jobs) == 4


@pytest.mark.parametrize(
    "changes",
    [{"fence": 2}, {"lease": "f" * 64}],
    ids=["another fence", "no lease"],
)
def test_work_for_what_is_not_lent_is_refused(changes: dict[str, Any]) -> None:
    lent = Lent()
    assert lent.refused(lent.work(**changes)) is Reason.NO_LEASE
    assert lent.bench.begun == []


NOT_NOW: dict[str, Callable[[Lent], None]] = {
    "not taken": lambda lent: lent.keep(state=State.GRANTED),
    "over": lambda lent: lent.keep(state=State.METERED),
    "used up": lambda lent: lent.keep(used=lent.lease.limit),
    "past": lambda lent: lent.keep(ask=replace(lent.lease.ask, window=Window(Instant(0), Instant(1)))),
    "of memory": lambda lent: lent.keep(ask=replace(lent.lease.ask, resource=Resource.MEMORY_CAPACITY)),
    "of another": lambda lent: lent.keep(ask=replace(lent.lease.ask, borrower=NodeId("somebody"))),
}


@pytest.mark.parametrize("why", NOT_NOW)
def test_work_for_a_lease_that_may_not_be_used_is_refused(why: str) -> None:
    lent = Lent()
    NOT_NOW[why](lent)
    assert lent.refused(lent.work()) is Reason.NO_LEASE
    lent.run(1)
    assert lent.bench.begun == []


def test_what_somebody_else_was_told_is_told_to_nobody_else() -> None:
    lent = Lent()
    lent.bring(lent.work())
    lent.run(1)
    lent.slots._told[lent.lease.id].borrower = NodeId("somebody")
    lent.keep(state=State.SETTLED, ended=core(lent.world, 0).now())
    assert lent.refused(lent.work()) is Reason.NO_LEASE


def test_a_node_that_has_nothing_on_offer_runs_nothing() -> None:
    lent = Lent()
    lent.book._open.clear()
    assert lent.refused(lent.work()) is Reason.NO_LEASE


def test_work_for_somebody_else_is_refused() -> None:
    lent = Lent()
    assert lent.refused(lent.work(), to="*") is Reason.BAD_BODY
    assert lent.refused(lent.work(), by=0) is Reason.BAD_BODY


def test_another_skill_than_is_named_is_refused() -> None:
    lent = Lent()
    assert lent.refused(lent.work(text=specimen(2))) is Reason.BAD_BODY


def test_a_skill_that_neither_comes_along_nor_is_held_is_asked_for() -> None:
    lent = Lent()
    assert lent.refused(lent.work(text=msgspec.UNSET)) is Reason.UNKNOWN_SKILL


def test_work_that_is_too_large_is_refused() -> None:
    lent = Lent()
    assert lent.refused(lent.work(trials=101)) is Reason.BIG_WORK
    lent.slots._params = Params(skill_bytes=100)
    assert lent.refused(lent.work()) is Reason.BIG_WORK


def test_nothing_runs_without_a_sandbox() -> None:
    lent = Lent()
    core(lent.world, 0).sandbox = None
    assert lent.refused(lent.work()) is Reason.NO_SLOT


def test_of_a_lease_so_many_jobs_run_and_wait_as_it_allows() -> None:
    lent = Lent(amount=2000)
    core(lent.world, 0).settings = replace(core(lent.world, 0).settings, workers=8)
    lent.bench.trial_ms = 1_000
    lent.bring(*(lent.work(number) for number in (1, 2, 3, 4)))
    assert lent.refused(lent.work(5)) is Reason.NO_SLOT
    assert (lent.slots.running, lent.bench.most) == (2, 2)
    lent.run(30)
    assert (len(lent.said), lent.bench.most) == (4, 2)


def test_own_proofs_come_first() -> None:
    lent = Lent()
    lent.bench.trial_ms = 100
    core(lent.world, 0).meters.proving = 2
    lent.bring(lent.work())
    assert lent.bench.begun == []
    core(lent.world, 0).meters.proving = 0
    lent.run(3)
    assert len(lent.said) == 1


def test_half_a_processor_is_lent_half_of_the_time() -> None:
    lent = Lent(amount=500)
    lent.bench.trial_ms = 500  # a job takes five seconds of a processor, ten of the lease
    began = core(lent.world, 0).now()
    for number in range(1, 13):
        lent.bring(lent.work(number))
        while len(lent.said) < number and core(lent.world, 0).now() < began + 5 * MINUTE:
            lent.run(0.2)
    took = core(lent.world, 0).now() - began
    assert len(lent.said) == 12
    assert took >= 11 * 10_000 - BURST_MS - 1_000
    assert lent.bench.most == 1


STOPS: dict[str, Callable[[Lent], None]] = {
    "given back": lambda lent: lent.keep(state=State.METERED, ended=core(lent.world, 0).now()),
    "used up": lambda lent: lent.keep(used=lent.lease.limit),
    "past": lambda lent: lent.keep(
        ask=replace(lent.lease.ask, window=Window(lent.lease.ask.window.begins, core(lent.world, 0).now()))
    ),
}


@pytest.mark.parametrize("why", STOPS)
def test_what_runs_is_stopped_within_half_a_second_of_the_end(why: str) -> None:
    lent = Lent()
    core(lent.world, 0).settings = replace(core(lent.world, 0).settings, workers=8)
    lent.bench.trial_ms = 10_000
    lent.bring(*(lent.work(number) for number in (1, 2, 3)))
    lent.run(2)
    STOPS[why](lent)
    lent.run(0.5)
    assert (lent.slots.running, lent.bench.now, lent.bench.cancelled, lent.slots.stopped) == (0, 0, 2, 3)
    lent.run(120)
    assert (lent.said, len(lent.bench.begun)) == ([], 2)


def test_a_job_that_never_ends_is_stopped_once_the_lease_is_used_up_and_is_paid_for() -> None:
    lent = Lent(minutes=1, amount=1000)
    lent.bench.trial_ms = MINUTE
    lent.bring(lent.work())
    lent.run(61)
    assert lent.bench.cancelled == 1
    held = lent.book.get(lent.lease.id)
    assert held is not None and held.used >= lent.lease.limit * 98 // 100


def test_memory_that_is_lent_raises_the_bound_up_to_the_operators_own() -> None:
    lent = Lent()
    lent.bring(lent.work(1))
    lent.run(1)
    memory = lent.lend(Resource.MEMORY_CAPACITY, 64)
    lent.bring(lent.work(2))
    lent.run(1)
    lent.lend(Resource.MEMORY_CAPACITY, 1 << 20)
    lent.bring(lent.work(3))
    lent.run(1)
    own = core(lent.world, 0).settings.sandbox.memory_bytes
    assert [job.limits.memory_bytes for job in lent.bench.begun] == [128 * MIB, 192 * MIB, own]
    assert [one.memory_bytes for one in lent.said] == [128 * MIB, 192 * MIB, own]
    held = lent.book.get(memory.id)
    assert held is not None and held.used == 64 * (lent.said[1].used_ms + lent.said[2].used_ms)


def test_a_node_that_leaves_the_overlay_stops_what_it_runs_for_others() -> None:
    lent = Lent()
    lent.bench.trial_ms = 10_000
    lent.bring(lent.work())
    done(lent.world, lent.slots.close())
    assert (lent.bench.cancelled, lent.slots.running) == (1, 0)
    assert lent.refused(lent.work()) is Reason.NO_SLOT
