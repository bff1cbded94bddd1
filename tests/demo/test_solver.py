"""The offline solver: what it finds holds, what it can't find it admits, and it starts from the request alone."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hansa.demo import solver, solver_dsl
from hansa.demo.solver import BadRequest, Problem, Solution, Unsolved, constants, information, read_problem, solve
from tests.growth import growth


def ticking(step: float = 0.000_01) -> Callable[[], float]:
    """Returns a clock that moves on by `step` seconds each time it is read."""
    ticks = count()
    return lambda: next(ticks) * step


def counted() -> Callable[[], float]:
    """Returns a clock on which a millisecond is one candidate, for it is read once in 64, however busy the machine."""
    return ticking(0.064)


def problem(intent: str, *cases: tuple[tuple[Any, ...], Any], budget_ms: int = 500) -> Problem:
    return Problem(intent, tuple(given for given, _ in cases), tuple(wanted for _, wanted in cases), budget_ms)


def run_code(solution: Solution, *arguments: Any) -> Any:
    namespace: dict[str, Any] = {}
    exec(solution.code, namespace)
    return namespace["solve"](*arguments)


def ask(text: str | bytes) -> subprocess.CompletedProcess[bytes]:
    data = text.encode() if isinstance(text, str) else text
    return subprocess.run([sys.executable, "-m", "hansa.demo.solver"], input=data, capture_output=True, timeout=60)


def request(**changes: Any) -> str:
    whole = {"intent": "shout", "cases": [{"args": "('hey',)", "expect": "'HEY'"}], "budget_ms": 500}
    return json.dumps(whole | changes)


SIMPLE = {
    "shout": [(("hey",), "HEY"), (("you there",), "YOU THERE")],
    "sum of a list": [(([1, 2, 3],), 6), (([10, 20],), 30), (([400],), 400)],
    "largest": [(([31, 99, 20],), 99), (([1204, 17],), 1204)],
    "words in alphabetical order": [(("pear fig apple",), ["apple", "fig", "pear"]), (("b a",), ["a", "b"])],
    "join with a dash": [((["a", "b", "c"],), "a-b-c"), ((["x", "yz"],), "x-yz")],
    "lengths of words": [((["one", "three"],), [3, 5]), ((["", "ab", "c"],), [0, 2, 1])],
    "rows to columns": [(([[1, 2], [3, 4]],), [[1, 3], [2, 4]]), (([[5], [6]],), [[5, 6]])],
    "pick a field of each record": [(([{"n": "Ann"}, {"n": "Bob"}], "n"), ["Ann", "Bob"])],
    "default of a missing argument": [(("a", "b"), "ab"), (("c",), "c "), (("dd", "-"), "dd-")],
    "split at commas": [(("a,b,c",), ["a", "b", "c"]), (("x",), ["x"])],
}


@pytest.mark.parametrize("intent", SIMPLE)
def test_simple_tasks_are_solved(intent: str) -> None:
    answer = solve(problem(intent, *SIMPLE[intent], budget_ms=20_000), counted())
    assert isinstance(answer, Solution), answer
    assert answer.steps
    for arguments, wanted in SIMPLE[intent]:
        assert repr(run_code(answer, *arguments)) == repr(wanted)


def test_the_smallest_expression_wins() -> None:
    answer = solve(problem("same", (("abc",), "abc"), (("xyz",), "xyz")), ticking())
    assert isinstance(answer, Solution)
    assert answer.code == "def solve(x0):\n    return x0\n"


def test_an_impossible_task_is_refused_when_the_budget_is_spent() -> None:
    noise = problem("nothing", (("a",), "q7Zk-w0Lx"), (("b",), "mm2!Tr5yP"), (("c",), "0vN~e8uGh"), budget_ms=300)
    ticks = count()
    assert solve(noise, lambda: next(ticks) / 1_000) is Unsolved.BUDGET
    assert next(ticks) == 301  # 0 to 300: it has stopped at the first look at which the time was up


def test_a_lucky_guess_is_not_sold_as_an_answer() -> None:
    coins = [(("heads 4",), True), (("tails 9",), False), (("heads 1",), True), (("edge 33",), False)]
    assert solve(problem("call it", *coins, budget_ms=600_000), counted()) is Unsolved.GUESS


def test_a_constant_is_no_answer() -> None:
    answer = solve(problem("?", (("a",), "same thing"), (("b",), "same thing"), budget_ms=50), ticking())
    assert isinstance(answer, Unsolved)


def test_what_is_there_before_anything_is_kept_is_judged_too() -> None:
    """No row of values of mixed kinds is kept, so this one is met as the first of none."""
    mixed = problem("the same", (([],), []), ((False,), False))
    assert solve(mixed, ticking()) == Solution("def solve(x0):\n    return x0\n", ("Return x0 as it is",))


def test_cases_that_contradict_each_other_are_refused_at_once() -> None:
    assert solve(problem("which?", (("a",), 1), (("a",), 2)), ticking()) is Unsolved.CONTRADICTION


def test_the_same_request_gets_the_same_answer() -> None:
    asked = problem("sorted, joined", ((["b", "a"],), "a, b"), ((["z", "x", "y"],), "x, y, z"), budget_ms=1_000)
    first, second = (solve(asked, ticking()) for _ in range(2))
    assert isinstance(first, Solution) and first == second


def test_a_truth_value_is_not_a_number() -> None:
    answer = solve(problem("?", ((1,), True), ((0,), False), budget_ms=50), ticking())
    assert not isinstance(answer, Solution) or run_code(answer, 1) is True


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-50, 50) | st.text("aB 1,-", max_size=6) | st.floats(-9, 9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=2), inner, max_size=2),
    max_leaves=5,
)


@settings(max_examples=40, deadline=None)
@example([(([],), []), ((False,), False)])
@given(st.lists(st.tuples(st.lists(VALUES, min_size=1, max_size=2).map(tuple), VALUES), min_size=1, max_size=3))
def test_whatever_is_asked_an_answer_satisfies_every_case(cases: list[tuple[tuple[Any, ...], Any]]) -> None:
    before = repr(cases)
    answer = solve(problem("anything", *cases, budget_ms=10_000), counted())
    assert repr(cases) == before, "the arguments were changed"
    if isinstance(answer, Solution):
        for arguments, wanted in cases:
            assert repr(run_code(answer, *arguments)) == repr(wanted)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(st.text("abcdef", min_size=3, max_size=6), min_size=2, max_size=4), min_size=2, max_size=3))
def test_a_known_rule_is_found_again(lists: list[list[str]]) -> None:
    cases = [((words,), "+".join(word.upper() for word in words)) for words in lists]
    answer = solve(problem("join", *cases, budget_ms=20_000), counted())
    assert isinstance(answer, Solution)
    assert [run_code(answer, *arguments) for arguments, _ in cases] == [wanted for _, wanted in cases]


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(solver_dsl.OPS), st.lists(VALUES, min_size=3, max_size=3))
def test_every_operator_prints_what_it_does(op: solver_dsl.Op, values: list[Any]) -> None:
    operands = values[: len(op.holes)]
    if any(solver_dsl.kind_of(v) not in hole for v, hole in zip(operands, op.holes, strict=True)):
        return
    try:
        wanted = op.apply(*operands)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        return
    leaves = tuple(solver.Entry((v,), leaf=f"x{place}") for place, v in enumerate(operands))
    written = solver.write(Problem("", (tuple(operands),), (wanted,), 1), solver.Entry((wanted,), op, leaves))
    assert written is not None


def test_values_beyond_the_bounds_are_never_operands() -> None:
    for value in ("x" * 1_001, [0] * 201, 10**13, -(10**13), float("inf"), float("nan"), dict.fromkeys(range(201))):
        assert solver_dsl.kind_of(value) == solver_dsl.TOO_LARGE
    sized = ["({0} * {1})", "{0}.zfill({1})", "{0}.rjust({1})", "{0}.ljust({1})", "({0} ** {1})", "list(range({0}))"]
    for op in solver_dsl.OPS:
        if op.template in sized and op.holes != (solver_dsl.NUMBER, solver_dsl.NUMBER):
            assert op.holes[-1] == solver_dsl.NAT


def test_constants_come_from_the_cases_and_the_intent() -> None:
    found = [
        value for _, value in constants(problem("split at 42 commas", (("a#b",), {"k": "x"}), (("c",), {"k": "y"})))
    ]
    assert {42, ",", "#", "k"} <= set(found)


def test_the_time_to_read_constants_grows_with_them_and_no_faster() -> None:
    def read(crowd: str) -> None:
        values = list(range(40 * len(crowd))) + [f"{n}!?" for n in range(10 * len(crowd))]
        assert constants(problem("?", *[(("x",), values) for _ in range(20)]))

    assert growth(read, "x", 15) < 8


def test_more_to_say_holds_more_information() -> None:
    assert information(True) < information("ab") < information(["ab", "ab"]) < information({"ab": ["ab", "ab"]})
    assert information(3) < information(3_000_000) and information(float("nan")) == 1.0


def test_the_command_answers_in_json() -> None:
    done = ask(request())
    reply = json.loads(done.stdout)
    assert (done.returncode, done.stderr, reply["solved"], reply["entry_point"]) == (0, b"", True, "solve")
    assert reply["steps"] and run_code(Solution(reply["code"], ()), "hey") == "HEY"
    done = ask(request(cases=[{"args": "(1,)", "expect": "'?#!$%^&*'"}], budget_ms=50))
    assert done.returncode == 0
    assert json.loads(done.stdout) == {"solved": False, "reason": str(Unsolved.BUDGET)}


BAD = {
    "empty": "",
    "not json": "{",
    "not utf-8": b"\xff\xfe\x00",
    "not an object": "[]",
    "too deep": "[" * 100_000,
    "no intent": request(intent=None),
    "no cases": request(cases=[]),
    "too many cases": request(cases=[{"args": "(1,)", "expect": "1"}] * 65),
    "case without args": request(cases=[{"expect": "1"}]),
    "case that is no object": request(cases=[7]),
    "args that call": request(cases=[{"args": "(print(1),)", "expect": "1"}]),
    "args that are no tuple": request(cases=[{"args": "1", "expect": "1"}]),
    "args that are empty": request(cases=[{"args": "()", "expect": "1"}]),
    "expect unbalanced": request(cases=[{"args": "(1,)", "expect": "(" * 9_000}]),
    "expect unhashable": request(cases=[{"args": "(1,)", "expect": "{[]: 1}"}]),
    "budget of zero": request(budget_ms=0),
    "budget of true": request(budget_ms=True),
    "budget as text": request(budget_ms="500"),
    "budget beyond the bound": request(budget_ms=10**9),
    "too large": request(intent="x" * 2_000_000),
}


@pytest.mark.parametrize("flaw", BAD)
def test_a_bad_request_is_named(flaw: str) -> None:
    text = BAD[flaw]
    with pytest.raises(BadRequest) as caught:
        read_problem(text.encode() if isinstance(text, str) else text)
    assert str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("flaw", ["not json", "args that call", "too large"])
def test_a_bad_request_ends_with_status_two_and_one_line(flaw: str) -> None:
    done = ask(BAD[flaw])
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(b"hansa.demo.solver: ") and done.stderr.count(b"\n") == 1


def test_the_solver_sees_neither_the_starter_pack_nor_the_tasks() -> None:
    for module in (solver, solver_dsl):
        tree = ast.parse(Path(module.__file__ or "").read_text(encoding="utf-8"))
        names = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        names |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        assert {name for name in names if name.startswith("hansa")} <= {"hansa.demo.solver_dsl"}
    probe = (
        "import sys, hansa.demo.solver; print([m for m in sys.modules if m.startswith(('hansa.st', 'hansa.demo.t'))])"
    )
    assert subprocess.run([sys.executable, "-c", probe], capture_output=True, timeout=60).stdout.strip() == b"[]"
