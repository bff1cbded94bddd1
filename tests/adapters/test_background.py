"""Only the process that holds a directory's lock is ended, whatever a file says; a start that fails leaves nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hansa.adapters import background
from hansa.adapters.lock import Claim, DataDirLock, Holder, busy, holder
from hansa.kernel.errors import Busy, Unavailable

HOLD = """
import signal, sys
from pathlib import Path
from hansa.adapters.lock import Claim, DataDirLock
if "deaf" in sys.argv:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
lock = DataDirLock(Path(sys.argv[1]), Claim(sys.argv[2], 1_700_000_000_000))
lock.acquire()
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def started() -> Iterator[list[subprocess.Popen[str]]]:
    made: list[subprocess.Popen[str]] = []
    yield made
    for one in made:
        one.kill()
        one.wait()
        for pipe in (one.stdin, one.stdout):
            if pipe:
                pipe.close()


def hold(started: list[subprocess.Popen[str]], folder: Path, command: str = "up", *more: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder), command, *more],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    started.append(process)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def bystander(started: list[subprocess.Popen[str]]) -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, text=True)
    started.append(process)
    return process


def test_the_holder_is_asked_and_waited_for(started, tmp_path: Path) -> None:
    process = hold(started, tmp_path)
    found = holder(tmp_path)
    assert found is not None
    assert found.is_node
    assert background.end(tmp_path, found, 20) is False
    assert process.wait(5) == -signal.SIGTERM
    assert holder(tmp_path) is None


def test_who_does_not_stop_is_ended_by_force_alone(started, tmp_path: Path) -> None:
    process = hold(started, tmp_path, "up", "deaf")
    found = holder(tmp_path)
    assert found is not None
    with pytest.raises(Unavailable, match="--force"):
        background.end(tmp_path, found, 0.2)
    assert process.poll() is None
    assert background.end(tmp_path, found, 0.2, force=True) is True
    assert process.wait(5) == -signal.SIGKILL


def test_a_process_that_a_stale_file_names_is_left_alone(started, tmp_path: Path) -> None:
    """The node was killed, and its number was given to somebody else."""
    other = bystander(started)
    (tmp_path / "lock").write_text(f"{other.pid}\nhttp://127.0.0.1:1\n")
    assert holder(tmp_path) is None
    assert background.end(tmp_path, Holder(other.pid, "http://127.0.0.1:1"), 1, force=True) is False
    assert other.poll() is None


@pytest.mark.skipif(not Path("/proc/locks").exists(), reason="this system does not tell who holds a lock")
def test_a_process_that_a_held_lock_names_falsely_is_left_alone(started, tmp_path: Path) -> None:
    process, other = hold(started, tmp_path), bystander(started)
    if process.pid not in background.lock_owners((tmp_path / "lock").stat().st_ino):
        pytest.skip("the kernel does not show this lock here")
    (tmp_path / "lock").write_text(f"{other.pid}\nhttp://127.0.0.1:1\n")
    found = holder(tmp_path)
    assert found is not None
    assert found.pid == other.pid
    with pytest.raises(Unavailable, match="nothing was ended"):
        background.end(tmp_path, found, 1, force=True)
    assert other.poll() is None
    assert process.poll() is None


def test_the_table_of_locks_is_read_by_file(tmp_path: Path) -> None:
    table = tmp_path / "locks"
    table.write_text(
        "1: FLOCK  ADVISORY  WRITE 70 08:01:4242 0 EOF\n2: POSIX  ADVISORY  WRITE 71 08:01:4242 0 EOF\n"
        "3: FLOCK  ADVISORY  WRITE 72 08:01:4243 0 EOF\n4: -> FLOCK  ADVISORY  WRITE 73 08:01:4242 0 EOF\nnonsense\n"
    )
    assert background.lock_owners(4242, table) == [70]
    assert background.lock_owners(1, tmp_path / "none") == []


def test_without_handles_on_processes_it_is_the_lock_that_is_waited_for(started, tmp_path, monkeypatch) -> None:
    monkeypatch.delattr(os, "pidfd_open", raising=False)
    process = hold(started, tmp_path)
    found = holder(tmp_path)
    assert found is not None
    assert background.end(tmp_path, found, 20) is False
    assert process.wait(5) == -signal.SIGTERM


# ---- starting


def launch(tmp_path: Path, code: str, seconds: float = 20.0) -> background.Started:
    body = f"import os, signal, sys; fd = int(sys.argv[-1]); {code}"
    return background.launch([sys.executable, "-c", body], tmp_path / "words", seconds)


def test_a_start_that_says_it_is_ready(tmp_path: Path) -> None:
    made = launch(tmp_path, "os.write(fd, b'{}\\n'); os.close(fd); signal.pause()")
    try:
        assert (made.line, made.code) == ("{}\n", None)
        assert os.getsid(made.pid) == made.pid
    finally:
        os.kill(made.pid, signal.SIGKILL)
        os.waitpid(made.pid, 0)


def test_a_start_that_fails_tells_its_code_and_last_words(tmp_path: Path) -> None:
    made = launch(tmp_path, "sys.exit('no such thing')")
    assert (made.line, made.code) == ("", 1)
    assert (tmp_path / "words").read_text() == "no such thing\n"
    assert (tmp_path / "words").stat().st_mode & 0o077 == 0


def test_a_start_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    made = launch(tmp_path, "signal.pause()", seconds=0.5)
    assert (made.line, made.code) == ("", None)
    with pytest.raises(ProcessLookupError):
        os.kill(made.pid, 0)


# ---- the lock says who it is


def test_a_command_is_named_as_what_it_is_and_waited_for(started, tmp_path: Path) -> None:
    process = hold(started, tmp_path, "prove")
    found = holder(tmp_path)
    assert found is not None
    assert not found.is_node
    assert "hansa prove" in busy(tmp_path, found)
    assert "since 2023-11-14T22:13:20" in busy(tmp_path, found)
    assert "stop that node" not in busy(tmp_path, found)
    with pytest.raises(Busy, match="wait until it is done"):
        DataDirLock(tmp_path).acquire(0.2)
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(5) == 0
    with DataDirLock(tmp_path, Claim("find")):
        found = holder(tmp_path)
    assert found == Holder(os.getpid(), "", Claim("find"))


def test_waiting_for_a_command_that_is_done_soon(started, tmp_path: Path) -> None:
    process = hold(started, tmp_path, "prove")
    process.terminate()  # it lets go while the next one waits
    lock = DataDirLock(tmp_path)
    lock.acquire(20)
    lock.release()


def test_a_node_is_not_waited_for(started, tmp_path: Path) -> None:
    import time

    hold(started, tmp_path)
    before = time.monotonic()
    with pytest.raises(Busy, match="stop that node first"):
        DataDirLock(tmp_path).acquire(60)
    assert time.monotonic() - before < 20


@pytest.mark.parametrize("third", ["", "nonsense", "{}", '{"command":7}', '{"command":"up"}', "[]", "\xff"])
def test_whatever_the_third_line_holds_the_first_two_are_read(tmp_path: Path, third: str) -> None:
    with DataDirLock(tmp_path) as lock:
        lock.set_url("http://127.0.0.1:1")
        (tmp_path / "lock").write_text(f"{os.getpid()}\nhttp://127.0.0.1:1\n{third}\n", encoding="latin-1")
        found = holder(tmp_path)
    assert found is not None
    assert (found.pid, found.url) == (os.getpid(), "http://127.0.0.1:1")
