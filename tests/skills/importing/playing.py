"""Plays a draft's checks in this very process: for samples that the tests wrote themselves, and for nothing else."""

from __future__ import annotations

import ast
import sys
import types
from collections.abc import Callable
from functools import partial

from hansa.skills.importing.draft import Draft, Rejected
from hansa.skills.judge import accepts
from hansa.skills.model import Case, Skill


def drafted(outcome: Draft | Rejected) -> Draft:
    """Returns the draft, or fails the test with the reason why there is none."""
    assert isinstance(outcome, Draft), outcome.problem
    return outcome


def rejected(outcome: Draft | Rejected) -> str:
    """Returns the problem, or fails the test when the source was taken."""
    assert isinstance(outcome, Rejected), f"taken: {outcome}"
    return outcome.problem


def outcomes(skill: Skill, code: str | None = None) -> list[str]:
    """Returns "ok" or what went wrong for each case and script, with `code` in place of the skill's own."""
    module = types.ModuleType("skill")
    sys.modules["skill"] = module
    try:
        exec(compile(skill.result.text if code is None else code, "<skill>", "exec"), module.__dict__)
        function = module.__dict__[skill.result.entry_point]
        cases = [_attempt(partial(_accepted, function, case)) for case in skill.cases]
        return [*cases, *(_attempt(partial(exec, script, dict(module.__dict__))) for script in skill.scripts)]
    finally:
        del sys.modules["skill"]


def outcomes_when_blank(skill: Skill) -> list[str]:
    """Returns what the checks say about a function that does nothing."""
    return outcomes(skill, f"def {skill.result.entry_point}(*args, **kwargs):\n    return object()\n")


def _accepted(function: Callable[..., object], case: Case) -> bool:
    return accepts(case, repr(function(*ast.literal_eval(case.args))))


def _attempt(step: Callable[[], object]) -> str:
    try:
        return "ok" if step() in (None, True) else "another value"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
