from __future__ import annotations

import json
from typing import Any

import pytest

from hansa.skills.importing.draft import Draft, Rejected
from hansa.skills.importing.traces import read_traces
from hansa.skills.model import MILLION
from tests.skills.importing.playing import drafted, outcomes, outcomes_when_blank, rejected
from tests.skills.importing.shared_data import shared_data

PROMPT = '''\
from typing import List


def largest(numbers: List[int]) -> int:
    """ Return the largest of
    the numbers.
    >>> largest([1, 3])
    3

    Example 1:
        Input: [5]
    """
'''
CONTINUED: dict[str, Any] = {
    "task_id": "HumanEval/0",
    "prompt": PROMPT,
    "entry_point": "largest",
    "solution": "    return max(numbers)",
    "test": "META = {}\n\n\ndef check(candidate):\n    assert candidate([1, 3, 2]) == 3\n",
    "is_solved": True,
    "reflections": [],
}
WHOLE: dict[str, Any] = {
    "name": "mbpp_1_largest",
    "prompt": PROMPT,
    "entry_point": "largest",
    "solution": PROMPT + "    return max(numbers)",
    "test": "def check(candidate):\n    assert candidate([1, 3]) == 3\n\n"
    "def test_check():\n    check(largest)\n\ntest_check()\n",
    "is_solved": False,
    "reflections": ["I forgot\n the   empty list.", "x" * 5_000, " "],
}


def read(*rows: Any) -> list[Draft | Rejected]:
    return list(read_traces("t.jsonl", [row if isinstance(row, bytes) else json.dumps(row).encode() for row in rows]))


def one(row: Any) -> Draft:
    [outcome] = read(row)
    return drafted(outcome)


def problem(row: Any) -> str:
    [outcome] = read(row)
    return rejected(outcome)


def assert_checks_hold(draft: Draft) -> None:
    assert set(outcomes(draft.skill)) == {"ok"}
    assert "ok" not in outcomes_when_blank(draft.skill)


def test_a_body_continues_the_prompt_and_its_test_is_called() -> None:
    draft = one(CONTINUED)
    assert draft.skill.result.text == PROMPT + "    return max(numbers)\n"
    assert draft.skill.scripts[0].endswith("\n\n\ncheck(largest)\n")
    assert draft.skill.tags == ("python", "trace", "humaneval")
    assert_checks_hold(draft)


def test_a_whole_function_stands_alone_and_its_test_is_kept() -> None:
    draft = one(WHOLE)
    assert draft.skill.result.text == WHOLE["solution"] + "\n"
    assert draft.skill.scripts == (WHOLE["test"],)
    assert_checks_hold(draft)


def test_a_whole_function_gets_what_it_uses_of_the_prompt() -> None:
    prompt = "import math\nimport re\n\n\ndef twice(x):\n    return x * 2\n\n\ndef f(x):\n    '''Do it.'''\n"
    solution = "def f(x):\n    return math.floor(twice(x))\n"
    draft = one(CONTINUED | {"prompt": prompt, "solution": solution, "entry_point": "f", "test": "assert f(1.6) == 3"})
    assert draft.skill.result.text == f"import math\ndef twice(x):\n    return x * 2\n\n\n{solution}"
    assert_checks_hold(draft)


def test_the_intent_is_the_prose_of_the_task() -> None:
    assert one(CONTINUED).skill.intent == "Return the largest of the numbers."


def test_a_docstring_behind_an_import_is_found() -> None:
    prompt = 'def f(x):\n    import math\n    """\n    Round x up.\n    """\n'
    row = CONTINUED | {"prompt": prompt, "entry_point": "f", "solution": "    return math.ceil(x)"}
    assert one(row | {"test": "assert f(0.5) == 1"}).skill.intent == "Round x up."


def test_a_prompt_that_is_prose_is_the_intent() -> None:
    draft = one(WHOLE | {"prompt": " Find the\nlargest number. "})
    assert draft.skill.intent == "Find the largest number."


def test_the_path_holds_task_reflections_and_what_the_agent_said_of_the_end() -> None:
    path = [step.action for step in one(WHOLE).skill.reasoning_path]
    assert path[:2] == ["Task: Return the largest of the numbers.", "Reflection: I forgot the empty list."]
    assert path[2].startswith("Reflection: xxx") and path[2].endswith("…") and len(path[2]) == 4_000
    assert path[3] == "Last attempt as `largest`; the agent did not get it past the task's tests."
    assert len(path) == 4
    solved = one(CONTINUED).skill.reasoning_path[-1].action
    assert solved == "Solved as `largest`; checked by the task's tests."


def test_what_the_agent_says_is_a_claim() -> None:
    assert one(CONTINUED).claimed_pass is True
    assert one(CONTINUED).claim.verification_score == MILLION
    assert one(WHOLE).claimed_pass is False
    assert one(WHOLE).claim.verification_score == 0
    assert one({**CONTINUED, "is_solved": None}).claimed_pass is None


def test_a_claim_is_no_part_of_the_skill_s_id_but_the_path_is() -> None:
    other = {**CONTINUED, "task_id": "HumanEval/1", "canonical_solution": "x"}
    assert one(other).skill.id == one(CONTINUED).skill.id
    assert one({**CONTINUED, "reflections": ["Hm."]}).skill.id != one(CONTINUED).skill.id


def test_a_wrong_solution_is_taken_as_it_is() -> None:
    draft = one(CONTINUED | {"solution": "    return min(numbers)"})
    assert draft.claimed_pass is True
    assert outcomes(draft.skill) == ["AssertionError: "]


def test_a_solution_that_is_no_python_is_taken_with_a_note() -> None:
    draft = one(CONTINUED | {"solution": "    return max(numbers"})
    assert "not valid Python" in draft.notes[0]
    draft = one(WHOLE | {"solution": "def largest(numbers:\n  return 1"})
    assert "not valid Python" in draft.notes[0]


def test_test_functions_of_a_trace_are_called() -> None:
    draft = one(WHOLE | {"test": "def test_a():\n    assert largest([1]) == 1\n"})
    assert draft.skill.scripts[0].endswith("test_a()\n")
    assert_checks_hold(draft)


def test_the_licence_is_the_row_s_own_or_the_caller_s() -> None:
    lines = [json.dumps(row).encode() for row in (CONTINUED, CONTINUED | {"license": "Apache 2.0"})]
    assert [drafted(each).skill.license for each in read_traces("t", lines, "MIT")] == ["MIT", "Apache-2.0"]


def test_one_bad_line_stops_nothing_and_lines_keep_their_numbers() -> None:
    found = read(CONTINUED, b"", b"not json", b" \n", WHOLE)
    assert [each.source for each in found] == ["t.jsonl:1", "t.jsonl:3", "t.jsonl:5"]
    assert [type(each) for each in found] == [Draft, Rejected, Draft]


BAD_LINES = {
    "has 262145 bytes": b"[" * (256 * 1024 + 1),
    "not UTF-8": b'{"prompt": "\xff"}',
    "is not JSON": b"{",
    "is not JSON: put": b"{'a': 1}",
    "not a JSON object": b"[1]",
    "not a JSON object: put": b"1",
    "at most 32 levels": b'{"a":' * 40 + b"1" + b"}" * 40,
    "too large or too deep": b"[" * 100_000,
    "the field prompt twice": b'{"prompt": "a", "prompt": "b"}',
    "the field a twice": b'{"prompt": {"a": 1, "a": 2}}',
    "holds NaN": b'{"confidence": NaN}',
    "holds -Infinity": b'{"confidence": -Infinity}',
    "number that is too large": b'{"confidence": 1e999}',
    "number that is too large: write": b'{"trials": ' + b"9" * 5_000 + b"}",
    "NUL character in prompt": b'{"prompt": "a\\u0000"}',
    "surrogate pair, which UTF-8 can't write in prompt": b'{"prompt": "a\\ud800"}',
    "surrogate pair, which UTF-8 can't write in x": b'{"x": [{"\\udfff": 1}]}',
    "is no trace": b'{"a": 1}',
}


@pytest.mark.parametrize(("says", "line"), BAD_LINES.items())
def test_a_line_that_can_t_be_read_is_rejected_by_number(says: str, line: bytes) -> None:
    assert says in problem(line)
    assert problem(line).startswith("Line 1 ")


def test_keys_without_end_are_rejected() -> None:
    row = json.dumps({**CONTINUED, "x": dict.fromkeys(map(str, range(3_000)), 0)}).encode()
    assert "too large or too deep" in problem(row)


@pytest.mark.parametrize("field", ["prompt", "solution", "entry_point", "test"])
@pytest.mark.parametrize("value", [None, 1, ["x"], {"a": 1}, True])
def test_a_missing_or_mistyped_field_is_named(field: str, value: object) -> None:
    assert f"`{field}`" in problem(CONTINUED | {field: value})


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"reflections": "text"}, "`reflections`"),
        ({"reflections": [1]}, "`reflections`"),
        ({"is_solved": 1}, "`is_solved`"),
        ({"is_solved": "yes"}, "`is_solved`"),
        ({"solution": " \n"}, "empty solution"),
        ({"prompt": " \n"}, "empty prompt"),
        ({"entry_point": "a b"}, "entry_point 'a b'"),
        ({"entry_point": "class"}, "entry_point 'class'"),
        ({"entry_point": "x" * 129}, "entry_point"),
        ({"entry_point": "f()\x1b"}, "entry_point"),
        ({"test": "def check(:"}, "not Python"),
        ({"test": "x = 1"}, "checks nothing"),
        ({"test": ""}, "checks nothing"),
        ({"solution": "    return '" + "x" * 181_000 + "'"}, "at most 180000"),
        ({"test": "assert '" + "x" * 101_000 + "'"}, "at most 100000"),
        ({"license": 1}, "`license`"),
    ],
)
def test_a_row_that_can_t_be_taken_says_what_to_do(change: dict[str, object], says: str) -> None:
    assert says in problem(CONTINUED | change)


def test_too_many_reflections_are_cut_with_a_note() -> None:
    draft = one(CONTINUED | {"reflections": ["again"] * 300})
    assert len(draft.skill.reasoning_path) == 200
    assert draft.notes[0].startswith("102 reflections were left out")


# 14 rows of agent A's first file have an empty solution: there is nothing to take.
@pytest.mark.parametrize(
    ("name", "drafts", "rejected_rows"),
    [("humaneval-agent-a.jsonl", 150, 14), ("mbpp-agent-a.jsonl", 397, 0), ("mbpp-agent-b.jsonl", 397, 0)],
)
def test_every_row_of_the_real_traces_comes_to_something(name: str, drafts: int, rejected_rows: int) -> None:
    with (shared_data("traces") / name).open("rb") as lines:
        found = list(read_traces(name, lines, "MIT"))
    problems = [each.problem for each in found if isinstance(each, Rejected)]
    assert (len(found) - len(problems), len(problems)) == (drafts, rejected_rows)
    assert all("empty solution" in each for each in problems)
    for each in found:
        if isinstance(each, Draft):
            assert not each.notes and each.claimed_pass is not None
            assert len(each.skill.scripts) == 1 and each.skill.reasoning_path
            assert ">>>" not in each.skill.intent and "def " not in each.skill.intent
            compile(each.skill.result.text, "<skill>", "exec")
            compile(each.skill.scripts[0], "<check>", "exec")
