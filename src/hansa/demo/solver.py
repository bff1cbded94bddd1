"""An offline solver: finds a Python expression that satisfies given cases, or says that it found none.

It enumerates the expressions of `solver_dsl` from small to large. Each is evaluated on the arguments of all cases at
once; of all expressions that give the same row of values only the first, which is the smallest, is kept
(observational equivalence: Albarghouthi, Gulwani, Kincaid, "Recursive Program Synthesis", CAV 2013; Udupa et al.,
"TRANSIT", PLDI 2013). The search ends when a row equals the expected one, the budget is spent, or the memory bound is
reached. It uses no model and no network, and it knows of no task or skill: arguments, constants seen in the cases and
words of the intent are all it starts from.

What it returns holds on all cases given. Few cases leave room for lucky guesses, so a find is only believed if it came
early: after n different rows, an expected row that holds less than log2(n) bits would have turned up by chance. Even
so, whether an answer says what was *meant* is for others to check.

As a command it reads one JSON object from standard input and writes one to standard output:

    {"intent": "shout it", "cases": [{"args": "('hey',)", "expect": "'HEY'"}], "budget_ms": 500}
    {"solved": true, "code": "def solve(x0): ...", "entry_point": "solve", "steps": ["Compute x0.upper()"]}
    {"solved": false, "reason": "no expression satisfies all cases within the budget"}

Exit status: 0 solved or not, 2 if the request can't be read.
"""

from __future__ import annotations

import ast
import gc
import json
import re
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import product
from math import inf, log2
from typing import Any

from hansa.demo.solver_dsl import NO_KIND, OPS, TOO_LARGE, Kind, Op, joint_kind

MAX_REQUEST = 1024 * 1024  # bytes read from standard input
MAX_CASES = 64
MAX_LITERAL = 16 * 1024  # characters of one args or expect text
MAX_BUDGET_MS = 600_000
MAX_ENTRIES = 250_000  # distinct rows kept, about 1 kB each
MAX_ROW = 4_000  # characters of a row's repr
MAX_SIZE = 24  # of an expression
MAX_CONSTANTS = 16

_HARMLESS = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


class BadRequest(Exception):
    """The request can't be read. The message is one line for the person who sent it."""


class Unsolved(StrEnum):
    """Why there is no answer."""

    BUDGET = "no expression satisfies all cases within the budget"
    SPACE = "no expression satisfies all cases within the bounds on memory and size"
    GUESS = "the cases are too few to tell an answer from a lucky guess"
    CONTRADICTION = "the cases contradict each other: the same arguments with two results"


@dataclass(frozen=True, slots=True)
class Problem:
    """What is asked: `arguments[i]` must give `expected[i]`, found within `budget_ms` milliseconds."""

    intent: str
    arguments: tuple[tuple[Any, ...], ...]
    expected: tuple[Any, ...]
    budget_ms: int


@dataclass(frozen=True, slots=True)
class Solution:
    """Code whose `solve` satisfies every case, and how it gets there step by step."""

    code: str
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """An expression with its row of values, one per case. A leaf has no operator and brings its source."""

    row: tuple[Any, ...]
    op: Op | None = None
    operands: tuple[Entry, ...] = ()
    leaf: str = ""
    varies: bool = True

    def source(self) -> str:
        """Returns the expression as Python."""
        return self.op.template.format(*(entry.source() for entry in self.operands)) if self.op else self.leaf

    def steps(self) -> Iterator[str]:
        """Yields the source of every inner node, innermost first."""
        for entry in self.operands:
            yield from entry.steps()
        if self.op:
            yield self.source()


def _leaves(problem: Problem) -> Iterator[tuple[int, Entry]]:
    """Yields the starting points with their sizes: arguments, then constants."""
    count = len(problem.arguments)
    for place in range(max(map(len, problem.arguments))):
        row = tuple(given[place] if place < len(given) else None for given in problem.arguments)
        yield 1, Entry(row, leaf=f"x{place}")
    for size, value in constants(problem):
        negative = isinstance(value, int | float) and value < 0  # -1 ** 2 is not what was meant
        yield size, Entry((value,) * count, leaf=f"({value!r})" if negative else repr(value), varies=False)


_NAMED: dict[str, Any] = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "ten": 10, "hundred": 100, "thousand": 1000,
    "space": " ", "spaces": " ", "comma": ",", "commas": ",", "colon": ":", "semicolon": ";", "semicolons": ";",
    "dash": "-", "dashes": "-", "hyphen": "-", "underscore": "_", "dot": ".", "slash": "/", "pipe": "|", "equals": "=",
    "newline": "\n", "lines": "\n", "tab": "\t", "tabs": "\t", "quotes": '"',
}  # fmt: skip


def _atoms(value: Any) -> Iterator[Any]:
    """Yields the scalars inside `value`, keys included."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from _atoms(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _atoms(inner)
    elif isinstance(value, str | int | float):
        yield value


def constants(problem: Problem) -> list[tuple[int, Any]]:
    """Returns constants worth trying, each with the size it counts for, the likeliest first.

    In this order: numbers and names of characters in the intent; scalars that lie inside every expected value (never
    an expected value itself, which would be to memorise the answer); runs of punctuation in the expected values, then
    in the arguments; a handful that are always useful.
    """
    words = re.findall(r"[a-z]+|[0-9]+", problem.intent.lower())
    found: list[Any] = [
        int(w) if w.isdigit() else _NAMED[w] for w in words if w in _NAMED or (w.isdigit() and len(w) < 7)
    ]
    atoms = [[] if isinstance(value, str | int | float) else list(_atoms(value)) for value in problem.expected]
    shared = set.intersection(*({repr(atom) for atom in held} for held in atoms))
    found += [atom for atom in atoms[0] if repr(atom) in shared]
    for values in (problem.expected, problem.arguments):
        texts = [atom for value in values for atom in _atoms(value) if isinstance(atom, str)]
        runs = Counter(run for text in texts for run in re.findall(r"[^\w\s]{1,3}|_|\s", text))
        found += sorted(runs, key=lambda run: (-runs[run], run))[:4]
    likely = {repr(value): (1, value) for value in found[:MAX_CONSTANTS]}
    usual = {repr(value): (1, value) for value in (0, 1, " ")} | {repr(v): (2, v) for v in ("", -1, 2)}
    return list({**usual, **likely}.values())


def information(value: Any) -> float:
    """Returns roughly how many bits it takes to hit `value` by chance.

    One for a truth value or None, log2(2 + |n|) for a number, five per character of a text and one per container,
    plus what is inside.
    """
    if value is None or isinstance(value, bool):
        return 1.0
    if isinstance(value, int | float):
        return log2(2 + abs(value)) if abs(value) < inf else 1.0
    if isinstance(value, str | bytes):
        return 1.0 + 5 * len(value)
    if isinstance(value, dict):
        return 1.0 + sum(information(key) + information(inner) for key, inner in value.items())
    return 1.0 + sum(map(information, value)) if isinstance(value, list | tuple | set) else 1.0


class OutOfTime(Exception):
    """The deadline passed."""


@dataclass(slots=True)
class Search:
    """One bottom-up search. `find` may be called once.

    Attributes:
        problem: what is asked.
        now: the clock, in seconds.
        deadline: when to stop, on that clock.
        bank: the entries kept so far, by size and kind.
        seen: the `repr` of every row kept.
        tried: how many expressions were evaluated.
    """

    problem: Problem
    now: Callable[[], float]
    deadline: float
    bank: defaultdict[tuple[int, Kind], list[Entry]] = field(default_factory=lambda: defaultdict(list))
    seen: set[str] = field(default_factory=set)
    tried: int = 0

    def find(self) -> Solution | Unsolved:
        """Returns the smallest solution, or why there is none; a constant, which ignores its arguments, is none."""
        goal = repr(self.problem.expected)
        try:
            for size in range(1, MAX_SIZE + 1):
                for entry in self._of_size(size):
                    key = self._admit(size, entry)
                    if key == goal and entry.varies and (solution := write(self.problem, entry)) is not None:
                        lucky = log2(max(1, len(self.seen))) > sum(map(information, self.problem.expected))
                        return Unsolved.GUESS if lucky else solution
                    if len(self.seen) >= MAX_ENTRIES:
                        return Unsolved.SPACE
        except OutOfTime:
            return Unsolved.BUDGET
        return Unsolved.SPACE

    def _of_size(self, size: int) -> Iterator[Entry]:
        """Yields every expression of exactly `size`, built from what is in the bank."""
        yield from (entry for leaf_size, entry in _leaves(self.problem) if leaf_size == size)
        for op in OPS:
            for sizes in _splits(size - op.cost, len(op.holes)):
                for kinds in product(*op.holes):
                    pools = [self.bank.get(place) for place in zip(sizes, kinds, strict=True)]
                    if all(pools):
                        yield from self._combine(op, [pool for pool in pools if pool])

    def _combine(self, op: Op, pools: list[list[Entry]]) -> Iterator[Entry]:
        for operands in product(*pools):
            self.tried += 1
            if self.tried % 64 == 0 and self.now() >= self.deadline:
                raise OutOfTime
            if not any(entry.varies for entry in operands):
                continue  # an expression of constants alone
            try:
                row = tuple(map(op.apply, *[entry.row for entry in operands]))
            except _HARMLESS:
                continue
            yield Entry(row, op, operands)

    def _admit(self, size: int, entry: Entry) -> str:
        """Keeps `entry` if its row is new and within bounds, and returns the row's key."""
        kind = joint_kind(entry.row)
        if kind == TOO_LARGE:
            return ""
        key = repr(entry.row)
        if key not in self.seen and len(key) <= MAX_ROW and kind != NO_KIND:
            self.seen.add(key)
            self.bank[size, kind].append(entry)
        return key


def _splits(total: int, parts: int) -> Iterator[tuple[int, ...]]:
    """Yields the ways to write `total` as a sum of `parts` positive numbers, order included."""
    if parts == 1:
        if total >= 1:
            yield (total,)
        return
    for first in range(1, total - parts + 2):
        for rest in _splits(total - first, parts - 1):
            yield first, *rest


def write(problem: Problem, entry: Entry) -> Solution | None:
    """Returns `entry` as a function, or None if that function, run afresh, fails a case."""
    least, most = min(map(len, problem.arguments)), max(map(len, problem.arguments))
    parameters = [f"x{place}" + ("" if place < least else "=None") for place in range(most)]
    body = entry.source()
    code = f"def solve({', '.join(parameters)}):\n    return {body}\n"
    if "re.findall(" in body:
        code = "import re\n\n\n" + code
    namespace: dict[str, Any] = {}
    exec(compile(code, "<solution>", "exec"), namespace)  # noqa: S102  built from templates and literals only
    try:
        results = tuple(namespace["solve"](*given) for given in problem.arguments)
    except _HARMLESS:
        return None
    if repr(results) != repr(problem.expected):
        return None
    steps = tuple(f"Compute {step}" for step in dict.fromkeys(entry.steps()))
    return Solution(code, steps or (f"Return {body} as it is",))


def solve(problem: Problem, now: Callable[[], float]) -> Solution | Unsolved:
    """Returns code for `problem`, or why there is none, when its budget on the clock `now` is spent at the latest."""
    deadline = now() + problem.budget_ms / 1000
    results: dict[str, str] = {}
    for given, wanted in zip(problem.arguments, problem.expected, strict=True):
        if results.setdefault(repr(given), repr(wanted)) != repr(wanted):
            return Unsolved.CONTRADICTION
    return Search(problem, now, deadline).find()


def _literal(case: Any, name: str, number: int) -> Any:
    text = case.get(name) if isinstance(case, dict) else None
    if not isinstance(text, str) or len(text) > MAX_LITERAL:
        raise BadRequest(f"cases[{number}].{name} must be a text of at most {MAX_LITERAL} characters")
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        raise BadRequest(f"cases[{number}].{name} is not a Python literal") from None


def read_problem(data: bytes) -> Problem:
    """Returns the problem that a request states.

    Raises:
        BadRequest: the request is too large, not JSON, or lacks a part.
    """
    if len(data) > MAX_REQUEST:
        raise BadRequest(f"the request is larger than {MAX_REQUEST} bytes")
    try:
        request = json.loads(data)
    except (ValueError, RecursionError):
        raise BadRequest("the request is not JSON") from None
    if not isinstance(request, dict):
        raise BadRequest("the request is not a JSON object")
    intent, cases, budget = (request.get(name) for name in ("intent", "cases", "budget_ms"))
    if not isinstance(intent, str) or len(intent) > MAX_LITERAL:
        raise BadRequest(f"intent must be a text of at most {MAX_LITERAL} characters")
    if type(budget) is not int or not 1 <= budget <= MAX_BUDGET_MS:
        raise BadRequest(f"budget_ms must be a whole number from 1 to {MAX_BUDGET_MS}")
    if not isinstance(cases, list) or not 1 <= len(cases) <= MAX_CASES:
        raise BadRequest(f"cases must be a list of 1 to {MAX_CASES} cases")
    arguments = tuple(_literal(case, "args", number) for number, case in enumerate(cases))
    for number, given in enumerate(arguments):
        if not isinstance(given, tuple) or not given:
            raise BadRequest(f"cases[{number}].args must be a tuple of at least one argument")
    expected = tuple(_literal(case, "expect", number) for number, case in enumerate(cases))
    return Problem(intent, arguments, expected, budget)


def main() -> int:
    """Answers the request on standard input; returns the exit status."""
    try:
        problem = read_problem(sys.stdin.buffer.read(MAX_REQUEST + 1))
    except BadRequest as error:
        print(f"hansa.demo.solver: {error}", file=sys.stderr)
        return 2
    gc.disable()  # entries form no cycles, and a collection would look at all of them again and again
    answer = solve(problem, time.monotonic)
    if isinstance(answer, Solution):
        reply: dict[str, Any] = {"solved": True, "code": answer.code, "entry_point": "solve", "steps": answer.steps}
    else:
        reply = {"solved": False, "reason": str(answer)}
    print(json.dumps(reply))
    return 0


if __name__ == "__main__":
    sys.exit(main())
