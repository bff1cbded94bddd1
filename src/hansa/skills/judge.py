"""Turns what the sandbox saw into a finding: the one place where a check passes or fails.

A proof is refused or left open by the first of these that holds:

1. there are no checks: nothing can be proved
2. the code tried what the sandbox forbids (files, network, processes): refused, whatever its checks say
3. a script passes against a control that does nothing: that script proves nothing and is not counted; with nothing
   left to count, the checks are vacuous. Data cases are always counted: their expected value is compared here
4. a library or harness is missing: inconclusive, nobody's fault
5. every trial ran into a limit: over the limit
6. every trial failed: refuted
7. some trials failed: flaky
8. every trial passed: proved
"""

from __future__ import annotations

import ast
from dataclasses import dataclass

from hansa.kernel.ids import content_id
from hansa.kernel.jobs import Attempt, SandboxJob, SandboxLimits, SandboxReport, StepStatus, TrialEnd, TrialReport
from hansa.kernel.verdict import Reason
from hansa.skills.model import PYTHON, Case, Outcome, Skill

_MAX_DEPTH = 100
_MAX_LITERAL = 256 * 1024
_ATTEMPTS = {
    "file": Reason.SANDBOX_FILE,
    "network": Reason.SANDBOX_NETWORK,
    "process": Reason.SANDBOX_PROCESS,
}
_STOPPED = (TrialEnd.TIMEOUT, TrialEnd.MEMORY, TrialEnd.OUTPUT)
_BLANK = "def {name}(*args, **kwargs):\n    return object()\n"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a proof came to.

    Attributes:
        reason: None for a pass.
        trials, successes: n and k: trials in which every counted check passed and nothing forbidden was tried.
        passed, total: counted checks passed and counted, over all trials.
        detail: the first failure, or what was tried, in a few words.
        wall_us: microseconds that all trials took together.
    """

    outcome: Outcome
    reason: Reason | None
    trials: int
    successes: int
    passed: int
    total: int
    digest: str
    detail: str = ""
    wall_us: int = 0


def job_for(skill: Skill, trials: int, stop_after: int, seed: int, limits: SandboxLimits) -> SandboxJob:
    """Returns what the sandbox is asked to do to prove `skill`.

    The control is the skill with its entry point replaced by a function that returns a fresh object: a check that is
    content with that is content with anything. The scripts of a skill that is text find the text as `SKILL`; its
    control is empty text.
    """
    if skill.result.media_type == PYTHON:
        code, entry = skill.result.text, skill.result.entry_point
        control = _BLANK.format(name=entry) if entry.isidentifier() else ""
    else:
        code, entry, control = f"SKILL = {skill.result.text!r}\n", "", "SKILL = ''\n"
    return SandboxJob(
        code=code,
        entry_point=entry or None,
        calls=tuple(case.args for case in skill.cases),
        scripts=skill.scripts,
        trials=trials,
        seed=seed,
        control=control if skill.scripts else None,
        stop_after=stop_after,
        limits=limits,
    )


def judge(skill: Skill, report: SandboxReport) -> Finding:
    """Returns the finding of `report` on `skill`, by the numbered list of this module."""
    counted = _counted_scripts(skill, report)
    per_trial = [_score(skill, trial, counted) for trial in report.trials]
    total_checks = len(skill.cases) + len(counted)
    successes = sum(
        passed == total_checks > 0 and not _tried(trial) for passed, trial in zip(per_trial, report.trials, strict=True)
    )
    reason = _reason(skill, report, total_checks, successes)
    if reason is None:
        outcome = Outcome.PASS
    elif reason in (Reason.NO_CHECKS, Reason.NO_HARNESS):
        outcome = Outcome.INCONCLUSIVE
    else:
        outcome = Outcome.FAIL
    return Finding(
        outcome,
        reason,
        len(report.trials),
        successes,
        sum(per_trial),
        total_checks * len(report.trials),
        content_id("\n".join(trial.digest for trial in report.trials).encode()),
        _detail(skill, report, reason),
        sum(trial.wall_us for trial in report.trials),
    )


def accepts(case: Case, value: str | None) -> bool:
    """Says whether the `repr` that a call put out is the value the case expects.

    Both are read as Python literals; anything that is not one is compared as text. True is not 1 here.
    """
    if value is None:
        return False
    if value == case.expect:
        return True
    found, expected = _literal(value), _literal(case.expect)
    if isinstance(found, _NotLiteral) or isinstance(expected, _NotLiteral):
        return False
    return type(found) is type(expected) and bool(found == expected)


class _NotLiteral:
    """Stands for text that is not a Python literal."""


def _literal(text: str) -> object:
    depth = text.count("(") + text.count("[") + text.count("{") + text.count("-")
    if len(text) > _MAX_LITERAL or (depth > _MAX_DEPTH and _nesting(text) > _MAX_DEPTH):
        return _NotLiteral()
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return _NotLiteral()


def _nesting(text: str) -> int:
    """Returns how deep `text` nests, an upper bound that ignores strings; runs of signs nest as well."""
    deepest = depth = signs = 0
    for char in text:
        if char in "([{":
            depth += 1
        elif char in ")]}":
            depth -= 1
        signs = signs + 1 if char in "-+~ " else 0
        deepest = max(deepest, depth, signs)
    return deepest


def _counted_scripts(skill: Skill, report: SandboxReport) -> frozenset[int]:
    everyone = frozenset(range(len(skill.scripts)))
    if report.control is None:
        return everyone
    content = {
        step.index for step in report.control.steps if step.kind == "script" and step.status is StepStatus.OK
    }  # 3
    return everyone - content


def _score(skill: Skill, trial: TrialReport, counted: frozenset[int]) -> int:
    if trial.end is not TrialEnd.COMPLETED:
        return 0
    passed = 0
    for step in trial.steps:
        if step.status is not StepStatus.OK:
            continue
        if step.kind == "call" and step.index < len(skill.cases):
            passed += accepts(skill.cases[step.index], step.value)
        elif step.kind == "script" and step.index in counted:
            passed += 1
    return passed


def _reason(skill: Skill, report: SandboxReport, total_checks: int, successes: int) -> Reason | None:
    trials = report.trials
    if not skill.checks:  # 1
        return Reason.NO_CHECKS
    forbidden = _forbidden(report)
    if forbidden:  # 2
        return _ATTEMPTS[forbidden.what]
    if total_checks == 0:  # 3
        return Reason.VACUOUS
    if any(step.status is StepStatus.MISSING_MODULE for trial in trials for step in trial.steps):  # 4
        return Reason.NO_HARNESS
    if not trials:
        return Reason.NO_HARNESS
    if all(trial.end in _STOPPED for trial in trials):  # 5
        return Reason.OVER_LIMIT
    if successes == 0:  # 6
        return Reason.REFUTED
    return Reason.FLAKY if successes < len(trials) else None  # 7, 8


def _forbidden(report: SandboxReport) -> Attempt | None:
    return next((attempt for trial in report.trials for attempt in _tried(trial)), None)


def _tried(trial: TrialReport) -> list[Attempt]:
    return [attempt for attempt in trial.attempts if attempt.what in _ATTEMPTS]


def _detail(skill: Skill, report: SandboxReport, reason: Reason | None) -> str:
    if reason is None:
        return ""
    forbidden = _forbidden(report)
    if forbidden:
        return f"{forbidden.what}: {forbidden.target}"
    for trial in report.trials:
        for step in trial.steps:
            if step.error:
                return f"{step.kind} {step.index + 1}: {step.error}"
            if step.kind == "call" and step.index < len(skill.cases):
                case = skill.cases[step.index]
                if step.status is StepStatus.OK and not accepts(case, step.value):
                    return f"call {step.index + 1}: {_cut(step.value or '')} instead of {_cut(case.expect)}"
        if trial.end is not TrialEnd.COMPLETED:
            return f"trial ended: {trial.end}"
    return ""


def _cut(text: str, width: int = 60) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
