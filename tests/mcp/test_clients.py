"""`hansa mcp install`: what it adds to each client's file, what it leaves alone, and how it is taken back."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from hansa.entrypoints.mcp.clients import CLIENTS, plan
from tests.cli.conftest import Hansa, Said

SECTION = {"claude": "mcpServers", "cursor": "mcpServers", "vscode": "servers", "codex": "mcp_servers"}


@pytest.fixture
def person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "person"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    return folder


def read(path: Path) -> dict[str, Any]:
    text = path.read_text()
    return tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)


@pytest.mark.parametrize("scope", ["user", "project"])
@pytest.mark.parametrize("name", CLIENTS)
def test_it_is_added_once_and_taken_out_again(
    node: Hansa, home: Path, person: Path, tmp_path: Path, name: str, scope: str
) -> None:
    where = ("--client", name, "--scope", scope, "--project", tmp_path)
    path = CLIENTS[name].file(scope, person, tmp_path)
    path.parent.mkdir(parents=True, exist_ok=True)
    mine = '# mine\nmodel = "m"\n\n[mcp_servers.other]\ncommand = "o"  # keep\n'
    before = mine if path.suffix == ".toml" else json.dumps({"theme": "dark", SECTION[name]: {"other": {"x": 1}}})
    path.write_text(before)
    path.chmod(0o640)

    shown = node("mcp", "install", *where, "--dry-run", "--json").json
    assert shown["dry_run"] and not shown["changed"] and "hansa" in shown["diff"]
    assert path.read_text() == before

    added = node("mcp", "install", *where, "--allow", "publish", "--json").json
    assert added["changed"] and Path(added["copy"]).read_text() == before
    entry = read(path)[SECTION[name]]["hansa"]
    assert Path(entry["command"]).is_absolute()
    assert entry["args"][-3:] == ["mcp", "--allow", "publish"]
    assert entry["env"] == {"HANSA_HOME": str(home)}
    assert "other" in read(path)[SECTION[name]]
    assert path.stat().st_mode & 0o777 == 0o640

    again = node("mcp", "install", *where, "--allow", "publish", "--json").json
    assert not again["changed"] and again["copy"] is None

    assert node("mcp", "uninstall", *where, "--home", tmp_path / "another").code == 2
    assert node("mcp", "uninstall", *where, "--home", home, "--dry-run", "--json").json["diff"]
    gone = node("mcp", "uninstall", *where, "--json").json
    assert gone["changed"]
    assert read(path) == (tomllib.loads(before) if path.suffix == ".toml" else json.loads(before))
    if path.suffix == ".toml":
        assert path.read_text().startswith(mine.rstrip())
    assert not node("mcp", "uninstall", *where, "--json").json["changed"]


@pytest.mark.parametrize("name", CLIENTS)
def test_a_file_that_is_not_there_is_made_for_this_person_only(node: Hansa, person: Path, name: str) -> None:
    path = CLIENTS[name].file("user", person, person)
    assert not node("mcp", "uninstall", "--client", name, "--json").json["changed"]
    assert not path.exists()
    assert node("mcp", "install", "--client", name).code == 0
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(path.parent.glob("*before-hansa*")) == []


@pytest.mark.parametrize("text", ['{"a": 1, // note\n}', "[]", '{"mcpServers": 7}', "{", "\ufeff{}x"])
def test_a_file_that_can_t_be_read_is_left_alone(node: Hansa, person: Path, text: str) -> None:
    path = person / ".claude.json"
    path.write_text(text)
    said = node("mcp", "install", "--client", "claude")
    assert said.code == 2
    assert "left alone" in said.sentence and "by hand" in said.sentence
    assert path.read_text() == text


def test_a_file_kept_elsewhere_stays_a_link(node: Hansa, person: Path) -> None:
    real = person / "dotfiles.json"
    real.write_text("{}")
    (person / ".claude.json").symlink_to(real)
    assert node("mcp", "install", "--client", "claude").code == 0
    assert (person / ".claude.json").is_symlink()
    assert "hansa" in real.read_text()


@pytest.mark.parametrize(
    "words",
    [("--client", "emacs"), ("--client", "claude", "--scope", "world"), ("--client", "claude", "--allow", "all")],
)
def test_words_that_mean_nothing_are_named(node: Hansa, person: Path, words: tuple[str, ...]) -> None:
    assert node("mcp", "install", *words).code == 2


@pytest.mark.parametrize("name", CLIENTS)
def test_a_scope_that_an_install_does_not_name_again_is_told_as_taken_back(
    node: Hansa, person: Path, name: str
) -> None:
    where = ("--client", name)
    first = node("mcp", "install", *where, "--allow", "publish", "--allow", "review", "--json").json
    assert first["no_longer_allowed"] == []
    tried = node("mcp", "install", *where, "--allow", "review", "--dry-run")
    assert "! the entry would no longer give publish" in tried.out
    assert "! the entry no longer gives publish" in node("mcp", "install", *where, "--allow", "review").out
    assert node("mcp", "install", *where, "--json").json["no_longer_allowed"] == ["review"]
    assert "no longer gives" not in node("mcp", "install", *where).out


def _given(said: Said) -> set[str]:
    return {line.split()[0] for line in said.out.splitlines() if line.split()[2:3] == ["yes"]}


def test_the_tools_that_are_listed_are_those_that_an_agent_gets_by_the_settings(
    node: Hansa, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "publish_skill" not in _given(node("mcp", "tools"))
    assert "publish_skill" in _given(node("mcp", "tools", "--allow", "publish"))
    (home / "config.toml").write_text('mcp_allow = ["publish"]\n')
    assert "publish_skill" in _given(node("mcp", "tools"))
    assert {"publish", "review"} <= set(node("mcp", "tools", "--allow", "review", "--json").json["scopes"])
    assert "publish_skill" not in _given(node("mcp", "tools", "--home", tmp_path / "another"))
    monkeypatch.setenv("HANSA_MCP_ALLOW", '["review"]')
    assert "review" in node("mcp", "tools", "--json").json["scopes"]


def test_a_node_without_an_identity_is_entered_nowhere(hansa: Hansa, person: Path) -> None:
    assert hansa("mcp", "install", "--client", "claude").code == 2
    assert not (person / ".claude.json").exists()


def test_without_the_extra_the_command_says_how_to_get_it(
    node: Hansa, person: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hansa.entrypoints.cli import mcp_commands

    monkeypatch.setattr(mcp_commands, "find_spec", lambda name: None)
    for words in (("mcp",), ("mcp", "tools"), ("mcp", "install", "--client", "claude")):
        said = node(*words)
        assert said.code == 2 and "hansa[mcp]" in said.sentence


def test_removing_the_only_server_of_a_toml_leaves_no_empty_table(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(plan(CLIENTS["codex"], path, {"command": "h"}).after)
    assert plan(CLIENTS["codex"], path, None).after.strip() == ""
