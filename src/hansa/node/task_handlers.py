"""What does the tasks of each kind: in the sandbox, or by looking up what this node has proved (S3).

`registered` is the one list of them. Errors say what went wrong in the words of the sandbox, which name no path of this
machine; a task that tried what is forbidden fails, whatever it came to.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from hansa.kernel.errors import NoSandbox, Refused
from hansa.kernel.ids import ContentId, content_id
from hansa.kernel.jobs import SandboxJob, SandboxLimits, SandboxReport, StepStatus, TrialEnd
from hansa.kernel.plain import plain
from hansa.kernel.verdict import Reason
from hansa.node.core import Core
from hansa.node.finder import Found
from hansa.node.serving import Came, Serving
from hansa.node.vault import open_skill
from hansa.skills.judge import first_forbidden, job_for, judge
from hansa.skills.model import Skill
from hansa.swarm.messages import MAX_ERROR, MAX_RESULT
from hansa.swarm.tasks import Prove, Python, Query, TaskBody, TaskKind

Find = Callable[[str, int], Sequence[Found]]


class Handlers:
    """Does tasks with one node's sandbox and skills."""

    def __init__(self, core: Core, find: Find) -> None:
        """Works for one node; `find` looks among what is proved here."""
        self._core = core
        self._find = find

    def registered(self, serving: Serving) -> None:
        """Has each kind that there is a handler for done.

        Raises:
            UsageError: they are registered already.
        """
        serving.register(TaskKind.PYTHON, self.compute)
        serving.register(TaskKind.PROVE, self.prove)
        serving.register(TaskKind.QUERY, self.query)

    async def compute(self, body: TaskBody, limits: SandboxLimits) -> Came:
        """Calls a function; returns the `repr` of what each call came to.

        Raises:
            NoSandbox: nothing was run.
        """
        if not isinstance(body.python, Python):
            raise Refused(Reason.BAD_BODY)
        data = body.python
        job = SandboxJob(data.code, data.entry_point, data.calls, trials=1, stop_after=0, limits=limits)
        return computed(await self._sandbox(job), len(data.calls))

    async def prove(self, body: TaskBody, limits: SandboxLimits) -> Came:
        """Proves a skill; returns outcome, trials, successes and the reason.

        Raises:
            Refused: UNKNOWN_SKILL, BAD_BODY. NoSandbox: nothing was run.
        """
        if not isinstance(body.prove, Prove):
            raise Refused(Reason.BAD_BODY)
        data = body.prove
        skill = self._skill(data)
        report = await self._sandbox(
            job_for(skill, data.trials, self._core.settings.skills.refute_trials, data.seed, limits)
        )
        found = judge(skill, report)
        reason = found.reason.code if found.reason is not None else ""
        values = (str(found.outcome), str(found.trials), str(found.successes), reason)
        return Came(values, harness=report.harness, digest=found.digest)

    async def query(self, body: TaskBody, limits: SandboxLimits) -> Came:
        """Looks among what is proved here; returns id and intent of each skill, the best first."""
        if not isinstance(body.query, Query):
            raise Refused(Reason.BAD_BODY)
        found = self._find(body.query.intent, body.query.limit)
        return Came(tuple(text for one in found for text in (one.row.id, one.row.intent)))

    def _skill(self, data: Prove) -> Skill:
        if isinstance(data.text, str):
            raw = data.text.encode()
            if content_id(raw) != data.skill:
                raise Refused(Reason.BAD_BODY, "the skill that comes with it is another one")
            try:
                return msgspec.json.decode(raw, type=Skill)
            except (msgspec.DecodeError, RecursionError):
                raise Refused(Reason.BAD_BODY, "what comes with it is no skill") from None
        row = self._core.store.skill(ContentId(data.skill))
        if row is None or not row.body:
            raise Refused(Reason.UNKNOWN_SKILL, "send it along")
        return open_skill(row)

    async def _sandbox(self, job: SandboxJob) -> SandboxReport:
        if self._core.sandbox is None:
            raise NoSandbox("there is none")
        return await self._core.sandbox.run(job)


def computed(report: SandboxReport, calls: int) -> Came:
    """Returns what a computation came to, as the sandbox saw it.

    Args:
        calls: how many values it has to have.
    """
    if not report.trials:
        return Came(error="it was not run", harness=report.harness)
    trial = report.trials[0]
    seen = Came(harness=report.harness, digest=trial.digest)
    forbidden = first_forbidden(trial)
    if forbidden is not None:
        return _failed(seen, f"tried what is forbidden: {forbidden.reason.code}")
    for step in trial.steps:
        if step.status not in (StepStatus.OK, StepStatus.NOT_RUN):
            return _failed(seen, f"{step.kind} {step.index}: {step.error or step.status}")
    if trial.end is not TrialEnd.COMPLETED:
        return _failed(seen, f"stopped: {trial.end}")
    values = tuple(step.value for step in trial.steps if step.kind == "call" and step.value is not None)
    if len(values) != calls:
        return _failed(seen, "not every call came to a value")
    if sum(map(len, values)) > MAX_RESULT:
        return _failed(seen, "what it came to is too long")
    return Came(values, harness=seen.harness, digest=seen.digest)


def _failed(seen: Came, why: str) -> Came:
    return Came(error=plain(why, MAX_ERROR), harness=seen.harness, digest=seen.digest)
