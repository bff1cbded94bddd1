"""`hansa store`: each command with the node down and up, each bad input one sentence and its exit code."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from hansa.adapters.lock import DataDirLock
from tests.cli.conftest import Hansa, Up

REFUSED, USAGE, BUSY, FAULT = 1, 2, 5, 70
SKILL = '''"""Double a number.

Steps:
1. Add it to itself.
License: MIT
"""


def double(x):
    """Do it.

    >>> double(2)
    4
    >>> double(3)
    6
    """
    return x + x
'''


@pytest.fixture
def stocked(node: Hansa, tmp_path: Path) -> Hansa:
    """Gives a node with one skill."""
    path = tmp_path / "double.py"
    path.write_text(SKILL)
    assert node("skill", "add", path).code == 0
    return node


def spoil(home: Path) -> None:
    with closing(sqlite3.connect(home / "hansa.db")) as connection, connection:
        connection.execute("UPDATE skills SET body = replace(body, 'x', 'y')")


@pytest.mark.parametrize("full", [(), ("--full",)])
def test_check_of_a_whole_store(stocked: Hansa, full: tuple[str, ...]) -> None:
    said = stocked("store", "check", *full)
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("whole: ")
    assert stocked("store", "check", "--json", *full).json["ok"]


def test_find_names_what_is_damaged_and_leaves_it_out(stocked: Hansa, home: Path) -> None:
    assert stocked("prove").code == 0
    intent = stocked("skill", "list", "--json").json["skills"][0]["intent"]
    assert "E2" in stocked("find", intent).out
    spoil(home)
    said = stocked("find", intent)
    assert said.code == REFUSED
    assert "E2" not in said.out
    assert "is damaged in the store and left out: hansa store repair" in said.out


def test_check_names_what_is_damaged_and_what_to_do(stocked: Hansa, home: Path) -> None:
    spoil(home)
    said = stocked("store", "check")
    assert said.code == REFUSED
    assert "corrupt" in said.out
    assert "hansa store repair" in said.out
    assert said.out.rstrip().endswith("1 damaged")
    damage = stocked("store", "check", "--json").json["damage"]
    assert [one["what"] for one in damage] == ["skill"]


@pytest.mark.parametrize("content", [b"no database " * 1000, b""])
def test_check_of_a_file_that_no_node_would_open(stocked: Hansa, home: Path, content: bytes) -> None:
    (home / "hansa.db").write_bytes(content)
    said = stocked("store", "check")
    assert said.code == REFUSED
    assert "can't be read" in said.out
    assert "hansa store restore" in said.out


def test_check_of_another_programs_database(stocked: Hansa, home: Path) -> None:
    (home / "hansa.db").unlink()
    with closing(sqlite3.connect(home / "hansa.db")) as connection:
        connection.execute("CREATE TABLE mine (x)")
    said = stocked("store", "check")
    assert said.code == FAULT
    assert "no store of Hansa's" in said.sentence


def test_check_without_a_store(node: Hansa, tmp_path: Path) -> None:
    said = node("store", "check")
    assert (said.code, said.out) == (0, "nothing to check yet: the store is made when the first thing is kept\n")
    assert node("store", "check", "--json").json["checked"] == {}
    said = node("store", "check", "--home", tmp_path / "nowhere")
    assert said.code == USAGE
    assert "there is no store" in said.sentence


def test_backup_and_restore(stocked: Hansa, home: Path, tmp_path: Path) -> None:
    target = tmp_path / "backup"
    said = stocked("store", "backup", target, "--json")
    assert said.code == 0
    assert set(said.json["files"]) == {"hansa.db", "roots.jsonl"}
    assert stat.S_IMODE(target.stat().st_mode) == 0o700
    assert stocked("skill", "list", "--json").json["count"] == 1
    assert stocked("store", "backup", target).code == USAGE
    id_ = stocked("skill", "list", "--json").json["skills"][0]["trace_id"]
    assert stocked("skill", "remove", id_, "--yes").code == 0
    said = stocked("store", "restore", target)
    assert said.code == 0
    assert "what was there is in" in said.out
    assert stocked("status", "--json").json["asks_first"]
    assert "restored" in stocked("prove", id_).sentence
    assert "--go-on" in stocked("store", "repair").out
    assert stocked("store", "repair", "--go-on").code == 0
    assert not stocked("status", "--json").json["asks_first"]
    assert stocked("skill", "list", "--json").json["skills"][0]["state"] == "quarantined"
    assert stocked("store", "check", "--full").code == 0


def test_what_was_published_before_a_restore_is_not_new_after_it(
    stocked: Hansa, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert stocked("prove").code == 0
    assert " published, " in stocked("publish").out
    assert stocked("store", "backup", tmp_path / "backup").code == 0
    assert stocked("store", "restore", tmp_path / "backup").code == 0
    assert " published (0 new, 1 already), " in stocked("publish").out


def test_a_restore_into_an_empty_folder_keeps_nothing_aside(stocked: Hansa, home: Path, tmp_path: Path) -> None:
    assert stocked("store", "backup", tmp_path / "backup", "--with-key").code == 0
    for as_json in ((), ("--json",)):
        empty = tmp_path / f"empty{len(as_json)}"
        said = stocked("store", "restore", tmp_path / "backup", "--home", empty, *as_json)
        assert said.code == 0
        assert "replaced" not in said.out
        assert not list(empty.glob("*replaced*"))
        assert not as_json or said.json["kept"] == ""


@pytest.mark.parametrize("with_root", [True, False])
def test_a_node_starts_from_its_backup_alone_on_an_empty_machine(
    stocked: Hansa, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, with_root: bool
) -> None:
    """Its id, who signs for it and what it held are as before; a root key that was moved away is in no backup."""
    if not with_root:
        assert stocked("key", "move-root", tmp_path / "root").code == 0
    before = (stocked("id").out, stocked("key", "show", "--json").json["signing_keys"])
    said = stocked("store", "backup", tmp_path / "backup", "--with-key", "--json")
    assert set(said.json["files"]) == {"hansa.db", "roots.jsonl", "key", *(["root.key"] if with_root else [])}
    monkeypatch.setenv("HANSA_HOME", str(tmp_path / "new"))
    assert stocked("store", "restore", tmp_path / "backup").code == 0
    assert (stocked("id").out, stocked("key", "show", "--json").json["signing_keys"]) == before
    assert stocked("store", "repair", "--go-on").code == 0
    assert stocked("skill", "list", "--json").json["count"] == 1
    rotated = stocked("key", "rotate", *([] if with_root else ["--root-key", tmp_path / "root"]))
    assert rotated.code == 0, rotated


def test_a_path_is_taken_from_where_the_command_was_typed(
    stocked: Hansa, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert stocked("store", "backup", "here", "--with-key").code == 0
    assert (tmp_path / "here" / "key").stat().st_mode & 0o777 == 0o600
    assert stocked("store", "restore", "here").code == 0


@pytest.mark.parametrize("what", ["nowhere", "empty", "file"])
def test_restore_of_what_is_no_backup(stocked: Hansa, home: Path, tmp_path: Path, what: str) -> None:
    path = tmp_path / what
    if what == "empty":
        path.mkdir()
    elif what == "file":
        path.write_text("")
    said = stocked("store", "restore", path)
    assert said.code == USAGE
    assert "is no whole backup" in said.sentence


def test_restore_and_check_wait_for_nobody(stocked: Hansa, home: Path, tmp_path: Path) -> None:
    assert stocked("store", "backup", tmp_path / "b").code == 0
    with DataDirLock(home):
        for words in (("store", "restore", tmp_path / "b"), ("store", "repair", "--accept-loss"), ("store", "check")):
            said = stocked(*words)
            assert said.code == BUSY
            assert "stop that node first" in said.sentence


def test_a_log_that_was_lost_is_named_and_can_be_given_up(stocked: Hansa, home: Path) -> None:
    with closing(sqlite3.connect(home / "hansa.db")) as connection, connection:
        connection.execute("UPDATE meta SET value = '0' WHERE key = 'clean'")
    said = stocked("status")
    assert said.code == FAULT
    assert "--accept-loss" in said.sentence
    said = stocked("store", "check")
    assert said.code == REFUSED
    assert "hansa.db-wal is gone" in said.out
    said = stocked("store", "repair", "--accept-loss", "--go-on")
    assert said.code == 0
    assert "the files as they were are in" in said.out
    assert stocked("status").code == 0


def test_a_store_that_was_taken_away_is_made_anew_and_the_node_asks_first(stocked: Hansa, home: Path) -> None:
    (home / "hansa.db").unlink()
    assert stocked("status", "--json").json["asks_first"]
    assert "nothing new is signed" in stocked("status").out


def test_each_command_while_the_node_is_up(up: Up, stocked: Hansa, home: Path, tmp_path: Path) -> None:
    target = tmp_path / "backup"
    assert stocked("store", "check", "--full").code == 0
    assert stocked("store", "backup", target).code == 0
    assert (target / "manifest.json").exists()
    assert stocked("store", "repair", "--json").json["ok"]
    said = stocked("store", "restore", target)
    assert said.code == BUSY
    assert f"process {up.process.pid}" in said.sentence
    assert not any("replaced" in path.name for path in home.iterdir())
    assert stocked("store", "backup", target).code == USAGE
    assert up.stop() == 0
    assert stocked("store", "restore", target).code == 0
