"""The side that is asked: does tasks of other nodes, within bounds that no setting of theirs can widen (S3, ADR 0054).

A task is taken if, rules in order:

1. where it stands is known: then that is said again, and nothing is done twice
2. the operator has turned it on, and the sandbox has held and computed what it had to since the start
3. its author was invited, or is known where the operator lets those in, too
4. something here does that kind
5. no more than three nodes stand behind it, and this is none of them (attack 57)
6. no more tasks run and wait here than there are places, nor of its author, nor in an hour

What runs, runs in the sandbox, for the least of the milliseconds that the task, the operator and the sandbox allow. Of
its author's tasks the most urgent goes first; among authors, whoever has the fewest that run, so that nobody's urgency
makes others wait. A result is only told: nothing here runs it, or asks anybody anything because of it (attack 57).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace

import msgspec

from hansa.identity.envelope import Verified
from hansa.kernel.errors import HansaError, NoSandbox, Refused, UsageError
from hansa.kernel.ids import ContentId, NodeId
from hansa.kernel.instant import ALWAYS, HOUR, NEVER, Instant
from hansa.kernel.jobs import SandboxLimits
from hansa.kernel.verdict import Reason
from hansa.kernel.wire import parse
from hansa.node.core import Core
from hansa.overlay.doing import Doing
from hansa.swarm.messages import TASK_SAID, TaskSaidBody, TaskStopBody
from hansa.swarm.params import Params
from hansa.swarm.states import State
from hansa.swarm.tasks import TaskBody, TaskKind, read_task, task_id

Carry = Callable[[bytes, NodeId], None]
"""Sends a signed envelope to one node, over the overlay."""

MIB = 1 << 20

GRACE_MS = 500
"""Milliseconds after which a task is stopped that the sandbox has not stopped by then: several trials, say."""


@dataclass(frozen=True, slots=True)
class Came:
    """What a task came to: `values` where it is done, `error` where it failed; see `swarm.messages.TaskSaidBody`."""

    values: tuple[str, ...] = ()
    error: str = ""
    harness: str = ""
    digest: str = ""


Handler = Callable[[TaskBody, SandboxLimits], Awaitable[Came]]
"""Does the tasks of one kind, in the sandbox under the bounds that it is given, or by looking things up."""


@dataclass(slots=True)
class _Job:
    """A task that waits, runs, or is over and is told again; `at`: when it came, later when it was over."""

    body: TaskBody
    key: ContentId
    author: NodeId
    at: Instant
    said: TaskSaidBody
    task: asyncio.Task[None] | None = None

    @property
    def is_open(self) -> bool:
        return self.said.state in (State.ACCEPTED, State.RUNNING)


class Serving:
    """Does the tasks of others.

    Attributes:
        ready: the probes have passed; until then nothing is served.
        done: tasks that came to an end since the start. `stopped`: that were stopped.
    """

    def __init__(self, core: Core, params: Params) -> None:
        """Serves nothing yet."""
        self._core = core
        self.params = params
        self._carry: Carry | None = None
        self._handlers: dict[TaskKind, Handler] = {}
        self._jobs: dict[ContentId, _Job] = {}
        self._begun: dict[NodeId, list[Instant]] = {}
        self._ending: dict[asyncio.Task[None], None] = {}
        self.ready = False
        self.done = self.stopped = 0

    def register(self, kind: TaskKind, handler: Handler) -> None:
        """Has a kind done from now on.

        Raises:
            UsageError: something does that kind already.
        """
        if kind in self._handlers:
            raise UsageError(f"tasks of kind {kind} are done already: each kind has one handler")
        self._handlers[kind] = handler

    @property
    def handlers(self) -> Mapping[TaskKind, Handler]:
        """What does which kind."""
        return self._handlers

    def open(self, carry: Carry) -> None:
        """Takes tasks from now on."""
        self._carry = carry

    async def close(self) -> None:
        """Takes none any more, and stops what runs."""
        self._carry = None
        for job in list(self._jobs.values()):
            self._stop(job)
        await asyncio.gather(*self._ending, return_exceptions=True)

    @property
    def running(self) -> int:
        """How many tasks of others run now."""
        return sum(one.task is not None and one.is_open for one in self._jobs.values())

    @property
    def queue(self) -> int:
        """How many tasks of others run or wait."""
        return sum(one.is_open for one in self._jobs.values())

    # ---- taking

    def heard(self, said: Verified, via: NodeId, now: Instant) -> Doing:
        """Takes in a task, by the rules of this module.

        Raises:
            Refused: BAD_BODY, NOT_SERVED (2, 3, 4), TASK_LOOP (5), TASK_FULL (6).
        """
        core, author = self._core, said.author
        body = read_task(said.body)
        if said.header.recipient != core.me or author == core.me or body.path[-1] != author:
            raise Refused(Reason.BAD_BODY, "a task is for one other node, and its path ends with who signed it")
        key = task_id(body, core.me)
        held = self._jobs.get(key)
        if held is not None and held.author == author:  # 1
            self._tell(held)
            return Doing()
        if not self.params.serve or not self.ready or self._carry is None:  # 2
            raise Refused(Reason.NOT_SERVED)
        if not self._may_ask(author):  # 3
            raise Refused(Reason.NOT_SERVED)
        if body.kind not in self._handlers:  # 4
            raise Refused(Reason.NOT_SERVED, body.kind)
        if core.me in body.path:  # 5; how many, its shape says
            raise Refused(Reason.TASK_LOOP)
        self._check_room(author)  # 6
        job = _Job(body, key, author, core.now(), TaskSaidBody(task=key, state=State.ACCEPTED))
        self._jobs[key] = job
        self._tell(job)
        self._begin()
        return Doing()

    def _may_ask(self, author: NodeId) -> bool:
        guest = self._core.memory.guest(author)
        if guest.banned or guest.barred:
            return False
        known = self.params.serve_whom == "known" and self._core.accounts.is_known(author, self._core.now())
        return guest.invited or known

    def _check_room(self, author: NodeId) -> None:
        """Raises Refused with TASK_FULL where there is no room for one more task of an author's; else counts it."""
        now, params = self._core.now(), self.params
        opened = [one for one in self._jobs.values() if one.is_open]
        if len(opened) >= params.places + params.waiting:
            raise Refused(Reason.TASK_FULL)
        if sum(one.author == author for one in opened) >= params.per_peer:
            raise Refused(Reason.TASK_FULL)
        lately = [at for at in self._begun.get(author, ()) if at <= now < at + HOUR]
        if len(lately) >= params.per_hour:
            raise Refused(Reason.TASK_FULL)
        self._begun[author] = [*lately, now]

    def stop_heard(self, said: Verified, via: NodeId, now: Instant) -> Doing:
        """Stops a task that whoever asked for it does not want any more.

        Raises:
            Refused: BAD_BODY.
        """
        job = self._jobs.get(ContentId(parse(said.body, TaskStopBody).task))
        if job is not None and job.author == said.author:
            self._stop(job)
            self._begin()
        return Doing()

    # ---- doing

    def _begin(self) -> None:
        """Begins what may run now: of whom the fewest run, the most urgent, the oldest."""
        while self._carry is not None and self.running < self.params.places:
            waiting = [one for one in self._jobs.values() if one.task is None and one.is_open]
            if not waiting:
                return
            jobs = self._jobs.values()
            busy = {one.author: sum(job.author == one.author and job.task is not None and job.is_open for job in jobs)
                    for one in waiting}  # fmt: skip
            job = min(waiting, key=lambda one: (busy[one.author], -one.body.priority, one.at))
            job.said = msgspec.structs.replace(job.said, state=State.RUNNING)
            job.task = asyncio.get_running_loop().create_task(self._run(job))
            self._tell(job)

    async def _run(self, job: _Job) -> None:
        body, params, clock = job.body, self.params, self._core.clock
        own, began = self._core.settings.sandbox, clock.stopwatch_us()
        most = min(body.work_ms, body.within_ms, params.work_ms)
        limits = replace(
            own, wall_ms=min(own.wall_ms, most), memory_bytes=min(own.memory_bytes, params.memory_mib * MIB)
        )
        came = Came(error="it failed here")
        try:
            async with asyncio.timeout((most + GRACE_MS) / 1_000):
                came = await self._handlers[body.kind](body, limits)
        except TimeoutError:
            came = Came(error=f"stopped after {most} ms")
        except NoSandbox:
            self.ready, came = False, Came(error="no sandbox")
        except HansaError as error:
            reason = error.reason if isinstance(error, Refused) else None
            came = Came(error=reason.code if reason is not None else "it could not be done")
        finally:  # also after a fault of ours: its place is free again, and whoever asked hears of it
            if job.is_open:
                self._came(job, came, -(-(clock.stopwatch_us() - began) // 1000))

    def _came(self, job: _Job, came: Came, used: int) -> None:
        self.done += 1
        state = State.FAILED if came.error else State.DONE
        self._end(job, TaskSaidBody(
            task=job.key, state=state, values=() if came.error else came.values, error=came.error,
            harness=came.harness, digest=came.digest, used_ms=used,
        ))  # fmt: skip
        self._begin()

    def _end(self, job: _Job, said: TaskSaidBody) -> None:
        job.said, job.at = said, self._core.now()
        job.body = msgspec.structs.replace(job.body, python=msgspec.UNSET, prove=msgspec.UNSET, query=msgspec.UNSET)
        self._tell(job)
        over = [one for one in self._jobs.values() if not one.is_open]
        for old in over[: max(0, len(over) - self.params.remembered)]:
            del self._jobs[old.key]

    def _stop(self, job: _Job) -> None:
        if not job.is_open:
            return
        self.stopped += 1
        self._end(job, TaskSaidBody(task=job.key, state=State.CANCELLED))
        if job.task is not None:
            job.task.cancel()  # the sandbox kills what it runs
            self._ending[job.task] = None
            job.task.add_done_callback(lambda task: self._ending.pop(task, None))

    def _tell(self, job: _Job) -> None:
        if self._carry is not None:
            said = self._core.seal(TASK_SAID, msgspec.to_builtins(job.said), recipient=job.author)
            self._carry(said.raw, job.author)

    # ---- time

    @property
    def due(self) -> Instant:
        """Always where something runs or waits, or is remembered."""
        return ALWAYS if self._jobs else NEVER

    def tick(self, now: Instant) -> Doing:
        """Stops what is of no use any more, and forgets what was told long ago."""
        at = self._core.now()
        for job in list(self._jobs.values()):
            if job.is_open and not job.at <= at < job.at + job.body.within_ms:
                self._stop(job)
            elif not job.is_open and not job.at <= at < job.at + self.params.remember_ms:
                del self._jobs[job.key]
        self._begin()
        return Doing()
