"""Reads what the inner program says, and trusts none of it.

Each line is decoded strictly against its shape and held against the job: the right steps in the right order, values
only where a call returned one. A line that is off, and everything after it, does not exist; a trial without a line is
EXITED, with no step run. So nothing that went wrong on the way can look like a pass.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from hansa.kernel.jobs import Attempt, SandboxJob, SandboxReport, StepReport, StepStatus, TrialEnd, TrialReport

_Count = Annotated[int, msgspec.Meta(ge=0, lt=1 << 53)]
_Kind = Literal["load", "call", "script"]


class _Step(msgspec.Struct, forbid_unknown_fields=True):
    kind: _Kind
    index: _Count
    status: StepStatus
    value: str | None
    error: Annotated[str, msgspec.Meta(max_length=300)] | None


class _Trial(msgspec.Struct, forbid_unknown_fields=True):
    end: TrialEnd
    steps: list[_Step]
    attempts: Annotated[
        list[tuple[Literal["file", "network", "process", "native"], Annotated[str, msgspec.Meta(max_length=200)]]],
        msgspec.Meta(max_length=20),
    ]
    wall_us: _Count
    digest: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]


class _Line(msgspec.Struct, forbid_unknown_fields=True):
    ready: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    trial: _Trial | None = None
    control: _Trial | None = None
    done: bool = False
    refused: str | None = None


_decoder = msgspec.json.Decoder(_Line)


class Answer(msgspec.Struct):
    """What the inner program said, as far as it could be believed.

    Attributes:
        ready: the surroundings stood.
        refused: why it did not run the code.
        noise: the first line that was none, for the operator; a start command's own complaint ends up here.
        stopped: the host stopped listening before the end.
    """

    trials: list[TrialReport]
    control: TrialReport | None = None
    ready: bool = False
    done: bool = False
    refused: str | None = None
    noise: str = ""
    stopped: bool = False

    @property
    def broke_off(self) -> bool:
        """Whether it ended in the middle of the job, and neither it nor the host says why."""
        return self.ready and not self.done and not self.stopped and self.refused is None

    @property
    def is_ordinary(self) -> bool:
        """Whether all trials ran to their end and none tried anything that the sandbox refuses."""
        runs = [*self.trials, *([] if self.control is None else [self.control])]
        fine = all(run.end is TrialEnd.COMPLETED and not run.attempts for run in runs)
        return self.done and self.refused is None and not self.noise and fine


DONE = b'{"done":true}\n'
"""The last line about a job."""


def read(job: SandboxJob, token: str, data: bytes) -> Answer:
    """Reads all lines about one job.

    Args:
        job: what was asked for.
        token: what was sent along with the job, and has to come back before anything else counts.
        data: what the inner program said since.
    """
    answer = Answer([])
    for line in data.split(b"\n"):
        if not line:
            continue
        try:
            parsed = _decoder.decode(line)
            _take(job, token, answer, parsed)
        except (msgspec.DecodeError, _UnfitError, RecursionError):
            answer.noise = line[:200].decode("utf-8", "backslashreplace")
            answer.done = False
            break
    return answer


class _UnfitError(Exception):
    """The line is well-formed and does not belong to this job."""


def _take(job: SandboxJob, token: str, answer: Answer, line: _Line) -> None:
    if answer.done or (line.ready is not None and (answer.ready or line.ready != token)):
        raise _UnfitError
    answer.ready = answer.ready or line.ready is not None
    if not answer.ready and line.refused is None:
        raise _UnfitError
    answer.refused = line.refused
    answer.done = line.done
    if line.trial is not None:
        if len(answer.trials) >= job.trials:
            raise _UnfitError
        answer.trials.append(_trial(line.trial, _plan(job, len(job.calls))))
    if line.control is not None:
        if job.control is None or answer.control is not None:
            raise _UnfitError
        answer.control = _trial(line.control, _plan(job, 0))


def _plan(job: SandboxJob, calls: int) -> list[tuple[str, int]]:
    return [("load", 0), *(("call", i) for i in range(calls)), *(("script", i) for i in range(len(job.scripts)))]


def _trial(found: _Trial, plan: list[tuple[str, int]]) -> TrialReport:
    if [(step.kind, step.index) for step in found.steps] != plan:
        raise _UnfitError
    for step in found.steps:
        returned = step.kind == "call" and step.status is StepStatus.OK
        raised = step.status not in (StepStatus.OK, StepStatus.NOT_RUN)
        if (step.value is not None) != returned or (step.error is not None) != raised:
            raise _UnfitError
    steps = tuple(StepReport(step.kind, step.index, step.status, step.value, step.error) for step in found.steps)
    attempts = tuple(Attempt(what, target) for what, target in found.attempts)
    return TrialReport(found.end, steps, attempts, found.wall_us, found.digest)


def report(job: SandboxJob, answer: Answer, sandbox: str, harness: str) -> SandboxReport:
    """Turns an answer into a report; what is missing from it was cut off, which is EXITED."""
    trials = list(answer.trials)
    control = answer.control
    if not answer.done and len(trials) < job.trials and control is None:
        trials.append(_cut_off(_plan(job, len(job.calls))))
    if job.control is not None and control is None:
        control = _cut_off(_plan(job, 0))
    return SandboxReport(sandbox, harness, tuple(trials), control)


def _cut_off(plan: list[tuple[str, int]]) -> TrialReport:
    return TrialReport(TrialEnd.EXITED, tuple(StepReport(kind, i, StepStatus.NOT_RUN) for kind, i in plan))
