"""A skill, its proof and its evidence, made of small numbers, for the tests of the skills room."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from hansa.kernel.ids import ContentId, content_id
from hansa.kernel.jobs import Attempt, SandboxReport, StepReport, StepStatus, TrialEnd, TrialReport
from hansa.skills.model import (
    PYTHON,
    Case,
    Cases,
    Evidence,
    File,
    Outcome,
    Result,
    Script,
    Skill,
    Step,
)

ME, ALICE, BOB, CAROL = "did:key:me", "did:key:alice", "did:key:bob", "did:key:carol"
HARNESS, OTHER_HARNESS = "cpython-3.11", "cpython-3.12"
SHOUT = Skill(
    intent="shout a word",
    reasoning_path=(Step(step=1, action="Put it in capitals."), Step(step=2, action="Add a mark.")),
    result=Result(media_type=PYTHON, text="def shout(s):\n    return s.upper() + '!'\n", entry_point="shout"),
    checks=(
        Cases(cases=(Case(args="('a',)", expect="'A!'"), Case(args="('',)", expect="'!'"))),
        Script(code="assert shout('x') == 'X!'"),
    ),
    license="MIT",
    tags=("text",),
)
"""Two cases and one script."""


def name(number: int | str) -> ContentId:
    """Returns the id of something that is only named."""
    return content_id(f"thing {number}".encode())


def changed(skill: Skill, /, **fields: Any) -> Skill:
    """Returns the skill with other fields."""
    return msgspec.structs.replace(skill, **fields)


def with_files(*paths: str) -> Skill:
    """Returns a skill whose bundle holds these paths."""
    files = tuple(File(path=path, digest=name(path), size=1) for path in paths)
    return changed(SHOUT, result=msgspec.structs.replace(SHOUT.result, files=files))


def trial(
    calls: Iterable[str | StepStatus] = ("'A!'", "'!'"),
    scripts: Iterable[StepStatus] = (StepStatus.OK,),
    /,
    end: TrialEnd = TrialEnd.COMPLETED,
    *tried: str,
    load: StepStatus = StepStatus.OK,
    number: int = 0,
) -> TrialReport:
    """Returns a trial: what each call returned (or how it ended), how each script ended, what was tried."""
    steps = [_step("load", 0, load)]
    for index, call in enumerate(calls):
        status = call if isinstance(call, StepStatus) else StepStatus.OK
        steps.append(_step("call", index, status, None if isinstance(call, StepStatus) else call))
    steps += [_step("script", index, status) for index, status in enumerate(scripts)]
    attempts = tuple(Attempt(what, "/target") for what in tried)
    return TrialReport(end, tuple(steps), attempts, 100 + number, name(number))


def report(*trials: TrialReport, control: TrialReport | None = None) -> SandboxReport:
    """Returns what the sandbox saw."""
    return SandboxReport("namespaces", HARNESS, trials, control)


def found(outcome: Outcome = Outcome.PASS, /, **fields: Any) -> Evidence:
    """Returns evidence about SHOUT: by default mine, 35 of 35 trials."""
    good = outcome is Outcome.PASS
    defaults: dict[str, Any] = {
        "skill": SHOUT.id,
        "prover": ME,
        "harness": HARNESS,
        "sandbox": "namespaces",
        "outcome": outcome,
        "trials": 35,
        "successes": 35 if good else 0,
        "passed": 105 if good else 0,
        "total": 105,
        "digest": name("digest"),
        "reason": "" if good else "refuted",
        "at": 1,
    }
    return Evidence(**{**defaults, **fields})


def _step(kind: str, index: int, status: StepStatus, value: str | None = None) -> StepReport:
    failed = status not in (StepStatus.OK, StepStatus.NOT_RUN)
    return StepReport(kind, index, status, value, f"Error: {status}" if failed else None)
