"""Plays a page: types its console blocks in terminals of their own, and holds what comes up against what is shown."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from hansa.adapters import background
from hansa.adapters.lock import holder
from tests.docs.pages import Block, blocks, name_of

STAYS_UP = "hansa up"
"""The one command that does not end by itself."""

DETACHES = re.compile(r" (--detach|-d)\b")
READY = "is up at"
LIMIT_SECONDS = 60

_DID = r"did:key:z[1-9A-HJ-NP-Za-km-z]{8,}"
_HEX = r"\b[0-9a-f]{12,64}\b"
_NUMBER = r"\d[\d.,:TZ-]*"
_CODE = r"\b[0-9A-HJKMNP-TV-Z]{4}(?:-[0-9A-HJKMNP-TV-Z]{4}){4}\b"
_INVITATION = r"(?<=\binvitation )[0-9a-f]{8}\b"
_VARIABLE = re.compile(
    rf"(?P<code>{_CODE})|(?P<invitation>{_INVITATION})|(?P<did>{_DID})|(?P<hex>{_HEX})"
    rf"|(?P<number>{_NUMBER})|(?P<blank>[ \t]+)|(?P<any>…)"
)


@dataclass(slots=True)
class Terminal:
    """A window: its environment, and the node that was left running in it."""

    environment: dict[str, str]
    process: subprocess.Popen[str] | None = None


@dataclass(slots=True)
class Player:
    """Someone who follows a page to the letter, in an empty folder."""

    folder: Path
    terminals: dict[str, Terminal] = field(default_factory=dict)
    real: dict[str, str] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)

    def play(self, page: Path) -> int:
        """Follows a page from its first block to its last; returns how many commands were typed."""
        typed = 0
        here = "first"
        try:
            for block in blocks(page):
                where = f"{name_of(page)}:{block.line}"
                here = block.notes.get("terminal", here)
                if "file" in block.notes:
                    self._save(block)
                elif block.language == "console" and "not run" not in block.notes and _has(block.notes.get("needs")):
                    typed += self._type(block, self._terminal(here), where)
        finally:
            self._close()
        return typed

    def _terminal(self, name: str) -> Terminal:
        if name not in self.terminals:
            known = {key: value for key, value in os.environ.items() if not key.startswith("HANSA_")}
            tools = str(Path(sys.executable).parent)
            known |= {"PATH": f"{tools}{os.pathsep}{known['PATH']}", "HOME": str(self.folder), "COLUMNS": "160"}
            known |= {"XDG_DATA_HOME": str(self.folder / "data"), "PYTHONWARNINGS": "default", "LC_ALL": "C.UTF-8"}
            known["HANSA_PORT"] = str(self._free("8470"))  # whoever names no port; another node may be up here
            self.terminals[name] = Terminal(known)
        return self.terminals[name]

    def _save(self, block: Block) -> None:
        path = self.folder / block.notes["file"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self._as_real(block.text), encoding="utf-8")

    def _type(self, block: Block, terminal: Terminal, where: str) -> int:
        steps = _steps(block.text)
        for number, (command, shown) in enumerate(steps, 1):
            expected = int(block.notes.get("exit", 0)) if number == len(steps) else 0
            if command == "^C":
                self._interrupt(terminal, where)
                continue
            real = self._as_real(command)
            if real.startswith("export "):
                name, _, value = real.removeprefix("export ").partition("=")
                terminal.environment[name] = shlex.split(value.replace("$PWD", str(self.folder)))[0]
                continue
            output = self._run(real, terminal, expected, f"{where}: $ {command}")
            self._compare(shown, output, f"{where}: $ {command}")
        return len(steps)

    def _run(self, command: str, terminal: Terminal, expected: int, where: str) -> str:
        if command.startswith(STAYS_UP) and not DETACHES.search(command):
            return self._start(command, terminal, where)
        done = subprocess.run(
            ["bash", "-c", command], cwd=self.folder, env=terminal.environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=LIMIT_SECONDS, check=False,
        )  # fmt: skip
        assert done.returncode == expected, f"{where}\nends with {done.returncode}, not {expected}:\n{done.stdout}"
        return done.stdout

    def _start(self, command: str, terminal: Terminal, where: str) -> str:
        assert terminal.process is None, f"{where}\na node is still running in this terminal"
        terminal.process = subprocess.Popen(
            shlex.split(command), cwd=self.folder, env=terminal.environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        assert terminal.process.stdout is not None
        output = ""
        for line in terminal.process.stdout:
            output += line
            if READY in line:
                return output
        raise AssertionError(f"{where}\ndoes not come up:\n{output}")

    def _interrupt(self, terminal: Terminal, where: str) -> None:
        process = terminal.process
        assert process is not None, f"{where}\nnothing runs in this terminal"
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=LIMIT_SECONDS)
        assert process.returncode in (0, 130), f"{where}\n^C ends it with {process.returncode}:\n{said}"
        terminal.process = None

    def _close(self) -> None:
        for terminal in self.terminals.values():
            home = Path(terminal.environment.get("HANSA_HOME", str(self.folder / "data" / "hansa")))
            at = holder(home) if home.is_dir() else None
            if at and terminal.process is None:
                background.end(home, at, 20, force=True)
            if terminal.process is not None:
                terminal.process.kill()
                terminal.process.communicate()

    def _as_real(self, text: str) -> str:
        """Returns text with the page's ids replaced by those that came up, and its ports by free ones."""
        for shown, real in sorted(self.real.items(), key=lambda pair: -len(pair[0])):
            text = text.replace(shown, real)
        return re.sub(r"(127\.0\.0\.1:|--port |^port = )(\d{4,5})", self._free_port, text, flags=re.MULTILINE)

    def _free_port(self, found: re.Match[str]) -> str:
        return f"{found[1]}{self._free(found[2])}"

    def _free(self, shown: str) -> int:
        if shown not in self.ports:
            with socket.socket() as sock:
                sock.bind(("127.0.0.1", 0))
                self.ports[shown] = sock.getsockname()[1]
        return self.ports[shown]

    def _compare(self, shown: list[str], output: str, where: str) -> None:
        """Looks for each line that the page shows; learns the ids on it."""
        lines = [line.strip() for line in output.splitlines()]
        for one in shown:
            if one.strip() in ("", "…"):
                continue
            pattern, ids = _pattern(one.strip(), self.real)
            found = next((match for line in lines if (match := re.fullmatch(pattern, line))), None)
            assert found, f"{where}\nthe page shows\n  {one}\nwhat came up:\n{output}"
            for number, name in enumerate(ids):
                self.real[name] = found[f"id{number}"]


def _has(program: str | None) -> bool:
    return program is None or shutil.which(program) is not None


def _pattern(shown: str, known: dict[str, str]) -> tuple[str, list[str]]:
    """Returns what fits a shown line, and the ids to learn from it."""
    pattern, at = "", 0
    ids: list[str] = []
    for part in _VARIABLE.finditer(shown):
        pattern += re.escape(shown[at : part.start()])
        at = part.end()
        text = part[0]
        if part["blank"]:
            pattern += r"\s+"
        elif part["any"]:
            pattern += ".*"
        elif part["number"]:
            counted = len(text) < 3 and text.isdigit() and not shown.startswith(" ms", at)
            pattern += text if counted else _NUMBER
        elif text in known:
            pattern += re.escape(known[text])
        elif text in ids:
            pattern += f"(?P=id{ids.index(text)})"
        else:
            kind = _CODE if part["code"] else _DID if part["did"] else f"[0-9a-f]{{{len(text)}}}"
            pattern += f"(?P<id{len(ids)}>{kind})"
            ids.append(text)
    return pattern + re.escape(shown[at:]), ids


def _steps(text: str) -> list[tuple[str, list[str]]]:
    """Returns what is typed, each with the lines that are shown after it; a backslash continues a command."""
    steps: list[tuple[str, list[str]]] = []
    continues = False
    for line in text.splitlines():
        if continues:
            command = steps[-1][0]
            steps[-1] = (command[:-1] + line.removeprefix("> "), [])
        elif line.startswith("$ "):
            steps.append((line[2:], []))
        elif line == "^C":
            steps.append((line, []))
        else:
            assert steps, f"a console block begins with a prompt, not with {line!r}"
            steps[-1][1].append(line)
        continues = steps[-1][0].endswith("\\")
    return steps
