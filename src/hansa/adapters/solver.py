"""Solvers: whatever the operator names to solve what no skill is known for. Their answers are checked like anybody's.

A command gets one JSON object on its standard input and writes one on its standard output:

    {"intent": "…", "cases": [{"args": "('a',)", "expect": "'b'"}], "budget_ms": 30000}
    {"solved": true, "code": "def solve(text): …", "entry_point": "solve", "steps": ["…"]}
    {"solved": false, "reason": "…"}
"""

from __future__ import annotations

import asyncio
import inspect
import shlex
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from hansa.kernel.errors import Unavailable, UsageError
from hansa.node.ports import Solution, Solver
from hansa.skills.model import Case

MAX_ANSWER = 1024 * 1024
_GRACE_SECONDS = 2.0


class _Answer(msgspec.Struct):
    solved: bool
    code: str = ""
    entry_point: str = ""
    steps: tuple[str, ...] = ()
    reason: str = ""


class CommandSolver:
    """A command that solves; started anew for each intent, ended when its time is up."""

    def __init__(self, command: str, seconds: float) -> None:
        """Keeps the command.

        Raises:
            UsageError: the command is empty or not well quoted.
        """
        try:
            self._words = shlex.split(command)
        except ValueError as error:
            raise UsageError(f"setting solver: {error}") from None
        if not self._words:
            raise UsageError("setting solver: the command is empty")
        self._seconds = seconds

    async def solve(self, intent: str, cases: Sequence[Case]) -> Solution | None:
        """Returns the command's solution, or None when it has none."""
        question = {
            "intent": intent,
            "cases": [{"args": case.args, "expect": case.expect} for case in cases],
            "budget_ms": int(self._seconds * 1000),
        }
        answer = await self._ask(msgspec.json.encode(question))
        if not answer.solved or not answer.code or not answer.entry_point:
            return None
        return Solution(answer.code, answer.entry_point, answer.steps)

    async def _ask(self, question: bytes) -> _Answer:
        name = self._words[0]
        pipe = asyncio.subprocess.PIPE
        try:
            process = await asyncio.create_subprocess_exec(*self._words, stdin=pipe, stdout=pipe, limit=MAX_ANSWER)
        except (FileNotFoundError, PermissionError):
            raise Unavailable(f"the solver {name} can't be started: check the setting solver") from None
        try:
            out, _ = await asyncio.wait_for(process.communicate(question), self._seconds + _GRACE_SECONDS)
        except TimeoutError:
            raise Unavailable(f"the solver {name} took more than {self._seconds:g} s") from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode != 0:
            raise Unavailable(f"the solver {name} failed with exit code {process.returncode}")
        try:
            return msgspec.json.decode(out[:MAX_ANSWER], type=_Answer)
        except msgspec.DecodeError as error:
            raise Unavailable(f"the solver {name} answered with something else than its JSON: {error}") from None


class FirstOf:
    """Several solvers, asked in turn: the first solution is taken."""

    def __init__(self, solvers: Sequence[Solver]) -> None:
        """Keeps the solvers, in the order in which they are asked."""
        self._solvers = solvers

    async def solve(self, intent: str, cases: Sequence[Case]) -> Solution | None:
        """Returns the first solution; None when each that could be asked has none.

        Raises:
            Unavailable: none could be asked; says why of each.
        """
        broken: list[str] = []
        for solver in self._solvers:
            try:
                found = await solver.solve(intent, cases)
            except Unavailable as error:
                broken.append(str(error))
                continue
            if found is not None:
                return found
        if broken and len(broken) == len(self._solvers):
            raise Unavailable("; ".join(broken))
        return None


SolveFunction = Callable[[str, Sequence[Case]], "Solution | Awaitable[Solution | None] | None"]


class CallableSolver:
    """A Python function, or coroutine function, as solver."""

    def __init__(self, function: SolveFunction) -> None:
        """Keeps the function; it gets the intent and the cases."""
        self._function = function

    async def solve(self, intent: str, cases: Sequence[Case]) -> Solution | None:
        """Returns the function's solution."""
        found = self._function(intent, cases)
        return await found if inspect.isawaitable(found) else found
