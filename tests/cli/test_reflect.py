"""`hansa reflect`: what is typed, what is printed, what is written to files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.conftest import Hansa


@pytest.fixture
def noted(hansa: Hansa) -> Hansa:
    assert hansa("init").code == 0
    for number in range(2):
        assert hansa("reflect", "add", "failure", "Split CSV", "--error", f"line {number}", "--tag", "csv").code == 0
    assert hansa("reflect", "add", "success", "Use the csv module", "--session", "s1", "--json").json["session"] == "s1"
    return hansa


def test_notes_are_listed_filtered_and_recalled(noted: Hansa) -> None:
    listed = noted("reflect", "list").out
    assert "3 of 3" in listed and len(re.findall(r" 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ ", listed)) == 3
    assert noted("reflect", "list", "--tag", "csv", "--json").json["count"] == 2
    assert noted("reflect", "list", "--since", "1d", "--outcome", "success", "--json").json["count"] == 1
    assert noted("reflect", "list", "--since", "2999-01-01", "--json").json["count"] == 0
    assert noted("reflect", "recall", "split CSV").code == 0
    assert noted("reflect", "recall", "paint a fence").code == 1


def test_empty_lists_say_so(hansa: Hansa) -> None:
    assert hansa("init").code == 0
    assert hansa("reflect", "list").out == hansa("reflect", "summary").out
    assert hansa("reflect", "list").out.startswith("no notes yet: hansa reflect add")
    assert hansa("reflect", "recall", "paint a fence").out.startswith("no note is near that")
    assert hansa("reflect", "list", "--tag", "csv").out == "no note fits\n"
    assert hansa("reflect", "summary", "--tag", "csv").out == "no note fits\n"


def test_the_summary_and_the_report_are_printed_and_written(noted: Hansa, tmp_path: Path) -> None:
    assert "went wrong 2x  general: line #; 1 times well since" in noted("reflect", "summary").out
    assert noted("reflect", "report").out.startswith("# What was learnt\n")
    path = tmp_path / "lessons.md"
    assert noted("reflect", "report", "--to", path).code == 0
    assert path.read_text().startswith("# What was learnt\n")


def test_notes_go_out_and_come_in_by_file(noted: Hansa, tmp_path: Path) -> None:
    path = tmp_path / "notes.jsonl"
    assert "3 notes in" in noted("reflect", "export", "--to", path).out
    assert noted("reflect", "prune", "--keep", "0", "--yes").out == "3 forgotten\n"
    assert noted("reflect", "import", path).out == "3 added, 0 here already, 0 rejected\n"
    assert noted("reflect", "export").out == path.read_text()


@pytest.mark.parametrize("command", ["report", "export"])
def test_a_file_that_is_there_is_written_over_only_when_that_is_said(
    noted: Hansa, tmp_path: Path, command: str
) -> None:
    path = tmp_path / "mine"
    path.write_text("mine")
    said = noted("reflect", command, "--to", path)
    assert (said.code, "--force" in said.sentence, path.read_text()) == (2, True, "mine")
    told = noted("reflect", command, "--to", path, "--force", "--json").json
    assert told == {"file": str(path), "count": 3}
    assert path.read_text() == noted("reflect", command).out
    assert noted("reflect", command, "--to", "/dev/null").code == 0


@pytest.mark.parametrize("which", [("--keep", "0"), ("--older-than", "0"), ("--outcome", "failure", "--keep", "1")])
def test_notes_are_not_forgotten_for_good_without_being_asked(noted: Hansa, which: tuple[str, ...]) -> None:
    said = noted("reflect", "prune", *which)
    assert (said.code, "would be forgotten for good" in said.sentence, "--yes" in said.sentence) == (2, True, True)
    assert noted("reflect", "list", "--json").json["count"] == 3
    assert noted("reflect", "prune", *which, "--dry-run").code == 0
    assert noted("reflect", "prune", *which, "--yes").code == 0
    assert noted("reflect", "list", "--json").json["count"] < 3


def test_where_there_is_nothing_to_forget_nobody_is_asked(noted: Hansa) -> None:
    assert noted("reflect", "prune", "--keep", "3").out == "0 forgotten\n"


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("add", "won", "text"), 2, "say success, failure or partial"),
        (("add", "success", ""), 2, "say what was tried, and what was learnt"),
        (("list", "--outcome", "won"), 2, "say success, failure or partial"),
        (("list", "--since", "yesterday"), 2, "write a day like 2026-11-20"),
        (("list", "--since", "99999999999d"), 2, "write a day like 2026-11-20"),
        (("prune",), 2, "say what to forget"),
        (("prune", "--id", "ffffffff"), 3, "no reflection is called ffffffff"),
        (("import", "nothing.jsonl"), 2, "nothing.jsonl"),
        (("recall", " "), 2, "say what you are about to do"),
        (("export", "--to", "/nowhere/x"), 2, "can't write /nowhere/x"),
    ],
)
def test_what_makes_no_sense_is_told_in_one_sentence(
    noted: Hansa, words: tuple[str, ...], code: int, told: str
) -> None:
    said = noted("reflect", *words)
    assert (said.code, told in said.sentence) == (code, True), said
