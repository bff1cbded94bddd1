"""Entering this node in the configuration of coding agents, and taking it out again.

Each client keeps its MCP servers in a file of its own, for one person or for one project. An entry is added beside what
is there; nothing else of the file changes. Before a file is changed it is copied, under the next free number:

    mcp.json  →  mcp.json.before-hansa-1

A file that can't be read as its form asks (comments in JSON, a slip) is left alone, and what to add by hand is said.
"""

from __future__ import annotations

import difflib
import json
import os
import sys
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from hansa.kernel.errors import UsageError

SERVER = "hansa"
SCOPES = ("user", "project")

Entry = dict[str, Any]
Edit = Callable[[str, str, Entry | None], str]
"""Returns a file's text with the entry set in the section of that name, or without it."""


@dataclass(frozen=True, slots=True)
class Client:
    """A coding agent: where its files are, from the home folder and from a project's, and how they are written.

    Attributes:
        section: of the file; the servers stand there by name.
    """

    name: str
    title: str
    user: tuple[str, ...]
    project: tuple[str, ...]
    section: str
    edit: Edit
    typed: bool = True

    def file(self, scope: str, home: Path, project: Path) -> Path:
        """Returns the file of a scope."""
        return home.joinpath(*self.user) if scope == "user" else project.joinpath(*self.project)


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of a file."""

    path: Path
    before: str
    after: str

    @property
    def needed(self) -> bool:
        """Whether anything changes."""
        return self.before != self.after

    @property
    def diff(self) -> str:
        """The change, for people."""
        lines = difflib.unified_diff(
            self.before.splitlines(), self.after.splitlines(), str(self.path), str(self.path), "now", "then", 1, ""
        )
        return "\n".join(lines)


def entry(directory: Path, allow: tuple[str, ...], typed: bool) -> Entry:
    """Returns how a client starts this very Hansa on a data directory; nothing in it depends on a shell or a PATH."""
    beside = Path(sys.executable).parent / "hansa"
    command = [str(beside)] if beside.is_file() else [sys.executable, "-m", "hansa.entrypoints.cli.main"]
    words = [word for scope in allow for word in ("--allow", scope)]
    made: Entry = {"type": "stdio"} if typed else {}
    made |= {"command": command[0], "args": [*command[1:], "mcp", *words]}
    return made | {"env": {"HANSA_HOME": str(directory.absolute())}}


def allowed(client: Client, text: str) -> frozenset[str]:
    r"""Returns the scopes that the entry in a file's text gives by `--allow`; none where no entry of ours is.

    >>> sorted(allowed(CLIENTS["codex"], '[mcp_servers.hansa]\nargs = ["mcp", "--allow", "publish"]'))
    ['publish']
    """
    try:
        whole = tomllib.loads(text) if client.edit is _toml else json.loads(text or "{}")
        words = [str(word) for word in whole[client.section][SERVER]["args"]]
    except (ValueError, LookupError, TypeError):  # somebody else's words: `plan` says what can't be read
        return frozenset()
    pairs = pairwise(words)
    given = [after for word, after in pairs if word == "--allow"]
    given += [word.removeprefix("--allow=") for word in words if word.startswith("--allow=")]
    return frozenset(one.strip() for text in given for one in text.split(",") if one.strip())


def plan(client: Client, path: Path, value: Entry | None) -> Change:
    """Returns what setting the entry (or removing it: None) makes of a file; nothing is written.

    Raises:
        UsageError: the file can't be read, or is not of the client's form.
    """
    path = path.resolve()  # a link to a file kept elsewhere stays a link
    try:
        before = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        before = ""
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"can't read {path} ({error}): nothing was changed") from None
    if value is None and not before.strip():
        return Change(path, before, before)
    try:
        return Change(path, before, client.edit(before, client.section, value))
    except ValueError as error:
        wanted = f": add by hand {json.dumps({SERVER: value})}" if value else ""
        raise UsageError(f"{path} can't be read ({error}), and was left alone{wanted}") from None


def carry_out(change: Change) -> Path | None:
    """Writes a change, whole or not at all; returns the copy of what was there before, if anything was.

    Raises:
        UsageError: the file can't be written.
    """
    path = change.path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        copy = _copy(path) if path.exists() else None
        fresh = path.with_name(f"{path.name}.hansa-new")
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o600
        fresh.unlink(missing_ok=True)
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(change.after)
        fresh.replace(path)
    except OSError as error:
        raise UsageError(f"can't write {path} ({error.strerror}): nothing was changed") from None
    return copy


def _copy(path: Path) -> Path:
    number = 1
    while (copy := path.with_name(f"{path.name}.before-hansa-{number}")).exists():
        number += 1
    handle = os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, path.stat().st_mode & 0o777)
    with os.fdopen(handle, "wb") as file:
        file.write(path.read_bytes())
    return copy


def _json(text: str, section: str, value: Entry | None) -> str:
    """Edits a JSON file."""
    whole = json.loads(text) if text.strip() else {}
    servers = whole.get(section, {}) if isinstance(whole, dict) else None
    if not isinstance(servers, dict):
        raise ValueError(f"{section} is no object")
    if servers.get(SERVER) == value:
        return text
    if value is None:
        servers.pop(SERVER)
    else:
        whole[section] = servers | {SERVER: value}
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def _toml(text: str, section: str, value: Entry | None) -> str:
    """Edits a TOML file whose servers are tables in the section; comments and order stay."""
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        whole = tomlkit.parse(text)
    except TOMLKitError as error:
        raise ValueError(str(error)) from None
    servers = whole.get(section)
    if servers is not None and not isinstance(servers, dict):
        raise ValueError(f"{section} is no table")
    held = servers.get(SERVER) if servers is not None else None
    if (held.unwrap() if held is not None else None) == value:
        return text
    if value is None and servers is not None:
        del servers[SERVER]
        if not servers:
            whole.remove(section)
        return tomlkit.dumps(whole)
    if servers is None:
        servers = whole.setdefault(section, tomlkit.table(is_super_table=True))
    servers[SERVER] = value
    return tomlkit.dumps(whole)


_CODE = ("Library", "Application Support", "Code") if sys.platform == "darwin" else (".config", "Code")

CLIENTS = {
    one.name: one
    for one in (
        Client("claude", "Claude Code", (".claude.json",), (".mcp.json",), "mcpServers", _json),
        Client(
            "codex", "Codex", (".codex", "config.toml"), (".codex", "config.toml"), "mcp_servers", _toml, typed=False
        ),
        Client("cursor", "Cursor", (".cursor", "mcp.json"), (".cursor", "mcp.json"), "mcpServers", _json),
        Client("vscode", "VS Code", (*_CODE, "User", "mcp.json"), (".vscode", "mcp.json"), "servers", _json),
    )
}
"""The clients that are known, by the word of `--client`."""
