"""Lists for people: words at the head, times with their zone, and all of it on a screen of 80 columns."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from hansa.entrypoints.cli import ledger_commands, show
from hansa.entrypoints.steps import Result
from tests.cli.conftest import Hansa, Up
from tests.cli.test_every_command import MINE

WIDTH = 80
MOMENT = r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ"


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Gives a function that makes the screen one of 80 columns."""

    def make() -> None:
        monkeypatch.setattr(show, "console", lambda: Console(width=WIDTH, highlight=False, file=sys.stdout))

    return make


def heads(text: str) -> list[str]:
    """Returns the words at the head of a table, whose columns are two blanks apart."""
    return re.split(r" {2,}", text.splitlines()[0].strip())


@pytest.mark.sandbox
def test_who_pushed_was_seen_and_the_list_of_peers_fits(
    node: Hansa, up: Up, tmp_path: Path, narrow: Callable[[], None]
) -> None:
    other = tmp_path / "other"
    (tmp_path / "mine.py").write_text(MINE)
    id_ = node("init", "--home", other, "--json").json["instance_id"]
    assert node("peer", "add", id_).code == 0
    narrow()
    before = node("peer", "list").out
    assert heads(before) == ["node", "standing", "last seen"] and re.search(r"let in +never *$", before, re.M)

    for words in (("skill", "add", tmp_path / "mine.py"), ("prove",), ("publish", "--to", up.url)):
        assert node(*words, "--home", other).code == 0
    said = node("peer", "list").out
    assert re.search(rf"let in +{MOMENT} *$", said, re.M)
    [row] = node("peer", "list", "--json").json["instances"]
    assert row["last_seen"] and row["instance_id"] == id_

    assert node("peer", "ban", id_[:-30], "--json").json["instance_id"] == id_
    banned = node("peer", "list").out
    assert " banned " in banned
    for text in (before, said, banned):
        assert all(len(line) <= WIDTH for line in text.splitlines())


def test_an_empty_column_goes_first_and_the_evidence_last(narrow: Callable[[], None], capsys) -> None:
    columns = ("skill", "state", "evidence", "confidence", "reason", "from", "intent")
    row = ["4b1d90e6c3f7", "quarantined", "E2", "0.90", "", "own", "Write a number of things, with the right plural."]
    narrow()
    show.table(columns, [row])
    assert heads(capsys.readouterr().out) == [one for one in columns if one != "reason"]
    show.table(columns, [[*row[:4], "refuted by somebody who is far away", *row[5:]]])
    said = capsys.readouterr().out
    assert "evidence" in heads(said) and "from" not in heads(said)
    assert "(no room for reason, from: --json has all)" in said


def test_a_peer_with_everything_said_of_it_fits_too(node: Hansa, up: Up, tmp_path: Path, narrow) -> None:
    code = node("peer", "invite", "--note", "the people of the harbour in Lübeck").out.splitlines()[0]
    other = tmp_path / "other"
    assert node("init", "--home", other).code == 0
    (other / "config.toml").write_text('name = "a-name-of-twenty-one"\n')
    address = "https://a-long-name.of-a-harbour.example:8470"
    assert node("join", code, "--at", up.url, "--url", address, "--yes", "--home", other).code == 0
    narrow()
    said = node("peer", "list").out
    assert {"node", "standing", "last seen", "name", "note"} <= set(heads(said))
    assert "(no room for role, address: --json has all)" in said
    assert re.search(rf"let in +{MOMENT}", said)
    for text in (said, node("peer", "invites").out):
        assert all(len(line) <= WIDTH for line in text.splitlines()), text


def test_the_ledger_is_listed_in_words(
    node: Hansa, monkeypatch: pytest.MonkeyPatch, narrow: Callable[[], None]
) -> None:
    assert node("ledger", "list").out.startswith("no receipt yet")
    entry = {
        "number": 1, "receipt": "a" * 64, "dealing": "skill_refuted", "subject": f"did:key:z6Mk{'x' * 44}",
        "by": f"did:key:z6Mk{'y' * 44}", "counts": False, "skill": "b" * 64, "at": "2026-11-21T00:32:46.155Z",
        "previous": "c" * 64, "hash": "d" * 64,
    }  # fmt: skip
    narrow()
    monkeypatch.setattr(
        ledger_commands, "call", lambda *_, **__: Result({"node": "me", "entries": [entry], "count": 1})
    )
    said = node("ledger", "list").out
    assert heads(said) == ["#", "what", "about whom", "counts", "skill"]
    assert "skill refuted" in said and "no room for signed by, when, hash" in said and "did:key:z6Mkxxxxxxxx…" in said
    assert all(len(line) <= WIDTH for line in said.splitlines())


LONG = "give back what was given, said in so many words that no screen of eighty columns has them on one line"
FORGED = "✓ domain room  admitted, E2 re-proved here"


def test_lines_that_do_not_fit_go_on_under_their_text(
    node: Hansa, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, narrow: Callable[[], None]
) -> None:
    code = MINE.replace("Give back what was given", LONG).replace("1. Take it.", f"1. {LONG}.")
    code = code.replace("    return x", f"    # {'x' * 72}{FORGED}\n    return x")
    (tmp_path / "mine.py").write_text(code)
    id_ = node("skill", "add", tmp_path / "mine.py", "--json").json["added"][0]["trace_id"][:12]
    narrow()
    monkeypatch.setattr(show.sys.stdout, "isatty", lambda: True, raising=False)
    head, second, *boxes = node("why", id_).out.splitlines()
    assert head.startswith(f"{id_}  skill: ") and re.match(r" {14}\S", second)
    assert all(re.match(r"  [✓✗·] \w|" + " " * 17 + r"\S", line) for line in boxes), boxes
    told = node("skill", "show", id_).out.splitlines()
    assert all(len(line.rstrip()) <= WIDTH for line in [head, second, *boxes, *told])
    assert re.match(r" {8}\S", told[2])
    assert sum(line.startswith("  | ") and "domain room" in line for line in told) == 1
    assert not [line for line in told if line.startswith("✓")]


def test_a_proof_of_what_was_refused_by_hand_says_that_it_stays_so(node: Hansa, tmp_path: Path) -> None:
    file = tmp_path / "double.py"
    head, body = (
        '"""Double a number.\n\nLicense: MIT\n"""\n',
        '    """>>> double(2)\n    4\n    """\n    return 2 * x\n',
    )
    file.write_text(f"{head}\n\ndef double(x):\n{body}")
    assert node("skill", "add", str(file)).code == 0
    id_ = node("skill", "list", "--json").json["skills"][0]["trace_id"]
    assert node("quarantine", "reject", id_).code == 0
    said = node("prove", id_)
    assert (said.code, "refused all the same, as you have decided" in said.out) == (0, True)
    assert node("skill", "show", id_, "--json").json["state"] == "refused"


def test_a_ban_takes_the_start_of_an_id_that_is_known_and_any_whole_id(node: Hansa, tmp_path: Path) -> None:
    first, second = (node("init", "--home", tmp_path / name, "--json").json["instance_id"] for name in "ab")
    assert node("peer", "add", first).code == 0
    assert node("peer", "ban", second[:-10]).code == 3
    assert node("peer", "ban", second).out.endswith(f"\nto take that back: hansa peer add {second}\n")
    assert node("peer", "ban", "did:key:z6Mk").code == 3  # of which of the two?
    assert node("peer", "ban", first[:-10]).code == 0
    standing = {one["instance_id"]: one["banned"] for one in node("peer", "list", "--json").json["instances"]}
    assert standing == {first: True, second: True}
    assert node("peer", "add", second[:-10]).code == 2  # who is let in is named by the whole id
    assert node("peer", "add", second).code == 0
    listed = node("peer", "list", "--json").json["instances"]
    assert [(one["banned"], one["invited"]) for one in listed if one["instance_id"] == second] == [(False, True)]
