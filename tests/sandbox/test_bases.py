"""The directories below which trials write: held while their process lives, removed when it was killed, no others."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from hansa.adapters.sandbox import bases

RUNS_ONE_JOB = """
import asyncio, sys
from hansa.adapters.sandbox import bases
from hansa.adapters.sandbox.process import ProcessSandbox
from hansa.adapters.sandbox.tiers import LANDLOCK
from hansa.kernel.jobs import SandboxJob
bases._IN_MEMORY = sys.argv[1]

async def main():
    sandbox = ProcessSandbox(LANDLOCK, keep=1, idle_seconds=600)
    await sandbox.run(SandboxJob("x = 1", scripts=("assert x",)))
    print("ready", flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(bases, "_IN_MEMORY", str(tmp_path))
    return tmp_path


@pytest.mark.sandbox
def test_what_a_killed_node_leaves_is_removed_at_the_next_start_and_not_before(tmp_path: Path, place: Path) -> None:
    place.chmod(0o755)
    process = subprocess.Popen(
        [sys.executable, "-c", RUNS_ONE_JOB, str(place)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        said = process.stdout.readline()
        if not said:
            pytest.skip(f"the tier does not hold here: {process.communicate()[1][-300:]}")
        left = list(place.iterdir())
        assert len(left) == 1 and (left[0] / "scratch").is_dir() and left[0].name.startswith("hansa-sandbox-")
        assert bases.clear_away() == 0 and left[0].exists()
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert left[0].exists()
    assert bases.clear_away() == 1
    assert list(place.iterdir()) == []


def test_one_that_is_held_stays_and_is_removed_with_all_that_is_in_it(place: Path) -> None:
    base = bases.make()
    assert bases.clear_away() == 0
    deep = Path(base.path) / "scratch" / "a" / "b"
    deep.mkdir(parents=True)
    (deep / "file").write_text("x")
    assert bases.clear_away() == 0
    assert Path(base.path).stat().st_mode & 0o777 == 0o711
    base.remove()
    base.remove()
    assert list(place.iterdir()) == []


def test_nothing_of_anybody_elses_is_removed(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "sandbox-abc",
        "other",
        "xhansa-sandbox-1",
        "hansa-sandbox-full/scratch/kept",
        "hansa-sandbox-b/other",
    ):
        (place / name).mkdir(parents=True)
    (place / "hansa-sandbox-file").write_text("")
    (place / "elsewhere").mkdir()
    (place / "hansa-sandbox-link").symlink_to(place / "elsewhere")
    before = sorted(path.relative_to(place) for path in place.rglob("*"))
    assert bases.clear_away() == 0
    (place / "hansa-sandbox-theirs").mkdir()
    monkeypatch.setattr(os, "geteuid", lambda: 54321)
    assert bases.clear_away() == 0
    monkeypatch.undo()
    (place / "hansa-sandbox-theirs").rmdir()
    assert sorted(path.relative_to(place) for path in place.rglob("*")) == before


def test_what_was_left_behind_goes_with_its_empty_folder(place: Path) -> None:
    for name in ("hansa-sandbox-1/scratch", "hansa-sandbox-2"):
        (place / name).mkdir(parents=True)
    assert bases.clear_away() == 2
    assert list(place.iterdir()) == []


def test_one_that_another_start_takes_too_early_is_made_again(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def mkdtemp(prefix: str, dir: str) -> str:
        path = Path(dir) / f"{prefix}{len(made)}"
        path.mkdir()
        made.append(str(path))
        if len(made) == 1:
            assert bases.clear_away() == 1
        return str(path)

    monkeypatch.setattr(tempfile, "mkdtemp", mkdtemp)
    base = bases.make()
    assert base.path == made[1] and Path(base.path).is_dir()
    base.remove()


def test_where_no_directory_can_be_held_none_is_left(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def flock(_: int, __: int) -> None:
        raise OSError("not here")

    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.raises(OSError, match="can be locked"):
        bases.make()
    assert list(place.iterdir()) == []
