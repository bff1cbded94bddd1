"""Completion: a real bash completes commands, options and ids; nothing is made, nothing is said."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
import typer.main

from hansa.entrypoints.cli.federation_commands import REPORTS
from hansa.entrypoints.cli.main import cli
from hansa.entrypoints.config import Config
from hansa.entrypoints.mcp.clients import CLIENTS, SCOPES
from hansa.entrypoints.mcp.scopes import AGENT, EVERYTHING
from hansa.entrypoints.operations.outbox import STATES
from hansa.node.events import BY_CODE
from hansa.skills.model import Origin, SkillState
from hansa.skills.reflections import Went
from tests.cli.conftest import Hansa
from tests.cli.test_every_command import MINE


def bash(folder: Path, script: str, **environment: str) -> str:
    """Runs a script in a bash of its own, whose home is an empty folder; nothing may come up on standard error."""
    given = {name: value for name, value in os.environ.items() if not name.startswith(("HANSA_", "_HANSA_"))}
    path = f"{Path(sys.executable).parent}{os.pathsep}{given['PATH']}"
    done = subprocess.run(
        ["bash", "--norc", "-c", script], cwd=folder, env=given | {"HOME": str(folder), "PATH": path} | environment,
        capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


def completed(folder: Path, *words: str, **environment: str) -> list[str]:
    """Returns what bash offers for the last word when the tab key is pressed."""
    typed = " ".join(f"'{word}'" for word in words)
    return bash(
        folder,
        'eval "$(_HANSA_COMPLETE=source_bash hansa)"; complete -p hansa >/dev/null\n'
        f"COMP_WORDS=({typed}); COMP_CWORD={len(words) - 1}; _hansa_completion hansa\n"
        "printf '%s\\n' \"${COMPREPLY[@]}\"",
        **environment,
    ).split()


def test_bash_completes_commands_and_options(tmp_path: Path) -> None:
    assert completed(tmp_path, "hansa", "pub") == ["publish"]
    assert {"add", "list", "ban"} <= set(completed(tmp_path, "hansa", "peer", ""))
    assert completed(tmp_path, "hansa", "skill", "show", "--js") == ["--json"]


def test_bash_completes_the_ids_of_skills_and_makes_nothing(node: Hansa, home: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(MINE)
    id_ = node("skill", "add", tmp_path / "mine.py", "--json").json["added"][0]["trace_id"]
    before = {path: path.stat().st_mtime_ns for path in home.iterdir()}
    assert completed(tmp_path, "hansa", "skill", "show", id_[:2], HANSA_HOME=str(home)) == [id_[:12]]
    assert completed(tmp_path, "hansa", "prove", "", HANSA_HOME=str(home)) == [id_[:12]]
    assert {path: path.stat().st_mtime_ns for path in home.iterdir()} == before


VALUES: dict[tuple[str, ...], Iterable[str]] = {
    ("up", "--role"): ("node", "hub"),
    ("up", "--log-level"): get_args(get_type_hints(Config)["log_level"]),
    ("restart", "--role"): ("node", "hub"),
    ("mcp", "install", "--client"): CLIENTS,
    ("mcp", "uninstall", "--client"): CLIENTS,
    ("mcp", "install", "--scope"): SCOPES,
    ("mcp", "--allow"): EVERYTHING - AGENT,
    ("mcp", "serve", "--allow"): EVERYTHING - AGENT,
    ("skill", "list", "--state"): SkillState,
    ("skill", "list", "--origin"): Origin,
    ("skill", "export", "--format"): ("envelopes", "skill-md"),
    ("outbox", "list", "--state"): STATES,
    ("reflect", "list", "--outcome"): Went,
    ("reflect", "report", "--outcome"): Went,
    ("reflect", "add"): Went,
    ("subscribe", "http://127.0.0.1:1", "--report"): REPORTS,
    ("events", "--kind"): BY_CODE,
}


@pytest.mark.parametrize("typed", VALUES, ids=" ".join)
def test_the_words_that_an_option_takes_are_offered(tmp_path: Path, typed: tuple[str, ...]) -> None:
    """Asked as bash asks: with what was typed in variables."""
    asked = {"COMP_WORDS": " ".join(("hansa", *typed, "")), "COMP_CWORD": str(len(typed) + 1)}
    said = bash(tmp_path, "hansa", _HANSA_COMPLETE="complete_bash", **asked)
    assert sorted(said.split()) == sorted(map(str, VALUES[typed]))


def test_bash_completes_such_words(tmp_path: Path) -> None:
    assert completed(tmp_path, "hansa", "up", "--role", "h") == ["hub"]
    assert completed(tmp_path, "hansa", "events", "--kind", "skill.pro") == ["skill.proved"]


def test_no_option_that_names_its_words_is_left_without_completion() -> None:
    """An option whose help is a list of words ("a, b or c") completes them."""
    listed = re.compile(r"\b\w+(, \w+)* or \w+\.$")
    bare = []

    def walk(command: Any, path: tuple[str, ...]) -> None:
        for name, inner in getattr(command, "commands", {}).items():
            walk(inner, (*path, name))
        for one in command.params:
            if listed.search(getattr(one, "help", "") or "") and one._custom_shell_complete is None:
                bare.append(" ".join((*path, one.name)))

    walk(typer.main.get_command(cli), ("hansa",))
    assert sorted(bare) == []


def test_where_no_node_is_nothing_is_offered_and_nothing_made(tmp_path: Path) -> None:
    assert completed(tmp_path, "hansa", "skill", "show", "", HANSA_HOME=str(tmp_path / "none")) == []
    assert list(tmp_path.iterdir()) == []


def test_it_is_installed_for_the_shell_it_is_typed_in(tmp_path: Path) -> None:
    said = bash(tmp_path, "hansa --install-completion; true")  # the `true` keeps bash there as the program's parent
    assert "bash completion installed" in said
    assert "_hansa_completion hansa" in bash(tmp_path, 'source "$HOME/.bashrc"; complete -p hansa')
    assert "complete -o default -F _hansa_completion hansa" in bash(tmp_path, "hansa --show-completion; true")


@pytest.mark.parametrize(
    ("shell", "script", "asked"),
    [
        ("zsh", "#compdef hansa", {}),
        ("fish", "complete --command hansa", {"_TYPER_COMPLETE_FISH_ACTION": "get-args"}),
    ],
)  # fmt: skip
def test_other_shells_get_a_script_and_answers(tmp_path: Path, shell: str, script: str, asked: dict[str, str]) -> None:
    assert script in bash(tmp_path, "hansa", _HANSA_COMPLETE=f"source_{shell}")
    assert "publish" in bash(
        tmp_path, "hansa", _HANSA_COMPLETE=f"complete_{shell}", _TYPER_COMPLETE_ARGS="hansa pub", **asked
    )
