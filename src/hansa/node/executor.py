"""Doing what an intent asks: reuse a proved skill if one fits, else have it solved, verify that, and keep it.

A skill's own proof says that it does what *it* claims. Whether that is what is asked for now is decided by acceptance
cases where the caller gives some: candidates are tried in the order of their rank until one passes them all. Without
cases only a skill that is near enough to decide on (`ranking.decide_at`) is reused. Without cases and arguments nothing
is done: what fits is named, be it code to call or a text to read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from hansa.kernel.errors import Refused, UsageError
from hansa.kernel.ids import ContentId
from hansa.kernel.jobs import SandboxJob, StepStatus, TrialEnd, TrialReport
from hansa.node.core import Core
from hansa.node.finder import POOL, Finder, Found
from hansa.node.ports import Solution, Solver
from hansa.node.prover import Prover
from hansa.node.shelf import Shelf
from hansa.node.vault import open_skill
from hansa.skills.importing.draft import Draft
from hansa.skills.judge import accepts, first_forbidden
from hansa.skills.model import PYTHON, Case, Cases, Claim, Outcome, Result, Skill, Step
from hansa.skills.signature import could_take, given_count, parameters_of


class How(StrEnum):
    """How an intent was met."""

    FITS = "fits"  # a skill was found, and neither called nor held against a case
    REUSED = "reused"
    SOLVED = "solved"
    UNSOLVED = "unsolved"


@dataclass(frozen=True, slots=True)
class Execution:
    """What executing an intent came to.

    Attributes:
        skill: the skill that was used or made; None when unsolved.
        value: `repr` of what a call with the given arguments returned; None when no arguments were given.
        cases: how many acceptance cases it passed.
        tried: skills that were tried before and failed a case.
        wall_us: microseconds from the question to the answer.
        why: one line for people.
        media_type: of the skill's result; "" when unsolved.
    """

    how: How
    skill: ContentId | None
    intent: str
    value: str | None
    cases: int
    tried: tuple[ContentId, ...]
    wall_us: int
    why: str
    error: str = ""
    media_type: str = ""


@dataclass(slots=True)
class _Tries:
    """Skills that were run for an intent and not used: those that failed, and what some of them tried instead."""

    failed: list[ContentId] = field(default_factory=list)
    named: list[str] = field(default_factory=list)
    unfit: str = ""
    """What is said when the best match is one that can't take the arguments, and nothing else is left."""
    text: tuple[Found, Skill] | None = None
    """A text that fits better than any code."""


class Executor:
    """Meets intents."""

    def __init__(self, core: Core, shelf: Shelf, finder: Finder, prover: Prover, solver: Solver | None) -> None:
        """Works for one node.

        Args:
            solver: what to ask when no skill fits; None when there is nothing to ask.
        """
        self._core = core
        self._shelf = shelf
        self._finder = finder
        self._prover = prover
        self._solver = solver

    async def execute(self, intent: str, args: str | None = None, cases: Sequence[Case] = ()) -> Execution:
        """Meets an intent.

        Args:
            intent: what is wanted, in words.
            args: a Python literal of the tuple of arguments to call with; None to call nothing.
            cases: acceptance cases; an answer that fails one is not used.

        Raises:
            UsageError: the intent is empty. NoSandbox: nothing can be run here. Unavailable: the solver broke.
        """
        if not intent.strip():
            raise UsageError("an intent says what is wanted: hansa execute 'turn a title into a slug'")
        started = self._core.clock.stopwatch_us()
        ranking = self._core.settings.ranking
        near = ranking.try_at if cases else ranking.decide_at
        tries = _Tries()
        candidates = self._candidates(intent, near, args, cases, tries)
        asks_only = args is None and not cases
        if asks_only and tries.text:
            return self._met(How.FITS, *tries.text, tries, started)
        for found, skill, trial in await self._first_that_passes(candidates, args, cases, tries):
            value, error = _value(trial, len(cases)) if args is not None else (None, "")
            met = self._met(How.FITS if asks_only else How.REUSED, found, skill, tries, started)
            return replace(met, value=value, cases=len(cases), error=error)
        return await self._solve(intent, args, cases, tries, started)

    def _met(self, how: How, found: Found, skill: Skill, tries: _Tries, started: int) -> Execution:
        elapsed = self._core.clock.stopwatch_us() - started
        failed, kind = tuple(tries.failed), skill.result.media_type
        return Execution(how, found.row.id, skill.intent, None, 0, failed, elapsed, found.rank.why, media_type=kind)

    def _candidates(
        self, intent: str, near: float, args: str | None, cases: Sequence[Case], tries: _Tries
    ) -> list[tuple[Found, Skill]]:
        """Returns the skills worth a sandbox run, best first: near enough, code, and able to take the arguments."""
        asked = [case.args for case in cases[:1]] + ([args] if args is not None else [])
        worth: list[tuple[Found, Skill]] = []
        damaged: Refused | None = None
        page = self._core.settings.ranking.candidates
        for found in self._finder.find(intent, limit=POOL, at_least=near, page=page):
            if not cases and not self._shelf.corroborated(found.row):
                continue  # with acceptance cases the asker decides; without, nobody but its author says what it is for
            try:
                skill = open_skill(found.row)
            except Refused as refusal:
                damaged = refusal  # it is named when nothing whole is left to use
                continue
            code = skill.result
            if code.media_type == PYTHON and all(could_take(code.text, code.entry_point, one) for one in asked):
                worth.append((found, skill))
                continue
            if not worth and not tries.text and self._is_near(found) and code.media_type != PYTHON:
                tries.text = (found, skill)
            if not worth and not tries.unfit:
                tries.unfit = self._unfit(found, skill, args)
        if worth:
            tries.unfit = ""
        if damaged and not worth and not tries.text:
            raise damaged
        return worth[: self._core.settings.ranking.candidates]

    def _unfit(self, found: Found, skill: Skill, args: str | None) -> str:
        """Says that a skill is what is asked for, and what it takes or is; "" where that is not plain."""
        code = skill.result
        if code.media_type != PYTHON:
            told = f"{found.row.id[:12]} fits, and is a text to read: hansa skill show {found.row.id[:12]}"
            return told if self._is_near(found) else ""
        takes = parameters_of(code.text, code.entry_point)
        if args is None or not self._is_near(found) or takes is None or could_take(code.text, code.entry_point, args):
            return ""
        gave = given_count(args)
        same = " of another kind" if gave == len(takes) else ""
        return f"{found.row.id[:12]} fits, but takes ({', '.join(takes)}); you gave {gave}{same}"

    def _is_near(self, found: Found) -> bool:
        return found.rank.similarity >= self._core.settings.ranking.decide_at

    async def _first_that_passes(
        self, candidates: list[tuple[Found, Skill]], args: str | None, cases: Sequence[Case], tries: _Tries
    ) -> list[tuple[Found, Skill, TrialReport]]:
        """Returns the best candidate that passes, as a list of one or none; as many run at once as there are workers.

        Args:
            tries: receives those that were run and do not pass.
        """
        workers = self._core.settings.workers
        for start in range(0, len(candidates), workers):
            batch = candidates[start : start + workers]
            runs = (self._run(skill.result.text, skill.result.entry_point, args, cases) for _, skill in batch)
            for (found, skill), trial in zip(batch, await asyncio.gather(*runs), strict=True):
                attempt = first_forbidden(trial)
                if attempt:
                    await self._shelf.expel(found.row, attempt.reason, f"when used: {attempt.told}")
                    tries.named.append(f"{found.row.id[:12]} {attempt.reason.text} ({attempt.told})")
                if _passes(trial, cases):
                    return [(found, skill, trial)]
                tries.failed.append(found.row.id)
        return []

    async def _solve(
        self, intent: str, args: str | None, cases: Sequence[Case], tries: _Tries, started: int
    ) -> Execution:
        def unsolved(why: str) -> Execution:
            if tries.unfit:
                why = why.replace("no proved skill fits", tries.unfit)
            elapsed = self._core.clock.stopwatch_us() - started
            return Execution(
                How.UNSOLVED, None, intent, None, 0, tuple(tries.failed), elapsed, why, "; ".join(tries.named)
            )

        if self._solver is None:
            return unsolved(tries.unfit or "no proved skill fits, and no solver is configured")
        solution = await self._solver.solve(intent, cases)
        if solution is None:
            return unsolved("no proved skill fits, and the solver found nothing")
        if not cases:
            return unsolved("the solver's answer can't be verified: give at least one --case")
        trial = await self._run(solution.code, solution.entry_point, args, cases)
        if not _passes(trial, cases):
            return unsolved("the solver's answer fails a case")
        id_ = await self._keep(intent, solution, cases)
        if id_ is None:
            return unsolved("the solver's answer does not stand up to a full proof")
        value, error = _value(trial, len(cases)) if args is not None else (None, "")
        elapsed = self._core.clock.stopwatch_us() - started
        why = f"solved, verified on {len(cases)} cases and kept"
        failed = tuple(tries.failed)
        return Execution(How.SOLVED, id_, intent, value, len(cases), failed, elapsed, why, error, PYTHON)

    async def _keep(self, intent: str, solution: Solution, cases: Sequence[Case]) -> ContentId | None:
        """Records a solution as a skill of this node's own, proved like any other."""
        actions = solution.steps or (f"Solve it as `{solution.entry_point}` and hold it against the cases.",)
        skill = Skill(
            intent=intent,
            reasoning_path=tuple(Step(step=n, action=action) for n, action in enumerate(actions, 1)),
            result=Result(media_type=PYTHON, text=solution.code, entry_point=solution.entry_point),
            checks=(Cases(cases=tuple(cases)),),
            tags=("solved",),
        )
        try:
            id_, _ = await self._shelf.add(Draft(skill, Claim(), "execute"))
        except Refused:
            return None  # it breaks a bound of a skill: it may be used now, and is not kept
        row = self._core.store.skill(id_)
        if row is None:
            return None
        proof = await self._prover.prove(row)
        return id_ if proof.finding.outcome is Outcome.PASS else None

    async def _run(self, code: str, entry_point: str, args: str | None, cases: Sequence[Case]) -> TrialReport:
        calls = [case.args for case in cases] + ([args] if args is not None else [])
        job = SandboxJob(
            code=code, entry_point=entry_point or None, calls=tuple(calls), limits=self._core.settings.sandbox
        )
        report = await self._prover.sandbox().run(job)
        return report.trials[0] if report.trials else TrialReport(TrialEnd.EXITED, ())


def _passes(trial: TrialReport, cases: Sequence[Case]) -> bool:
    """Says whether code loads, tries nothing forbidden, and answers each acceptance case as expected."""
    if first_forbidden(trial):
        return False
    values = {step.index: step.value for step in trial.steps if step.kind == "call" and step.status is StepStatus.OK}
    loaded = any(step.kind == "load" and step.status is StepStatus.OK for step in trial.steps)
    return loaded and all(accepts(case, values.get(number)) for number, case in enumerate(cases))


def _value(trial: TrialReport, index: int) -> tuple[str | None, str]:
    """Returns the value of the call at `index`, or its error."""
    for step in trial.steps:
        if step.kind == "call" and step.index == index:
            return step.value, step.error or ("" if step.status is StepStatus.OK else str(step.status))
    return None, f"the call did not come to an end: {trial.end}"
