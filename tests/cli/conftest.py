"""Runs `hansa` as a person would: in this process where nothing else is needed, else as a process of its own."""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hansa.entrypoints.cli import main

COMMAND = [sys.executable, "-m", "hansa.entrypoints.cli.main"]


@dataclass(frozen=True)
class Said:
    """What a command said, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def sentence(self) -> str:
        """The one line on standard error, without "hansa: "; the test fails when there is anything else."""
        assert self.err.startswith("hansa: "), self
        assert self.err.count("\n") == 1, self
        assert "Traceback" not in self.err
        return self.err.removeprefix("hansa: ").strip()


Hansa = Callable[..., Said]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def hansa(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Hansa:
    """Gives a function that runs a command in this process; exceptions that nobody expected come out of it."""
    for name in list(os.environ):
        if name.startswith("HANSA_") and name != "HANSA_TEST_SCALE":
            monkeypatch.delenv(name)
    monkeypatch.setenv("HANSA_HOME", str(home))

    def run(*words: str | Path) -> Said:
        monkeypatch.setattr(sys, "argv", ["hansa", *map(str, words)])
        capsys.readouterr()
        code = 0
        try:
            main.run()
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 1
        said = capsys.readouterr()
        return Said(code, said.out, said.err)

    return run


@pytest.fixture
def node(hansa: Hansa, home: Path) -> Hansa:
    """Gives the same function, for a node that has an identity."""
    assert hansa("init").code == 0
    return hansa


_LIBC = ctypes.CDLL(None, use_errno=True)
_RIGHTS_OF_ROOT = (0, 1, 2, 3, 10)  # CHOWN, DAC_OVERRIDE, DAC_READ_SEARCH, FOWNER, NET_BIND_SERVICE
_PR_CAPBSET_DROP = 24


def give_up_rights() -> None:
    """Has the program that is started next be bound by permission bits, as any user's is."""
    for right in _RIGHTS_OF_ROOT:
        _LIBC.prctl(_PR_CAPBSET_DROP, right, 0, 0, 0)


def outside(home: Path, *words: str, **environment: str) -> Said:
    """Runs a command as a process for which permission bits count, even when root runs the tests."""

    given = {name: value for name, value in os.environ.items() if not name.startswith("HANSA_")}
    done = subprocess.run(
        [*COMMAND, *words], env=given | {"HANSA_HOME": str(home), **environment}, capture_output=True, text=True,
        timeout=60, preexec_fn=give_up_rights,
    )  # fmt: skip
    return Said(done.returncode, done.stdout, done.stderr)


class Up:
    """A node that is up, as a process."""

    def __init__(self, home: Path, *flags: str, settings: str = "") -> None:
        self.home = home
        if settings:
            (home / "config.toml").write_text(settings)
        given = {name: value for name, value in os.environ.items() if not name.startswith("HANSA_")}
        self.process = subprocess.Popen(
            [*COMMAND, "up", "--port", "0", "--json", *flags], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, env=given | {"HANSA_HOME": str(home)},
        )  # fmt: skip
        text = ""
        assert self.process.stdout is not None
        while line := self.process.stdout.readline():
            text += line
            if line.startswith("}"):
                break
        if not text:
            _, error = self.process.communicate(timeout=10)
            raise AssertionError(f"did not come up: {error}")
        self.url: str = json.loads(text)["url"]
        self.id: str = json.loads(text)["instance_id"]

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.terminate()
        self.process.communicate(timeout=20)
        return self.process.returncode


@pytest.fixture
def up(node: Hansa, home: Path) -> Iterator[Up]:
    """Gives a node that is up on the data directory of `hansa`."""
    made = Up(home)
    yield made
    made.stop()
