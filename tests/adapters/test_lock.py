"""One process per data directory (threat 68), with a real second process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hansa.adapters.lock import DataDirLock, Holder, holder
from hansa.kernel.errors import Busy, Unavailable

HOLD = """
import sys
from pathlib import Path
from hansa.adapters.lock import DataDirLock
lock = DataDirLock(Path(sys.argv[1]))
lock.acquire()
lock.set_url("http://127.0.0.1:7777")
print("held", flush=True)
sys.stdin.read()
"""
TRY = """
import sys
from pathlib import Path
from hansa.adapters.lock import DataDirLock
from hansa.kernel.errors import Busy
try:
    DataDirLock(Path(sys.argv[1])).acquire()
    print("acquired")
except Busy as error:
    print(error)
"""


def hold(folder: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout and process.stdout.readline() == "held\n"
    return process


def attempt(folder: Path) -> str:
    done = subprocess.run([sys.executable, "-c", TRY, str(folder)], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_second_process_is_told_who_has_it_and_what_to_do(tmp_path: Path) -> None:
    with hold(tmp_path) as process:
        with pytest.raises(Busy) as busy:
            DataDirLock(tmp_path).acquire()
        assert f"process {process.pid} at http://127.0.0.1:7777" in str(busy.value)
        assert "stop that node first" in str(busy.value)
        process.communicate()


def test_this_process_keeps_others_out(tmp_path: Path) -> None:
    with DataDirLock(tmp_path):
        assert f"process {os.getpid()}:" in attempt(tmp_path)
    assert attempt(tmp_path) == "acquired"


def test_kill_9_lets_go(tmp_path: Path) -> None:
    with hold(tmp_path) as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert (tmp_path / "lock").read_text().startswith(str(process.pid))
        assert holder(tmp_path) is None
        with DataDirLock(tmp_path):
            assert holder(tmp_path) == Holder(os.getpid())


def test_one_process_twice_is_busy_as_well(tmp_path: Path) -> None:
    first, second = DataDirLock(tmp_path), DataDirLock(tmp_path)
    first.acquire()
    for lock in (first, second):
        with pytest.raises(Busy, match=f"process {os.getpid()}"):
            lock.acquire()
    first.release()
    second.acquire()
    second.release()


def test_release_may_come_twice_or_without_a_lock(tmp_path: Path) -> None:
    lock = DataDirLock(tmp_path)
    lock.release()
    lock.acquire()
    lock.release()
    lock.release()
    assert holder(tmp_path) is None
    assert (tmp_path / "lock").read_text() == ""


def test_holder_tells_pid_and_address(tmp_path: Path) -> None:
    assert holder(tmp_path) is None
    with DataDirLock(tmp_path) as lock:
        assert holder(tmp_path) == Holder(os.getpid())
        lock.set_url("http://127.0.0.1:123456789")
        lock.set_url("http://[::1]:1")
        assert holder(tmp_path) == Holder(os.getpid(), "http://[::1]:1")
    assert holder(tmp_path) is None


def test_looking_does_not_take_the_lock(tmp_path: Path) -> None:
    DataDirLock(tmp_path).release()
    with DataDirLock(tmp_path):
        pass
    for _ in range(50):
        assert holder(tmp_path) is None
        with DataDirLock(tmp_path):
            pass


def test_address_without_a_lock_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="not locked"):
        DataDirLock(tmp_path).set_url("http://x")


def test_missing_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="make the folder"):
        DataDirLock(tmp_path / "nowhere").acquire()


def test_link_in_place_of_the_lock_is_refused(tmp_path: Path) -> None:
    (tmp_path / "lock").symlink_to(tmp_path / "other")
    with pytest.raises(Unavailable):
        DataDirLock(tmp_path).acquire()
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize("content", ["", "no number\n", "7", "\xff\xfe", "²\n"])
def test_odd_content_does_not_confuse(tmp_path: Path, content: str) -> None:
    lock = DataDirLock(tmp_path)
    lock.acquire()
    (tmp_path / "lock").write_text(content)
    found = holder(tmp_path)
    assert found is not None and found.pid in (0, 7)
    lock.release()
