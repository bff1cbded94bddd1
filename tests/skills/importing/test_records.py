from __future__ import annotations

import json
from typing import Any

import pytest

from hansa.skills.importing.draft import Draft
from hansa.skills.importing.traces import read_traces
from hansa.skills.model import Case, Cases, Claim, Result, Script
from tests.skills.importing.playing import drafted, outcomes, outcomes_when_blank, rejected

RECORD: dict[str, Any] = {
    "trace_id": "t-1",
    "intent": "Double\n a number",
    "reasoning_path": [{"step": 3, "action": "Think."}, "Write it."],
    "result": {"code": "def double(x):\n    return x * 2\n", "entry_point": "double"},
    "checks": [
        "assert double(2) == 4",
        {"code": "assert double('a') == 'aa'"},
        {"args": "(1,)", "expect": "2"},
        {"args": [[1, None]], "expect": [1, None, 1, None]},
        {"cases": [{"args": "('b',)", "expect": " 'bb' "}]},
    ],
    "confidence": 0.98,
    "verification_score": 1,
    "trials": 20,
    "harness": "cpython-3.11",
    "lineage": ["a" * 64, "trace-0"],
    "tags": ["Numbers", "numbers"],
    "license": "mit license",
    "created_at": "2024-01-01",
    "instance_id": "me",
    "signature": "unsigned",
}


def one(**change: Any) -> Draft:
    [outcome] = read_traces("r.jsonl", [json.dumps(RECORD | change).encode()])
    return drafted(outcome)


def problem(**change: Any) -> str:
    [outcome] = read_traces("r.jsonl", [json.dumps(RECORD | change).encode()])
    return rejected(outcome)


def test_a_record_keeps_its_path_result_checks_and_claims() -> None:
    draft = one()
    skill = draft.skill
    assert skill.intent == "Double a number"
    assert [(step.step, step.action) for step in skill.reasoning_path] == [(1, "Think."), (2, "Write it.")]
    assert skill.result == Result(media_type="text/x-python", text=RECORD["result"]["code"], entry_point="double")
    assert skill.checks == (
        Cases(cases=(Case(args="(1,)", expect="2"), Case(args="([1, None],)", expect="[1, None, 1, None]"))),
        Script(code="assert double(2) == 4"),
        Script(code="assert double('a') == 'aa'"),
        Cases(cases=(Case(args="('b',)", expect="'bb'"),)),
    )
    assert draft.claim == Claim(confidence=980_000, verification_score=1_000_000, trials=20, harness="cpython-3.11")
    assert skill.lineage == ("a" * 64,)
    assert (skill.license, skill.tags) == ("MIT", ("numbers",))
    assert draft.notes == ("1 entries of its lineage are not ids of skills and were left out",)
    assert set(outcomes(skill)) <= {"ok", "TypeError: unsupported operand type(s) for *: 'NoneType' and 'int'"}
    assert "ok" not in outcomes_when_blank(skill)


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        ("Use env vars.", Result(media_type="text/plain", text="Use env vars.")),
        ("note: quoted", Result(media_type="text/plain", text="note: quoted")),
        ("import os\n", Result(media_type="text/x-python", text="import os\n")),
        ({"text": "# A", "media_type": "text/markdown"}, Result(media_type="text/markdown", text="# A")),
        ({"b": [1.5], "a": "é"}, Result(media_type="application/json", text='{"a":"é","b":[1.5]}')),
        ([1, 2], Result(media_type="application/json", text="[1,2]")),
        (7, Result(media_type="application/json", text="7")),
    ],
)
def test_a_result_of_any_shape_is_kept(result: object, expected: Result) -> None:
    assert one(result=result).skill.result == expected


def test_a_record_without_checks_or_path_is_taken_with_notes() -> None:
    draft = one(checks=None, reasoning_path=[], lineage=[])
    assert draft.skill.checks == ()
    assert [note.split(":")[0] for note in draft.notes] == ["no reasoning path", "no checks"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"intent": None}, "no `intent`"),
        ({"intent": " \n"}, "empty `intent`"),
        ({"result": None}, "no `result`"),
        ({"confidence": 1.01}, "`confidence`"),
        ({"confidence": -0.1}, "`confidence`"),
        ({"confidence": True}, "`confidence`"),
        ({"verification_score": "1"}, "`verification_score`"),
        ({"trials": 1.5}, "`trials`"),
        ({"trials": -1}, "`trials`"),
        ({"trials": 2**53}, "`trials`"),
        ({"harness": 3}, "`harness`"),
        ({"lineage": "a"}, "`lineage`"),
        ({"tags": [1]}, "`tags`"),
        ({"reasoning_path": "text"}, "`reasoning_path`"),
        ({"reasoning_path": [{"step": 1}]}, "step 1 has no action"),
        ({"reasoning_path": ["a", 2]}, "step 2 has no action"),
        ({"result": {"code": "x = 1", "entry_point": "a b"}}, "entry_point"),
        ({"result": {"code": "x = 1", "entry_point": 5}}, "`entry_point`"),
        ({"result": {"code": "x" * 180_001}}, "breaks a bound"),
        ({"checks": "x"}, "`checks`"),
        ({"checks": [7]}, "check 1 that is neither"),
        ({"checks": [{}]}, "check 1 that is neither"),
        ({"checks": [" "]}, "check 1 that is neither"),
        ({"checks": [{"cases": []}]}, "0 cases"),
        ({"checks": [{"cases": ["x"]}]}, "lacks `args`"),
        ({"checks": [{"args": "(1,)"}]}, "lacks `args` or `expect`"),
        ({"checks": [{"args": "1", "expect": "1"}]}, "no tuple"),
        ({"checks": [{"args": "(open('x'),)", "expect": "1"}]}, "no tuple"),
        ({"checks": [{"args": {"a": 1}, "expect": "1"}]}, "no tuple"),
        ({"checks": [{"args": "(" + "-" * 9_999 + "1,)", "expect": "1"}]}, "no tuple"),
        ({"checks": [{"args": "(1,)", "expect": "print(1)"}]}, "no Python literal"),
        ({"checks": ["x"] * 101}, "breaks a bound"),
        ({"checks": ["x" * 100_001]}, "breaks a bound"),
        ({"checks": ["x" * 70_000] * 3}, "at most 190000"),
    ],
)
def test_a_field_that_is_wrong_is_named(change: dict[str, Any], says: str) -> None:
    assert says in problem(**change)


def test_more_than_200_steps_are_cut_with_a_note() -> None:
    draft = one(reasoning_path=["go on"] * 203)
    assert len(draft.skill.reasoning_path) == 200
    assert "3 steps were left out: a path has at most 200" in draft.notes
