"""A model's answer becomes code only when it is Python with a function; that is run and proved like anything."""

from __future__ import annotations

import contextlib
from pathlib import Path

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansa.adapters.clock import ManualClock
from hansa.adapters.llm.budget import Budget
from hansa.adapters.llm.chain import Chain
from hansa.adapters.llm.endpoint import Endpoint
from hansa.adapters.llm.route import Route
from hansa.adapters.llm.solver import LlmSolver, question, read_function
from hansa.adapters.sandbox.process import ProcessSandbox
from hansa.adapters.solver import CallableSolver, FirstOf
from hansa.kernel.errors import Unavailable
from hansa.node.ports import Solution
from hansa.node.vault import open_skill
from hansa.skills.model import Case
from tests.llm.fake import Fake, http, pieces, serving, whole
from tests.node.world import World

CODE = "def solve(text):\n    return len(text)\n"
CASES = (Case(args="('abc',)", expect="3"), Case(args="('',)", expect="0"))

ANSWERS = {
    "a block": (f"Here:\n```python\n{CODE}```\nDone.", CODE, "solve"),
    "a block without a word": (f"```\n{CODE}```", CODE, "solve"),
    "tildes": (f"~~~py\n{CODE}~~~", CODE, "solve"),
    "bare code": (CODE, CODE, "solve"),
    "thinking first": (f"```python\ndef solve(x):\n    pass\n```\nNo, better:\n```python\n{CODE}```", CODE, "solve"),
    "another language first": (f"```sh\nls\n```\n```python\n{CODE}```", CODE, "solve"),
    "another name": ("```python\ndef a(): pass\ndef b(): pass\n```", "def a(): pass\ndef b(): pass\n", "b"),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_code_is_found_in_an_answer(name: str) -> None:
    text, code, entry_point = ANSWERS[name]
    assert read_function(text) == (code, entry_point)


NO_CODE = {
    "nothing": "",
    "a refusal": "I can't.",
    "no function": "```python\nx = 1\n```",
    "broken code": "```python\ndef broken(:\n```",
    "open brackets": "def f(" * 9_000,
    "nested too deeply": "def solve(x):\n    return " + "-" * 200 + "x",
    "too long": CODE + "#" * 200_000,
}


@pytest.mark.parametrize("name", NO_CODE)
def test_what_is_no_function_is_none(name: str) -> None:
    assert read_function(NO_CODE[name]) is None


@given(st.text(alphabet="`~\n pydef():x ", max_size=200))
def test_any_text_is_read_without_an_error(text: str) -> None:
    found = read_function(text)
    assert found is None or found[0]


def test_a_question_holds_the_intent_and_at_most_twenty_cases() -> None:
    system, user = question("count letters", CASES * 15)
    assert (system["role"], user["role"]) == ("system", "user")
    assert user["content"].startswith('{"intent":"count letters","cases":[{"args":"(\'abc\',)","expect":"3"}')
    assert user["content"].count('"args"') == 20


@contextlib.asynccontextmanager
async def solver_at(*fakes: Fake):
    clock = ManualClock(20_000 * 86_400_000)
    async with httpx2.AsyncClient(trust_env=False) as client:
        routes = [Route(f"r{number}", fake.url, "m", seconds=5.0) for number, fake in enumerate(fakes, 1)]
        endpoints = [Endpoint(route, "", client) for route in routes]
        yield LlmSolver(Chain(endpoints, Budget(None, clock), clock))


async def test_a_route_without_code_is_passed_over_for_one_with(world: World, sandbox: ProcessSandbox) -> None:
    able = pieces("```python\n", CODE, "```")
    async with serving(whole("I'd rather not.")) as one, serving(able) as two, solver_at(one, two) as solver:
        node = world.settle("a", sandbox=sandbox, solver=solver)
        done = await node.node.execute("count the letters of a text", "('four',)", CASES)
    assert (done.how, done.value) == ("solved", "4")
    assert [step.action for step in open_skill(node.row(done.skill)).reasoning_path] == [
        "Asked the model behind r2 for a function."
    ]


async def test_a_model_that_lies_is_not_believed(world: World, sandbox: ProcessSandbox) -> None:
    lie = "```python\ndef solve(text):\n    return 3 if text == 'abc' else 1\n```"
    async with serving(whole(lie)) as fake, solver_at(fake) as solver:
        node = world.settle("a", sandbox=sandbox, solver=solver)
        done = await node.node.execute("count the letters of a text", "('four',)", CASES)
    assert (done.how, done.why) == ("unsolved", "the solver's answer fails a case")


async def test_code_of_a_model_that_reaches_out_is_not_used(world: World, sandbox: ProcessSandbox) -> None:
    spy = "```python\ndef solve(text):\n    open('/etc/passwd').read()\n    return len(text)\n```"
    async with serving(whole(spy)) as fake, solver_at(fake) as solver:
        node = world.settle("a", sandbox=sandbox, solver=solver)
        done = await node.node.execute("count the letters of a text", "('four',)", CASES)
    assert done.how == "unsolved"


async def test_solvers_are_asked_in_turn() -> None:
    found = Solution(CODE, "solve")

    def gone(intent: str, cases: object) -> Solution:
        raise Unavailable("not there")

    nothing, something = CallableSolver(lambda intent, cases: None), CallableSolver(lambda intent, cases: found)
    assert await FirstOf([CallableSolver(gone), nothing, something]).solve("x", ()) == found
    assert await FirstOf([CallableSolver(gone), nothing]).solve("x", ()) is None
    with pytest.raises(Unavailable, match="not there; not there"):
        await FirstOf([CallableSolver(gone), CallableSolver(gone)]).solve("x", ())


async def test_when_no_model_answers_the_command_says_why_of_each() -> None:
    async with serving(http(500, b"oops")) as fake, solver_at(fake) as solver:
        with pytest.raises(Unavailable, match=r"no model answers: r1 fails \(500\) oops"):
            await solver.solve("x", CASES)


def test_a_route_is_checked_when_settings_are_read(tmp_path: Path) -> None:
    from hansa.entrypoints.config import load
    from hansa.kernel.errors import UsageError

    good = '[[llm]]\nname = "local"\nurl = "http://127.0.0.1:1/v1"\nmodel = "m"\n'
    for text, told in [
        (good + 'key_env = "K"\n', None),
        (good + good, "two routes are called local"),
        (good + 'modle = "m"\n', "llm.modle: there is no such setting"),
        (good.replace("http://127.0.0.1:1/v1", "ftp://x"), "llm.local: url must be like"),
        (good.replace("127.0.0.1:1", "models.example") + 'key_env = "K"\n', "must be https where a key is sent"),
        (good.replace('"m"', '""'), "llm.local: model must not be empty"),
        (good + "seconds = 0.0\n", "seconds and idle_seconds must be above 0"),
        (good + "max_tokens = 0\n", "max_tokens must be between"),
        (good + "tokens_per_day = -1\n", "tokens_per_day must not be negative"),
        (good + "micros_per_day = 5\n", "needs the prices"),
    ]:
        (tmp_path / "config.toml").write_text(text)
        if told is None:
            assert load(tmp_path).llm[0].name == "local"
            continue
        with pytest.raises(UsageError, match=told):
            load(tmp_path)
