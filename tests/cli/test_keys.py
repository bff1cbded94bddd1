"""hansa key …: what it says, what it leaves on the disk, and that a crash at any step leaves old keys or new ones."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from hansa.adapters.guard import Guard, Outbound, Target
from hansa.adapters.keys import FileKeys
from hansa.kernel.errors import Unavailable
from tests.cli.conftest import Hansa, Up, outside
from tests.cli.test_every_command import MINE


def signing(hansa: Hansa) -> str:
    return hansa("key", "show", "--json").json["signing_keys"][0]


def test_init_says_where_the_root_key_is_and_first_of_all_the_id(hansa: Hansa, home: Path) -> None:
    said = hansa("init")
    assert said.code == 0
    assert said.out.strip() == hansa("id").out.strip()
    assert str(home / "root.key") in said.err and "hansa key move-root" in said.err
    for name in ("key", "root.key", "roots.jsonl"):
        assert stat.S_IMODE((home / name).stat().st_mode) == 0o600
    assert {one.name for one in home.iterdir()} == {"key", "root.key", "roots.jsonl"}


def test_the_day_to_day_key_alone_cannot_change_keys(node: Hansa, home: Path, tmp_path: Path) -> None:
    id_ = node("id").out.strip()
    (tmp_path / "safe").mkdir()
    said = node("key", "move-root", tmp_path / "safe")
    assert said.code == 0
    moved = tmp_path / "safe" / "root.key"
    assert stat.S_IMODE(moved.stat().st_mode) == 0o600
    assert not (home / "root.key").exists()
    for command in (("rotate",), ("recover",), ("revoke", signing(node)), ("rotate-root", "--to", tmp_path / "new")):
        said = node("key", *command)
        assert said.code == 2, command
        assert "--root-key" in said.sentence
        said = node("key", *command, "--root-key", home / "key")
        assert said.code == 2
        assert "a signing key" in said.sentence
    assert node("status").code == 0  # the node runs without it
    assert node("key", "rotate", "--root-key", moved).code == 0
    assert node("id").out.strip() == id_
    assert not (home / "root.key").exists()


def test_rotating_shows_the_old_key_and_what_it_is_good_for(node: Hansa) -> None:
    before = signing(node)
    said = node("key", "rotate", "--json")
    assert (said.code, said.json["version"], said.json["to_be_told"]) == (0, 2, [])
    shown = node("key", "show", "--json").json
    assert [one["key"] for one in shown["retired"]] == [before]
    assert shown["signing_keys"] == said.json["signing_keys"] != [before]
    assert before in node("key", "show").out
    assert node("key", "revoke", before, "--after", "1000").code == 0
    assert node("key", "show", "--json").json["retired"][0]["until"] == 1000
    said = node("key", "revoke", before, "--after", "2000")
    assert (said.code, "rollback" in said.sentence) == (1, True)


def test_after_a_revocation_it_is_said_what_to_do_for_all_and_which_number_stands(node: Hansa, tmp_path: Path) -> None:
    assert node("key", "show", "--json").json["last_seq"] is None  # its own metadata is no record that it gives
    skill = tmp_path / "mine.py"
    skill.write_text(MINE)
    node("skill", "add", skill)
    assert node("prove").code == 0
    last = node("key", "show", "--json").json["last_seq"]
    assert str(last) in node("key", "show").out
    said = node("key", "revoke", signing(node), "--after", str(last - 1))
    assert "hansa prove, then hansa publish" in said.out
    assert "no record of its own stands yet" in node("key", "show").out
    assert [one["state"] for one in node("skill", "list", "--json").json["skills"]] == ["quarantined"]
    assert node("prove", "--json").json["counts"] == {"proved": 1}
    assert node("key", "show", "--json").json["last_seq"] > last


def test_wrong_words_are_said_to_be_wrong(node: Hansa, tmp_path: Path, home: Path) -> None:
    (tmp_path / "x").write_text("nonsense")
    (tmp_path / "x").chmod(0o600)
    shutil.copy(home / "root.key", tmp_path / "open")
    (tmp_path / "notes").write_text("milk, bread")
    (tmp_path / "notes").chmod(0o644)
    (tmp_path / "open").chmod(0o644)
    here = signing(node)
    for words, what in (
        (("revoke", "nobody"), "no key"),
        (("revoke", node("id").out.strip()), "never signed"),
        (("revoke", here, "--after", "yesterday"), "give now"),
        (("revoke", here, "--after", "-3"), ""),
        (("rotate", "--root-key", tmp_path / "absent"), "no root key at"),
        (("rotate", "--root-key", tmp_path / "x"), "no root key"),
        (("rotate", "--root-key", tmp_path / "open"), "chmod 600"),
        (("rotate", "--root-key", tmp_path / "notes"), "holds no root key"),
        (("rotate-root", "--to", home / "root.key"), "in force"),
        (("move-root", home / "key"), "never overwritten"),
    ):
        said = node("key", *words)
        assert said.code == 2, words
        assert what in said.err, words
    assert node("key", "show", "--json").json["version"] == 1
    assert signing(node) == here


def test_a_root_key_of_another_node_is_not_this_ones(node: Hansa, home: Path, tmp_path: Path, monkeypatch) -> None:
    shutil.copy(home / "root.key", tmp_path / "first")
    monkeypatch.setenv("HANSA_HOME", str(tmp_path / "other"))
    node("init")
    said = node("key", "rotate", "--root-key", tmp_path / "first")
    assert (said.code, "this node is" in said.sentence) == (2, True)


def test_a_new_root_key_replaces_the_old_one_and_the_id_stays(node: Hansa, home: Path, tmp_path: Path) -> None:
    id_ = node("id").out.strip()
    said = node("key", "rotate-root", "--to", tmp_path / "second")
    assert said.code == 0, said
    assert node("key", "rotate").code == 2  # the old file is good for nothing
    assert node("key", "rotate", "--root-key", tmp_path / "second").code == 0
    assert node("id").out.strip() == id_


def test_a_lost_signing_key_is_made_anew(node: Hansa, home: Path) -> None:
    id_, before = node("id").out.strip(), signing(node)
    (home / "key").unlink()
    for words in (("status",), ("up", "--port", "0"), ("key", "show"), ("key", "rotate")):
        said = node(*words)
        assert said.code == 2
        assert "hansa key recover" in said.sentence
    said = node("init")
    assert (said.code, "hansa key recover" in said.sentence) == (2, True)
    said = node("key", "recover", "--json")
    assert (said.code, said.json["version"]) == (0, 2)
    assert node("id").out.strip() == id_
    assert signing(node) != before


def test_a_node_that_is_up_changes_keys_itself_and_a_lost_directory_comes_back_from_who_knows_it(
    node: Hansa, up: Up, home: Path, tmp_path: Path, monkeypatch
) -> None:
    assert node("key", "rotate").code == 0
    assert node("key", "move-root", tmp_path / "root").code == 0
    version = node("key", "show", "--json").json["version"]
    assert version == 2
    monkeypatch.setenv("HANSA_HOME", str(tmp_path / "new"))
    said = node("key", "recover", "--root-key", tmp_path / "root")
    assert (said.code, "--from" in said.sentence) == (2, True)
    said = node("key", "recover", "--root-key", tmp_path / "root", "--from", "http://127.0.0.1:1")
    assert said.code == 4
    said = node("key", "recover", "--root-key", tmp_path / "root", "--from", up.url)
    assert said.code == 0, said
    assert node("id").out.strip() == up.id
    assert node("key", "show", "--json").json["version"] == 3


def test_recovering_connects_only_to_where_the_operator_lets_this_node(node: Hansa, home: Path, tmp_path: Path) -> None:
    """192.0.2.0/24 is a network of documentation: without the setting it is not called, with it nobody answers."""
    assert node("key", "move-root", tmp_path / "root").code == 0
    for name in ("key", "roots.jsonl", "hansa.db"):
        (home / name).unlink(missing_ok=True)
    asked: list[Outbound | None] = []

    class Nobody(Guard):
        """Remembers with which setting an address was asked about, and lets nothing through."""

        def __init__(self, outbound: Outbound | None = None) -> None:
            self.outbound = outbound
            super().__init__(outbound)

        async def target(self, url: str, own: bool = True) -> Target:
            asked.append(self.outbound)
            raise Unavailable("nobody answers")

    (home / "config.toml").write_text('[outbound]\nlan = ["192.0.2.0/24"]\n')
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hansa.entrypoints.recovery.Guard", Nobody)
        said = node("key", "recover", "--root-key", tmp_path / "root", "--from", "http://192.0.2.1:8470")
    assert said.code == 4
    assert asked == [Outbound(lan=("192.0.2.0/24",))]


def test_a_home_of_one_key_is_parted_and_its_records_stay(hansa: Hansa, home: Path, tmp_path: Path) -> None:
    """Homes made before there were signing keys: the one key becomes the root key."""
    home.mkdir(mode=0o700)
    made = FileKeys.create(home / "key")
    assert hansa("id").out.strip() == made.node_id
    assert "one key for everything" in hansa("key", "show").out
    skill = tmp_path / "mine.py"
    skill.write_text(MINE)
    added = hansa("skill", "add", skill, "--json").json["added"][0]["trace_id"]
    assert hansa("prove", added).code == 0
    assert hansa("publish", added).code == 0
    assert hansa("key", "rotate").code == 0
    assert hansa("id").out.strip() == made.node_id
    assert (home / "root.key").is_file()
    assert hansa("skill", "export", added).out.count("\n") == 2  # who signs, and the record that the old key signed
    assert hansa("key", "move-root", tmp_path / "root").code == 0
    assert hansa("ledger", "verify").code == 0
    assert hansa("publish", added, "--dry-run").code == 0


STEPS = ("prepare", "adopt", "perform", "write_roots")
CRASH = """
import os, sys
from hansa.adapters import keys
from hansa.entrypoints import app, home
from hansa.node import driver
from hansa.entrypoints.cli.main import run
step, after = sys.argv.pop(1), sys.argv.pop(1) == "after"

def dying(function):
    def one(*args, **kwargs):
        if after:
            function(*args, **kwargs)
        os._exit(99)
    return one

async def performing(self, effects):
    if any(type(change).__name__ == "PutRecord" for change in effects.changes):
        if after:
            await honest(self, effects)
        os._exit(99)
    await honest(self, effects)

honest = driver.Driver.perform
if step == "perform":
    driver.Driver.perform = performing
elif step == "write_roots":
    app.write_roots = dying(app.write_roots)
else:
    setattr(keys.FileKeys, step, dying(getattr(keys.FileKeys, step)))
sys.argv[0] = "hansa"
run()
"""


@pytest.mark.parametrize("after", ["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_killed_at_any_step_the_old_keys_are_whole_or_the_new_ones(
    node: Hansa, home: Path, step: str, after: str
) -> None:
    before, id_ = signing(node), node("id").out.strip()
    given = {name: value for name, value in os.environ.items() if not name.startswith("HANSA_")}
    command = [sys.executable, "-c", CRASH, step, after, "key", "rotate"]
    done = subprocess.run(command, env=given | {"HANSA_HOME": str(home)}, capture_output=True, text=True, timeout=60)
    assert done.returncode == 99, done
    shown = node("key", "show", "--json").json
    assert (shown["version"], shown["signing_keys"] == [before]) in ((1, True), (2, False))
    assert node("id").out.strip() == id_
    assert not (home / "key.next").exists()
    assert len((home / "roots.jsonl").read_bytes().splitlines()) == shown["version"]
    assert node("key", "rotate", "--json").json["version"] == shown["version"] + 1


def test_a_folder_that_may_not_be_written_to_leaves_the_keys_as_they_are(node: Hansa, home: Path) -> None:
    before = signing(node)
    node("status")
    home.chmod(0o500)
    try:
        said = outside(home, "key", "rotate")
        assert said.code in (2, 4)
        assert said.err.startswith("hansa: ") and "Traceback" not in said.err
    finally:
        home.chmod(0o700)
    assert signing(node) == before
