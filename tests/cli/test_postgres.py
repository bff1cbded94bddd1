"""A node whose rows are in PostgreSQL: how it is made, what goes there, and what is refused."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from hansa.adapters.store import connections
from hansa.entrypoints.doctor import _settings, here
from tests.cli.conftest import Hansa, Up
from tests.store import postgres_server
from tests.store.postgres_server import Server, run

USAGE, UNAVAILABLE = 2, 4
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
def url(postgres: Server) -> str:
    return postgres.fresh()


@pytest.fixture
def skill(tmp_path: Path) -> Path:
    path = tmp_path / "double.py"
    path.write_text(SKILL)
    return path


@pytest.fixture
def node_there(hansa: Hansa, url: str) -> Hansa:
    """Gives a node that was made with a database."""
    assert hansa("init", "--store", url).code == 0
    return hansa


def files(home: Path) -> set[str]:
    return {one.name for one in home.iterdir()}


def test_a_node_made_with_a_database_keeps_no_row_in_a_file(
    node_there: Hansa, home: Path, url: str, skill: Path
) -> None:
    assert node_there("skill", "add", skill).code == 0
    assert node_there("store", "check", "--full").out.startswith("whole: 1 records, 1 skills")
    assert node_there("find", "double a number", "--all").code == 0
    assert not [name for name in files(home) if name.startswith("hansa.db")]
    assert run(url, "SELECT count(*) FROM skills") == [1]
    doctor = json.loads(node_there("doctor", "--json").out)["checks"]
    (told,) = [one for one in doctor if one["name"] == "store"]
    assert url in told["text"] and "1 records" in told["text"]
    assert "fsync is off" in told["text"]  # as the tests' own server is
    assert node_there("store", "check", "--json").json["store"] == url


def test_a_node_that_is_up_keeps_its_rows_there(node: Hansa, home: Path, url: str, skill: Path) -> None:
    up = Up(home, "--store", url)
    try:
        assert node("skill", "add", skill).code == 0
        assert node("status", "--json").json["own"] == 1
        assert node("store", "check", "--full").code == 0
        said = node("store", "backup", home.parent / "backup")
        assert (said.code, "pg_dump" in said.sentence) == (USAGE, True)
        assert node("store", "export", home.parent / "rows").code == 0
        assert node("store", "migrate", "--to", "sqlite").code != 0
    finally:
        assert up.stop() == 0
    assert not [name for name in files(home) if name.startswith("hansa.db")]
    said = node("skill", "list")  # the flag is left out: no empty file may take the database's place
    assert said.code == USAGE
    assert url in said.sentence
    assert node("store", "check").code == 0


def test_a_node_outlives_its_server(node: Hansa, home: Path, skill: Path) -> None:
    folder = postgres_server.binaries()
    if folder is None:
        pytest.skip(postgres_server.HOW)
    with postgres_server.made(folder) as (place, other):
        with postgres_server.serving(folder, place, other) as url:
            run(url, "CREATE DATABASE hansa")
            up = Up(home, "--store", url.replace("/postgres?", "/hansa?"))
        said = node("status")
        assert said.code == UNAVAILABLE and "start the server" in said.sentence
        said = node("skill", "add", skill)
        assert said.code != 0 and "start the server" in said.out + said.err
        assert up.process.poll() is None
        with postgres_server.serving(folder, place, other):
            assert node("skill", "add", skill).code == 0
            assert node("status", "--json").json["own"] == 1
            assert up.stop() == 0


def test_a_server_that_does_not_answer_makes_nothing(hansa: Hansa, home: Path, tmp_path: Path) -> None:
    said = hansa("init", "--store", f"postgresql://hansa@/hansa?host={tmp_path}")
    assert said.code == UNAVAILABLE
    assert "start the server" in said.sentence
    assert not (home / "key").exists() and not (home / "config.toml").exists()


def test_without_the_extra_a_command_says_what_to_install(node: Hansa, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [one for one in sys.modules if one.partition(".")[0] == "asyncpg" or "store.postgres" in one]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "asyncpg", None)
    monkeypatch.setenv("HANSA_STORE__URL", "postgresql://hansa@/hansa")
    for words in (("status",), ("store", "check"), ("store", "export", "rows")):
        said = node(*words)
        assert said.code == USAGE
        assert "pip install 'hansa[postgres]'" in said.sentence


@pytest.mark.parametrize("how", ["flag", "init", "variable", "file", "migrate"])
def test_a_password_is_refused_wherever_it_stands_and_never_shown(
    node: Hansa, home: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    url = "postgresql://hansa:hunter22@db.example.org/hansa"
    if how == "variable":
        monkeypatch.setenv("HANSA_STORE__URL", url)
    if how == "file":
        (home / "config.toml").write_text(f'[store]\nurl = "{url}"\n')
    words = {
        "flag": ("up", "--store", url), "init": ("init", "--store", url), "migrate": ("store", "migrate", "--to", url),
    }.get(how, ("status",))  # fmt: skip
    said = node(*words)
    assert said.code == USAGE
    assert "must not hold a password" in said.sentence
    if how == "file":
        assert "hunter22" not in "".join(map(str, (*_settings(home, False)[2], here.store(home))))
    for shown in (said, node("config", "show"), node("config", "check"), node("store", "check")):
        assert "hunter22" not in shown.out + shown.err


def test_two_nodes_may_not_share_a_database(
    node_there: Hansa, home: Path, url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HANSA_HOME", str(tmp_path / "other"))
    said = node_there("init", "--store", url)
    assert said.code == USAGE
    assert "a database of its own" in said.sentence
    assert node_there("init").code == 0
    monkeypatch.setenv("HANSA_STORE__URL", url)
    said = node_there("status")
    assert said.code == USAGE
    assert "a database of its own" in said.sentence


def test_rows_move_there_and_back(node: Hansa, home: Path, url: str, skill: Path, tmp_path: Path) -> None:
    assert node("skill", "add", skill).code == 0
    assert node("store", "export", tmp_path / "before").code == 0
    said = node("store", "migrate", "--to", url, "--json")
    assert said.json["store"] == url and said.json["rows"] > 2
    assert "hansa.db" not in files(home) and "hansa.db.moved-1" in files(home)
    assert node("store", "check", "--full").code == 0
    assert node("store", "export", tmp_path / "there").code == 0
    assert node("skill", "list", "--json").json["skills"]
    said = node("store", "migrate", "--to", "sqlite")
    assert said.code == USAGE and "config.toml" in said.sentence
    (home / "config.toml").unlink()
    assert node("store", "migrate", "--to", "sqlite").code == 0
    assert node("store", "export", tmp_path / "back").code == 0
    before, there, back = ((tmp_path / name).read_bytes() for name in ("before", "there", "back"))
    assert before == there == back
    assert node("skill", "list", "--json").json["skills"]
    assert run(url, "SELECT count(*) FROM skills") == [1]


def test_a_move_that_was_interrupted_is_finished_by_doing_it_again(
    node: Hansa, home: Path, url: str, skill: Path
) -> None:
    assert node("skill", "add", skill).code == 0
    kept = (home / "hansa.db").read_bytes()
    assert node("store", "migrate", "--to", url).code == 0
    (home / "hansa.db").write_bytes(kept)  # as if it had ended before the file was put aside
    said = node("skill", "list")
    assert said.code == USAGE and "hansa store migrate" in said.sentence
    assert node("store", "migrate", "--to", url).code == 0
    assert node("skill", "list", "--json").json["skills"]
    assert run(url, "SELECT count(*) FROM skills") == [1]


def test_a_database_with_rows_in_it_is_not_moved_into(node: Hansa, home: Path, url: str, skill: Path) -> None:
    assert node("skill", "add", skill).code == 0
    kept = (home / "hansa.db").read_bytes()
    assert node("store", "migrate", "--to", url).code == 0
    skill.write_text(SKILL.replace("Double", "Really double"))
    assert node("skill", "add", skill).code == 0
    (home / "hansa.db").write_bytes(kept)
    said = node("store", "migrate", "--to", url)
    assert said.code == USAGE and "name an empty database" in said.sentence
    assert run(url, "SELECT count(*) FROM skills") == [2]
    assert (home / "hansa.db").read_bytes() == kept


def test_a_file_is_taken_in_whole_and_the_node_asks_first(
    node: Hansa, home: Path, url: str, skill: Path, tmp_path: Path
) -> None:
    assert node("skill", "add", skill).code == 0
    assert node("store", "export", tmp_path / "rows").code == 0
    (home / "config.toml").write_text(f'[store]\nurl = "{url}"\n')
    (home / "hansa.db").rename(tmp_path / "hansa.db")
    assert node("store", "import", tmp_path / "rows", "--json").json["rows"] > 2
    assert node("skill", "list", "--json").json["skills"]
    assert node("store", "repair", "--json").json["asks_first"]
    said = node("store", "import", tmp_path / "rows")
    assert said.code == USAGE and "empty database" in said.sentence
    assert node("store", "restore", tmp_path).code == USAGE


def test_a_file_of_another_node_is_refused(
    node: Hansa, home: Path, skill: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert node("skill", "add", skill).code == 0
    assert node("store", "export", tmp_path / "rows").code == 0
    monkeypatch.setenv("HANSA_HOME", str(tmp_path / "other"))
    assert node("init").code == 0
    said = node("store", "import", tmp_path / "rows")
    assert said.code == USAGE and "its key is not in" in said.sentence
    assert not (tmp_path / "other" / "hansa.db").exists()


def test_a_file_in_the_place_of_what_is_there_keeps_that_aside(node: Hansa, home: Path, skill: Path) -> None:
    assert node("skill", "add", skill).code == 0
    assert node("store", "export", home.parent / "rows").code == 0
    said = node("store", "import", home.parent / "rows", "--json")
    assert Path(said.json["kept"], "hansa.db").is_file()
    assert node("skill", "list", "--json").json["skills"]
    assert connections.lost_from_log(home / "hansa.db") is None
