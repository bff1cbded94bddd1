"""The committed cases are the generated ones, cover what they should, and both implementations agree with all."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

import pytest

from hansa.kernel.verdict import Box, Reason
from hansa.node.core import KINDS
from tests.docs.pages import DOCS, blocks
from tests.vectors import run
from tests.vectors.judge import LACKS, judge
from tests.vectors.make import FOLDER, all_cases, committed, files
from tests.vectors.protocol import JAVASCRIPT, ROOT, Question, ask, missing_node

CASES = [case for _, case in all_cases()]
OF_THE_SENDER = {
    Reason.ENCODED, Reason.UNKNOWN_PEER, Reason.BARRED, Reason.RATE, Reason.SHARE, Reason.WRONG_INVITER,
    Reason.BAD_INVITATION, Reason.CROWDED, Reason.BAD_FRAME, Reason.BAD_LINK,
}  # fmt: skip
"""Reasons of the boxes up to admission that no message alone can have: of transport and links, and each node's."""

needs_node = pytest.mark.skipif(bool(missing_node()), reason=missing_node())


def test_the_committed_files_are_the_generated_ones() -> None:
    """After a change on purpose: python -m tests.vectors.make"""
    made = dict(files())
    lying = {path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*") if path.is_file()}
    assert lying == {*made, "README.md"}
    assert [name for name, content in made.items() if (FOLDER / name).read_bytes() != content] == []


def test_there_are_many_cases_and_most_are_bad() -> None:
    assert len(CASES) >= 150
    assert sum(case.verdict == "refuse" for case in CASES) >= 100


def test_every_reason_that_a_message_can_be_refused_for_has_a_case() -> None:
    boxes = {Box.TRANSPORT, Box.IDENTITY, Box.ADMISSION}
    wanted = {reason.code for reason in Reason if reason.box in boxes and reason not in OF_THE_SENDER}
    assert wanted <= {case.reason for case in CASES}


def test_every_kind_is_taken_once_at_least_and_refused_for_its_body() -> None:
    met = {(case.verdict, case.name.split("-")[0]) for case in CASES}
    assert {(verdict, kind) for verdict in ("accept", "refuse") for kind in KINDS} <= met


def test_every_check_has_a_case() -> None:
    checks = {case.check for case in CASES if case.reason}
    wanted = {f"envelope {n}" for n in range(1, 7)} | {f"admission {n}" for n in range(1, 10)}
    assert checks == wanted | {"body"} | {f"root {n}" for n in range(2, 8)}


def test_the_largest_message_is_exactly_at_the_bound() -> None:
    assert len(next(case for case in CASES if case.name == "largest-message").message) == 256 * 1024


@pytest.mark.parametrize("topic", sorted({topic for topic, _ in all_cases()}))
def test_python_agrees_with_every_case(topic: str) -> None:
    asked = [case for one, case in all_cases() if one == topic and not set(case.needs) & set(LACKS)]
    if not asked:
        pytest.skip(f"this version of Hansa lacks {', '.join(LACKS)}")
    told = {case.name: judge(case.message, case.whole_context) for case in asked}
    assert {name: (one.verdict, one.reason) for name, one in told.items()} == {
        case.name: (case.verdict, case.reason) for case in asked
    }


@needs_node
def test_javascript_agrees_with_every_case_and_with_the_number_of_the_check() -> None:
    expected = committed()
    answers = list(ask(JAVASCRIPT, [question for _, question in expected]))
    fields = ("verdict", "reason", "check", "id", "skill")
    wrong = [
        (case["name"], field, getattr(answer, field), case[field])
        for (case, _), answer in zip(expected, answers, strict=True)
        for field in fields
        if getattr(answer, field) != case[field]
    ]
    assert wrong == []


@needs_node
def test_the_runner_finds_that_the_second_implementation_agrees(capsys: pytest.CaptureFixture[str]) -> None:
    assert run.main(["--", *JAVASCRIPT]) == 0
    assert capsys.readouterr().out == f"{len(CASES)} of {len(CASES)} cases agree\n"


def _liar(tmp_path: Path, body: str) -> list[str]:
    script = tmp_path / "liar.py"
    script.write_text(f"import json, sys\nfor line in sys.stdin:\n    {body}\n", encoding="utf-8")
    return [sys.executable, str(script)]


def test_the_runner_names_each_case_that_is_answered_otherwise(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    yes = _liar(tmp_path, 'print(json.dumps({"verdict": "accept"}), flush=True)')
    bad = Counter(case.verdict for case in CASES)["refuse"]
    assert run.main(["--verdicts-only", "--", *yes]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == bad + 1
    assert lines[-1] == f"{len(CASES) - bad} of {len(CASES)} cases agree"
    assert any(line.startswith("small-order-key: expected refuse bad_key, got accept") for line in lines)
    assert run.main(["--", *yes]) == 1
    assert capsys.readouterr().out.endswith(f"0 of {len(CASES)} cases agree\n")  # without ids not even a yes is right


@pytest.mark.parametrize(
    "body", ["break", "print('yes', flush=True)", "print([], flush=True)", "import threading; threading.Event().wait()"]
)
def test_the_runner_says_when_there_is_no_answer(body: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run.main(["--patience", "0.5", "--", *_liar(tmp_path, body)]) == 2
    assert "no answer" in capsys.readouterr().err


def test_the_runner_says_when_there_is_no_such_program(capsys: pytest.CaptureFixture[str]) -> None:
    assert run.main(["--", "no-such-verifier"]) == 2
    assert "no such program" in capsys.readouterr().err


def test_python_speaks_the_protocol() -> None:
    asked = [(case, question) for case, question in committed() if not set(case["needs"]) & set(LACKS)][:40]
    answers = ask([sys.executable, "-m", "tests.vectors.judge"], [question for _, question in asked])
    assert [(one.verdict, one.reason, one.id) for one in answers] == [
        (case["verdict"], case["reason"], case["id"]) for case, _ in asked
    ]


def test_in_ci_the_second_implementation_may_not_be_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(AssertionError, match="must not be left out"):
        missing_node()
    monkeypatch.delenv("CI")
    assert "Node.js" in missing_node()


def test_an_index_names_every_case_once() -> None:
    index = json.loads((FOLDER / "index.json").read_bytes())
    assert [row["name"] for row in index["cases"]] == [case.name for case in CASES]


def test_a_question_is_one_line() -> None:
    line = Question("a", b"\n\xff", {"network": "two\nlines"}).to_line()
    assert line.count(b"\n") == 1


def test_the_example_of_the_how_to_does_what_is_shown_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = blocks(DOCS / "how-to/check-your-own-implementation.md")
    script, shown = (next(block.text for block in page if block.language == language) for language in ("py", "text"))
    (tmp_path / "yes.py").write_text(script, encoding="utf-8")
    assert run.main(["--verdicts-only", "--", sys.executable, str(tmp_path / "yes.py")]) == 1
    told = capsys.readouterr().out.splitlines()
    assert [line for line in shown.splitlines()[1:] if line != "…" and line not in told] == []


def test_the_pages_count_the_cases_rightly() -> None:
    bad = sum(case.verdict == "refuse" for case in CASES)
    how_to = (ROOT / "docs/how-to/check-your-own-implementation.md").read_text(encoding="utf-8")
    assert f"{len(CASES)} messages, {bad} of them bad" in how_to
    assert f"{len(CASES) - bad} of {len(CASES)} cases agree" in how_to
    assert f"{len(CASES)} conformance cases" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
