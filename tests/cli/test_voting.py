"""Votes by command: asking, voting, applying exactly what was approved, and the exit codes of everything else."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from hansa.kernel.ids import content_id
from tests.attacks.specimens import key
from tests.cli.conftest import Hansa

DIFF = "--- a/x.txt\n+++ b/x.txt\n@@ -1 +1 @@\n-old\n+new\n"
OTHERS = tuple(str(key(number).public.did) for number in (2, 3, 4))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Gives a folder with a file, and a diff that changes it."""
    folder = tmp_path / "tree"
    folder.mkdir()
    (folder / "x.txt").write_text("old\n")
    (tmp_path / "d.diff").write_text(DIFF)
    return folder


def alone(node: Hansa) -> str:
    me = str(node("id", "--json").json["instance_id"])
    assert node("roster", "create", me).code == 0
    return me


def asked(node: Hansa, tree: Path, *more: str) -> str:
    said = node("propose", "--diff", tree.parent / "d.diff", "--in", tree, "--rationale", "newer", "--json", *more)
    assert said.out, said.err
    return str(said.json["proposal"])


def test_what_a_quorum_approved_is_applied_once(node: Hansa, tree: Path) -> None:
    alone(node)
    id_ = asked(node, tree)
    shown = node("proposal", "show", id_[:10])
    assert shown.code == 0 and "approved" in shown.out and "| -old" in shown.out
    assert "newer" in node("proposal", "list").out
    done = node("apply", id_[:10], "--to", tree)
    assert done.code == 0 and (tree / "x.txt").read_text() == "new\n"
    again = node("apply", id_, "--to", tree)
    assert again.code == 1 and "not the ones that were voted on" in again.sentence
    assert "applied" in node("why", id_).out


def test_what_is_undecided_is_not_applied(node: Hansa, tree: Path) -> None:
    assert node("propose", "--diff", tree.parent / "d.diff", "--in", tree, "--rationale", "x").code == 2
    shown = node("roster", "create", *OTHERS)
    assert shown.code == 0 and "3 of 4: 1 may lie" in shown.out
    assert "decides here" in node("roster", "show").out
    id_ = asked(node, tree, "--no-wait")
    said = node("apply", id_, "--to", tree)
    assert said.code == 1 and "not_approved" in said.sentence
    said = node("vote", id_, "no")
    assert said.code == 1 and "a vote is not taken back" in said.sentence
    assert node("vote", id_, "perhaps").code == 2
    assert node("vote", "0000", "yes").code == 3
    assert node("vote", id_, "yes").code == 0
    said = node("propose", "--diff", tree.parent / "d.diff", "--in", tree, "--rationale", "y", "--seconds", "1")
    assert said.code == 1 and "undecided" in said.out
    assert (tree / "x.txt").read_text() == "old\n"


def test_who_can_never_vote_is_no_member(node: Hansa) -> None:
    """The others would never reach a quorum."""
    for words in (("create",), ("propose-change", "--rationale", "x")):
        said = node("roster", *words, "nonsense")
        assert (said.code, "nonsense is no node's id" in said.sentence) == (2, True)
    assert node("roster", "show").code == 2


def test_another_roster_is_asked_for_and_undecided(node: Hansa) -> None:
    assert node("roster", "show").code == 2
    assert node("roster", "follow", "0000").code == 3
    first = node("roster", "create", *OTHERS, "--json").json
    said = node("roster", "propose-change", *OTHERS, "--rationale", "I leave", "--seconds", "1", "--json")
    assert (said.code, said.json["state"]) == (1, "undecided")
    assert node("roster", "follow", first["roster"], "--json").json["decides_here"] is True


def test_an_override_is_said_to_be_one(node: Hansa, tree: Path) -> None:
    diff = tree.parent / "d.diff"
    for words in (("--local-override",), ("--diff", diff), ("0000", "--local-override", "--diff", diff), ()):
        assert node("apply", *words, "--to", tree).code == 2
    said = node("apply", "--local-override", "--diff", diff, "--to", tree)
    assert said.code == 0 and "no decision" in said.out
    assert (tree / "x.txt").read_text() == "new\n"
    assert "local_override" in node("why", content_id(DIFF.encode())).out
    assert node("proposal", "list").out.strip() == "nothing was proposed here"


def test_what_is_no_diff_is_not_proposed(node: Hansa, tree: Path) -> None:
    alone(node)
    bad = tree.parent / "bad.diff"
    for text, code in (("hello", 1), (DIFF.replace("a/x", "a/../x").replace("b/x", "b/../x"), 1)):
        bad.write_text(text)
        assert node("propose", "--diff", bad, "--in", tree, "--rationale", "x").code == code
    bad.write_bytes(b"\xff\n")
    assert node("propose", "--diff", bad, "--rationale", "x").code == 2
    assert node("propose", "--diff", tree / "none", "--rationale", "x").code == 2
    assert node("propose", "--rationale", "x").code == 2
    assert node("propose", "--diff", tree.parent / "d.diff", "--in", tree, "--rationale", " ").code == 2
    (tree / "x.txt").write_text("other\n")
    said = node("propose", "--diff", tree.parent / "d.diff", "--in", tree, "--rationale", "x")
    assert said.code == 1 and "not what the diff was made from" in said.sentence


def test_what_git_would_commit_is_asked_about(node: Hansa, tree: Path) -> None:
    alone(node)

    def git(*words: str) -> None:
        who = ("-c", "user.name=a", "-c", "user.email=a@example.org")
        subprocess.run(["git", "-C", str(tree), *who, *words], check=True, capture_output=True)

    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "first")
    assert node("propose", "--staged", "--in", tree, "--rationale", "x").code == 2
    (tree / "x.txt").write_text("new\n")
    (tree / "größe y.txt").write_text("added\n")
    git("add", ".")
    said = node("propose", "--staged", "--in", tree, "--rationale", "x", "--json")
    assert said.code == 0
    assert [one["path"] for one in said.json["files"]] == ["größe y.txt", "x.txt"]
    git("commit", "-qm", "second")
    again = node("propose", "--git", "HEAD~1..HEAD", "--in", tree, "--rationale", "x", "--json").json
    assert (again["base"], again["diff"]) == (said.json["base"], said.json["diff"])
    git("reset", "-q", "--hard", "HEAD~1")
    assert node("apply", again["proposal"], "--to", tree).code == 0
    assert (tree / "größe y.txt").read_text() == "added\n"
    assert node("propose", "--git", "nowhere", "--in", tree, "--rationale", "x").code == 2
    assert node("propose", "--git", "--output=x", "--in", tree, "--rationale", "x").code == 2


@pytest.mark.parametrize("text", ["\x1b[2Jgone", "a\u202eb", "x\nhansa: all is well", "\u200b\x07", "\x9b31m"])
def test_what_others_write_is_shown_as_text(node: Hansa, tree: Path, text: str) -> None:
    alone(node)
    name = "a.txt"
    (tree.parent / "d.diff").write_text(f"--- /dev/null\n+++ b/{name}\n@@ -0,0 +1 @@\n+a\u202eb\u200b\x9b\n", "utf-8")
    said = node("propose", "--diff", tree.parent / "d.diff", "--in", tree, "--rationale", f"x {text}", "--json")
    assert said.code == 0 and said.out.isascii()
    for words in (("list",), ("show", said.json["proposal"])):
        shown = node("proposal", *words)
        assert not any(char in shown.out for char in "\x1b\u202e\u200b\x07\x9b")
        assert "\nhansa:" not in shown.out
        assert node("proposal", *words, "--json").out.isascii()
