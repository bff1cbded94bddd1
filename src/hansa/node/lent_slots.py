"""The lender's side of work: what borrowers bring is run in this node's sandbox, for their leases and no longer.

A work is taken if, rules in order:

1. its result is known: then that is said again, and nothing is run twice
2. its author has an active lease of processor time here, with that fence, now, and not used up (`Book.may_use`)
3. it is not larger than a lease runs, and this node has a sandbox
4. its skill comes with it, or is held here
5. no more jobs of that lease run and wait than it allows

A lease is granted of this node's own offers alone, so where its operator has offered nothing, nothing is run. A job
runs in the sandbox, or not at all; it is metered as it runs, and stopped in the turn in which its lease is over: at the
end of the window, used up, or given back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from hansa.identity.envelope import Verified
from hansa.kernel.errors import HansaError, NoSandbox, Refused
from hansa.kernel.ids import ContentId, NodeId
from hansa.kernel.instant import ALWAYS, MINUTE, NEVER, Instant
from hansa.kernel.jobs import SandboxLimits
from hansa.kernel.resources import Resource
from hansa.kernel.verdict import Reason
from hansa.kernel.wire import parse
from hansa.market.lease import Lease
from hansa.market.lease_states import State
from hansa.market.leases import Book
from hansa.market.slots import PROCESSOR, Params, at_once, bounds, in_pace, places
from hansa.node.core import Core
from hansa.node.vault import open_skill
from hansa.overlay.doing import Doing
from hansa.skills.judge import Finding, job_for, judge
from hansa.skills.model import Skill
from hansa.skills.work import WORKED, WorkBody, WorkedBody

Carry = Callable[[bytes, NodeId], None]
"""Sends a signed envelope to one node, over the overlay."""

TOLD_MS = MINUTE
"""How long after the end of a lease its results are told again."""


@dataclass(slots=True)
class _Job:
    """One work that waits or runs; `counted_us`: up to which moment it was metered."""

    work: WorkBody
    key: ContentId
    borrower: NodeId
    skill: Skill
    task: asyncio.Task[None] | None = None
    counted_us: int = 0
    used_ms: int = 0


@dataclass(slots=True)
class _Told:
    """The results of one lease that are known, by the work's id."""

    borrower: NodeId
    results: dict[ContentId, WorkedBody] = field(default_factory=dict)


class LentSlots:
    """Runs what borrowers bring.

    Attributes:
        ran: jobs that were run to their end since the start. `stopped`: that were not.
    """

    def __init__(self, core: Core, book: Book, params: Params) -> None:
        """Runs nothing yet.

        Args:
            book: what this node has lent.
        """
        self._core = core
        self._book = book
        self._params = params
        self._carry: Carry | None = None
        self._jobs: dict[ContentId, _Job] = {}
        self._told: dict[ContentId, _Told] = {}
        self._ending: dict[asyncio.Task[None], None] = {}
        self._broken = False
        self.ran = self.stopped = 0

    def open(self, carry: Carry) -> None:
        """Takes work from now on."""
        self._carry = carry

    async def close(self) -> None:
        """Takes none any more, and stops what runs."""
        self._carry = None
        for job in list(self._jobs.values()):
            self._stop(job)
        await asyncio.gather(*self._ending, return_exceptions=True)

    @property
    def running(self) -> int:
        """How many jobs of others run now."""
        return sum(one.task is not None for one in self._jobs.values())

    # ---- taking

    def heard(self, said: Verified, via: NodeId, now: Instant) -> Doing:
        """Takes in a work, by the rules of this module.

        Raises:
            Refused: BAD_BODY, NO_LEASE (2), BIG_WORK (3), NO_SLOT (3, 5), UNKNOWN_SKILL (4).
        """
        work = parse(said.body, WorkBody)
        if said.header.recipient != self._core.me or said.author == self._core.me:
            raise Refused(Reason.BAD_BODY, "work is for the lender of its lease")
        key, id_ = work.key, ContentId(work.lease)
        told = self._told.get(id_)
        if told is not None and told.borrower == said.author and key in told.results:  # 1
            self._tell(said.author, told.results[key])
            return Doing()
        lease = self._book.may_use(id_, said.author, work.fence, self._core.now())  # 2
        if lease.ask.resource is not Resource.COMPUTATIONAL_POWER:
            raise Refused(Reason.NO_LEASE, f"it is a lease of {lease.ask.resource}")
        if key not in self._jobs:
            self._take(said, work, key, lease)
        return Doing()

    def _take(self, said: Verified, work: WorkBody, key: ContentId, lease: Lease) -> None:
        if work.trials > self._params.trials or work.size() > self._params.skill_bytes:  # 3
            raise Refused(Reason.BIG_WORK, f"{self._params.trials} trials, {self._params.skill_bytes} bytes")
        if self._core.sandbox is None or self._broken or self._carry is None:
            raise Refused(Reason.NO_SLOT, "this node has no sandbox")
        skill = self._skill(work)  # 4
        held = sum(one.work.lease == lease.id for one in self._jobs.values())
        if held >= at_once(lease.ask.amount) + self._params.waiting:  # 5
            raise Refused(Reason.NO_SLOT, f"{held} jobs run or wait for that lease")
        self._jobs[key] = _Job(work, key, said.author, skill)
        self._begin()

    def _skill(self, work: WorkBody) -> Skill:
        if isinstance(work.text, Skill):
            return work.text
        row = self._core.store.skill(ContentId(work.skill))
        if row is None or not row.body:
            raise Refused(Reason.UNKNOWN_SKILL, "send it along")
        return open_skill(row)

    # ---- running

    def _begin(self) -> None:
        """Starts what may run now, the oldest first."""
        now, settings = self._core.now(), self._core.settings
        free = places(settings.workers, self._params.own_workers, self._core.meters.proving) - self.running
        for job in [one for one in self._jobs.values() if one.task is None]:
            lease = self._book.get(ContentId(job.work.lease))
            if free <= 0 or self._carry is None or lease is None:
                return
            of_it = sum(one.task is not None for one in self._jobs.values() if one.work.lease == lease.id)
            if of_it < at_once(lease.ask.amount) and in_pace(lease, now):
                free -= 1
                job.counted_us = self._core.clock.stopwatch_us()
                job.task = asyncio.get_running_loop().create_task(self._run(job))

    async def _run(self, job: _Job) -> None:
        sandbox, settings = self._core.sandbox, self._core.settings
        if sandbox is None:
            raise NoSandbox("there is none")
        limits = bounds(settings.sandbox, self._params, self._leased_mib(job.borrower))
        work = job.work
        try:
            report = await sandbox.run(
                job_for(job.skill, work.trials, settings.skills.refute_trials, work.seed, limits)
            )
            finding = judge(job.skill, report)
            self._meter(job)
            self._note(job, self._result(job, finding, limits))
        except NoSandbox:
            self._broken = True
        except HansaError:
            pass  # nothing is said: its borrower asks again, or elsewhere
        finally:
            if self._jobs.get(job.key) is job:
                del self._jobs[job.key]
        self._begin()

    def _leased_mib(self, borrower: NodeId) -> int:
        return sum(one.ask.amount for one in self._memory_of(borrower))

    def _memory_of(self, borrower: NodeId) -> list[Lease]:
        now = self._core.now()
        return [
            one
            for one in self._book.all()
            if one.ask.resource is Resource.MEMORY_CAPACITY
            and (one.ask.borrower, one.state) == (borrower, State.ACTIVE)
            and one.ask.window.begins <= now < one.ask.window.ends
        ]

    def _result(self, job: _Job, finding: Finding, limits: SandboxLimits) -> WorkedBody:
        work, sandbox = job.work, self._core.sandbox
        if sandbox is None:
            raise NoSandbox("there is none")
        return WorkedBody(
            skill=work.skill, harness=sandbox.harness, sandbox=sandbox.name, outcome=finding.outcome,
            trials=finding.trials, successes=finding.successes, passed=finding.passed, total=finding.total,
            digest=finding.digest, reason=finding.reason.code if finding.reason else "", work=job.key,
            lease=work.lease, fence=work.fence, digests=finding.digests, memory_bytes=limits.memory_bytes,
            wall_ms=limits.wall_ms, used_ms=job.used_ms,
        )  # fmt: skip

    def _note(self, job: _Job, result: WorkedBody) -> None:
        self.ran += 1
        told = self._told.setdefault(ContentId(job.work.lease), _Told(job.borrower))
        told.results[job.key] = result
        while len(told.results) > self._params.remembered:
            del told.results[next(iter(told.results))]
        self._tell(job.borrower, result)

    def _tell(self, borrower: NodeId, result: WorkedBody) -> None:
        if self._carry is not None:
            self._carry(self._core.seal(WORKED, msgspec.to_builtins(result), recipient=borrower).raw, borrower)

    # ---- metering, and stopping

    def _meter(self, job: _Job) -> None:
        """Notes what a job has used since it was last looked at, also of its borrower's leases of memory."""
        now_us = self._core.clock.stopwatch_us()
        passed = -(-(now_us - job.counted_us) // 1000)
        job.counted_us += passed * 1000
        job.used_ms += passed
        self._charge(ContentId(job.work.lease), passed * PROCESSOR)
        for lease in self._memory_of(job.borrower):
            self._charge(lease.id, passed * lease.ask.amount)

    def _charge(self, lease: ContentId, used: int) -> None:
        held = self._book.get(lease)
        if held is not None and held.state is State.ACTIVE:
            self._book.keep(self._book.meter(lease, used))

    def _stop(self, job: _Job) -> None:
        self._jobs.pop(job.key, None)
        self.stopped += 1
        if job.task is not None:
            job.task.cancel()  # the sandbox kills what it runs
            self._ending[job.task] = None
            job.task.add_done_callback(lambda task: self._ending.pop(task, None))

    @property
    def due(self) -> Instant:
        """Always where something runs or waits, or is remembered."""
        return ALWAYS if self._jobs or self._told else NEVER

    def tick(self, now: Instant) -> Doing:
        """Meters what runs, stops what may not run any more, and starts what may."""
        at = self._core.now()
        for job in list(self._jobs.values()):
            if job.task is not None:
                self._meter(job)
        for job in list(self._jobs.values()):
            try:
                self._book.may_use(ContentId(job.work.lease), job.borrower, job.work.fence, at)
            except Refused:
                self._stop(job)
        for id_ in [one for one in self._told if self._is_past(one, at)]:
            del self._told[id_]
        self._begin()
        return Doing()

    def _is_past(self, id_: ContentId, now: Instant) -> bool:
        lease = self._book.get(id_)
        return lease is None or (lease.ended is not None and now >= lease.ended + TOLD_MS)
