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
import keyword
import warnings
from dataclasses import dataclass

from hansa.kernel.ids import content_id
from hansa.kernel.jobs import SandboxJob, SandboxLimits, SandboxReport, StepStatus, TrialEnd, TrialReport
from hansa.kernel.verdict import Reason
from hansa.skills.importing.nesting import is_flat
from hansa.skills.model import PYTHON, Case, Outcome, Skill

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
        digests: of what each trial put out, in order.
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
    digests: tuple[str, ...] = ()


def job_for(skill: Skill, trials: int, stop_after: int, seed: int, limits: SandboxLimits) -> SandboxJob:
    """Returns what the sandbox is asked to do to prove `skill`.

    The control is the skill with its entry point replaced by a function that returns a fresh object: a check that is
    content with that is content with anything. The scripts of a skill that is text find the text as `SKILL`; its
    control is empty text.
    """
    if skill.result.media_type == PYTHON:
        code, entry = skill.result.text, skill.result.entry_point
        control = _BLANK.format(name=entry) if entry.isidentifier() and not keyword.iskeyword(entry) else ""
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
        passed == total_checks > 0 and first_forbidden(trial) is None
        for passed, trial in zip(per_trial, report.trials, strict=True)
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
        tuple(trial.digest for trial in report.trials),
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
    return _same(found, expected)


class _NotLiteral:
    """Stands for text that is not a Python literal."""


def _literal(text: str) -> object:
    try:
        if len(text) > _MAX_LITERAL or not is_flat(text):
            return _NotLiteral()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about spellings in what others wrote
            return ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return _NotLiteral()


def _same(found: object, expected: object) -> bool:
    """Compares literals with their types, all the way down."""
    if type(found) is not type(expected):
        return False
    if isinstance(found, list | tuple) and isinstance(expected, list | tuple):
        return len(found) == len(expected) and all(map(_same, found, expected))
    if isinstance(found, dict) and isinstance(expected, dict):
        return _same_items(found, expected)
    if isinstance(found, set | frozenset) and isinstance(expected, set | frozenset):
        return {(type(one), one) for one in found} == {(type(one), one) for one in expected}
    return bool(found == expected)


def _same_items(found: dict[object, object], expected: dict[object, object]) -> bool:
    """Compares dictionaries whatever the order of their keys."""
    keys = {(type(key), key) for key in found}
    return keys == {(type(key), key) for key in expected} and all(_same(found[key], expected[key]) for key in found)


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
    passed: dict[tuple[str, int], bool] = {}  # a step that is reported twice counts once, and only if it passes twice
    for step in trial.steps:
        key = (step.kind, step.index)
        if step.kind == "call" and step.index < len(skill.cases):
            good = step.status is StepStatus.OK and accepts(skill.cases[step.index], step.value)
        elif step.kind == "script" and step.index in counted:
            good = step.status is StepStatus.OK
        else:
            continue
        passed[key] = good and passed.get(key, True)
    return sum(passed.values())


def _reason(skill: Skill, report: SandboxReport, total_checks: int, successes: int) -> Reason | None:
    trials = report.trials
    if not skill.checks:  # 1
        return Reason.NO_CHECKS
    forbidden = _forbidden(report)
    if forbidden:  # 2
        return forbidden.reason
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


@dataclass(frozen=True, slots=True)
class Forbidden:
    """Something that code tried and must not: the reason, and on what."""

    reason: Reason
    told: str


def first_forbidden(trial: TrialReport) -> Forbidden | None:
    """Returns the first thing a trial tried that the sandbox forbids; None when it kept to itself."""
    for attempt in trial.attempts:
        if attempt.what in _ATTEMPTS:
            return Forbidden(_ATTEMPTS[attempt.what], f"{attempt.what}: {attempt.target}")
    return None


def _forbidden(report: SandboxReport) -> Forbidden | None:
    return next((found for trial in report.trials if (found := first_forbidden(trial))), None)


def _detail(skill: Skill, report: SandboxReport, reason: Reason | None) -> str:
    if reason is None:
        return ""
    forbidden = _forbidden(report)
    if forbidden:
        return forbidden.told
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
