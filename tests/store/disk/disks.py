"""Disks that break: the shim that does it, lives on such disks, and what a power loss leaves of one.

The shim (`shim.c`) is compiled by whatever C compiler the machine has; without one, tests that need it skip.
`PowerLoss` plays a log of it again: a file holds what was written up to its last sync, and of what was written since
any part, down to single sectors of 512 bytes. Names in a folder come and go with a sync of the folder, in their order.
"""

from __future__ import annotations

import json
import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from random import Random
from tempfile import mkdtemp
from typing import Any

import pytest

import hansa

HERE = Path(__file__).parent
ROOT = Path(__file__).parents[3]
END, END_HALF, FAIL = 1, 2, 3
ENDED = 99
"""Exit status of a process that the shim has ended."""

SECTOR = 512
_HEAD = struct.Struct("<cBQI")


@cache
def shim() -> Path:
    """Returns the compiled shim; skips the test where it can't be made."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None or not sys.platform.startswith("linux"):
        pytest.skip("a disk that breaks needs Linux and a C compiler (cc)")
    made = Path(mkdtemp(prefix="hansa-shim-")) / "shim.so"
    command = [compiler, "-shared", "-fPIC", "-O1", "-o", str(made), str(HERE / "shim.c"), "-ldl"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"the shim can't be compiled here: {done.stderr[:200]}")
    return made


def preloaded(*words: str, module: str) -> subprocess.CompletedProcess[str]:
    """Runs a module of ours on a disk that can be broken."""
    given = {name: value for name, value in os.environ.items() if not name.startswith("HANSA_")}
    here = Path(hansa.__file__).parents[1]  # the very package that is tested here
    given |= {"LD_PRELOAD": str(shim()), "PYTHONPATH": os.pathsep.join([str(here), str(ROOT)])}
    return subprocess.run([sys.executable, "-m", module, *words], env=given, capture_output=True, text=True)


def lives(folder: Path, cases: Sequence[dict[str, Any]]) -> list[int]:
    """Lives each case, and returns the exit statuses; a status other than 0 and `ENDED` fails the test."""
    listed = folder / "cases.json"
    for case in cases:
        Path(case["folder"]).mkdir(exist_ok=True)
    listed.write_text(json.dumps(list(cases)))
    done = preloaded(str(listed), module="tests.store.disk.life")
    assert done.returncode == 0, done.stderr
    codes: list[int] = json.loads(done.stdout)
    assert set(codes) <= {0, ENDED}, done.stderr
    return codes


def acknowledged(folder: Path) -> set[int]:
    """Returns the batches that a life has said were kept."""
    return {int(text) for text in (folder / "hansa.db.acks").read_text().split()}


# ---- power loss


@dataclass(frozen=True)
class Step:
    """A line of the shim's log."""

    kind: str
    file: int
    offset: int
    data: bytes


def steps(log: Path) -> list[Step]:
    """Reads a log."""
    data, at, found = log.read_bytes(), 0, []
    while at < len(data):
        kind, file, offset, size = _HEAD.unpack_from(data, at)
        at += _HEAD.size
        # only writes, names and marks carry bytes; `at` moves over them
        found.append(Step(kind.decode(), file, offset, data[at : at + size]))
        at += size
    return found


@dataclass
class File:
    """What is safe of a file, and what was done to it since its last sync."""

    safe: bytes = b""
    since: list[Step] = field(default_factory=list)

    def sync(self) -> None:
        self.safe = done(self.safe, self.since)
        self.since = []


def done(content: bytes, changes: Sequence[Step]) -> bytes:
    """Returns what is in a file after some writes and truncations."""
    held = bytearray(content)
    for one in changes:
        if one.kind == "t":
            held = held[: one.offset].ljust(one.offset, b"\0")
        else:
            held[len(held) :] = bytes(max(0, one.offset - len(held)))
            held[one.offset : one.offset + len(one.data)] = one.data
    return bytes(held)


class PowerLoss:
    """Plays a log, and says what a disk may hold when the power goes."""

    def __init__(self, start: dict[str, bytes]) -> None:
        self._names: dict[int, str] = {}
        self._now = {name: File(data) for name, data in start.items()}
        self._safe = dict(self._now)
        self._since: list[dict[str, File]] = []
        self.marks: list[bytes] = []

    def play(self, step: Step) -> None:
        """Goes one step on."""
        name = self._names.get(step.file, "")
        match step.kind:
            case "n":
                self._names[step.file] = step.data.decode()
            case "a":
                self.marks.append(step.data)
            case "o":
                self._entries({**self._now, name: File()})
            case "u":
                self._entries({one: file for one, file in self._now.items() if one != name})
            case "r":
                rest = {one: file for one, file in self._now.items() if one != name}
                self._entries({**rest, self._names[step.offset]: self._now[name]})
            case "d":
                self._safe, self._since = self._now, []
            case "s" if name in self._now:
                self._now[name].sync()
            case "s":
                pass  # of another folder: names are safe once the store's own folder is synced, and not before
            case "w" | "t":
                self._now[name].since.append(step)

    def _entries(self, names: dict[str, File]) -> None:
        self._now = names
        self._since.append(names)

    def left(self, how: str, random: Random) -> dict[str, bytes]:
        """Returns the files after the power went.

        Args:
            how: "synced" (nothing since the last sync), "all", "some" (any of the writes) or "torn" (any sectors).
        """
        names = {"synced": self._safe, "all": self._now}.get(how) or random.choice([self._safe, *self._since])
        return {name: done(file.safe, list(_kept(file.since, how, random))) for name, file in names.items()}


def _kept(since: Sequence[Step], how: str, random: Random) -> Iterator[Step]:
    for one in since:
        if how == "all" or (how == "some" and random.random() < 0.5):
            yield one
        elif how == "torn" and one.kind == "w":
            for start in range(0, len(one.data), SECTOR):
                if random.random() < 0.5:
                    yield Step("w", one.file, one.offset + start, one.data[start : start + SECTOR])


def lay_out(folder: Path, files: dict[str, bytes]) -> Path:
    """Writes files into a fresh folder; returns the path of the store."""
    folder.mkdir(parents=True)
    for name, data in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(data)
    return folder / "hansa.db"
