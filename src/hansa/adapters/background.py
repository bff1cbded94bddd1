"""Nodes in the background: starting one, and ending the one that holds a data directory.

Starting: a process of its own session, which writes one line into a pipe once it answers, and closes it. Nothing at the
other end, and the process has failed: its last words are in the file that takes its standard error.

Ending: who holds the directory is known from its lock, not from a number in a file. A process id may belong to
somebody else by now, so:

1. Open a handle on the process (pidfd), which stays with that process even when its id is given to another.
2. Only then ask again who holds the lock. When it is that id, the handle is on the holder.
3. Where the kernel tells who holds a lock (/proc/locks), what the file says must agree.
4. Signal through the handle, wait on the handle.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from hansa.adapters.lock import NAME, Holder, holder
from hansa.kernel.errors import Unavailable

_PAUSE_S = 0.05


@dataclass(frozen=True, slots=True)
class Started:
    """What became of a start.

    Attributes:
        line: what the process said when it was ready; "" when it failed.
        code: its exit code when it failed; None when it was still not ready in time, and was ended.
    """

    pid: int
    line: str
    code: int | None = None


def launch(command: Sequence[str], errors: Path, seconds: float) -> Started:
    """Starts a process in the background, and waits until it says that it is ready, fails, or takes too long.

    Args:
        command: what to run; `--ready-fd N` is added to it.
        errors: file for its standard error, begun anew.

    Raises:
        Unavailable: it can't be started at all.
    """
    ready, told = os.pipe()
    try:
        descriptor = os.open(errors, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as last_words:
            process = subprocess.Popen(
                [*command, "--ready-fd", str(told)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=last_words, pass_fds=(told,), start_new_session=True,
            )  # fmt: skip
    except OSError as error:
        os.close(ready)
        raise Unavailable(f"the node can't be started: {error.strerror} ({error.filename})") from None
    finally:
        os.close(told)
    try:
        line = _line(ready, seconds)
    except BaseException:  # Ctrl-C: nothing is left behind
        _end(process)
        raise
    finally:
        os.close(ready)
    if line:
        process.returncode = 0  # it is on its own from here: not waited for, and no warning about it
        return Started(process.pid, line)
    if line is None:
        _end(process)
        return Started(process.pid, "", None)
    return Started(process.pid, "", process.wait())


def _line(ready: int, seconds: float) -> str | None:
    """Returns what the process says; "" when it closes the pipe without a word, None when the time is up."""
    said = b""
    end = time.monotonic() + seconds
    while not said.endswith(b"\n"):
        if not select.select([ready], [], [], max(0.0, end - time.monotonic()))[0]:
            return None
        piece = os.read(ready, 4096)
        if not piece:
            return ""
        said += piece
    return said.decode()


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def this_program() -> list[str]:
    """Returns how to start this very Hansa."""
    return [sys.executable, "-m", "hansa.entrypoints.cli.main"]


def end(directory: Path, found: Holder, seconds: float, force: bool = False) -> bool:
    """Asks the holder of a directory to stop, and waits until it is gone.

    Args:
        found: who is meant; nothing is done when somebody else holds the directory by now.
        seconds: how long it may take to close.
        force: end it the hard way when the time is up.

    Returns:
        Whether it was the hard way.

    Raises:
        Unavailable: it can't be signalled, is not who the lock says, or does not stop in time.
    """
    with _handle(found.pid) as handle:
        if not _holds(directory, found.pid):
            return False
        _signal(found.pid, handle, signal.SIGTERM)
        if _gone(directory, found.pid, handle, seconds):
            return False
        if not force:
            raise Unavailable(
                f"process {found.pid} has not stopped after {seconds:g} s: wait longer with --timeout, or end it the "
                "hard way with --force, which loses nothing that was acknowledged"
            )
        _signal(found.pid, handle, signal.SIGKILL)
        if not _gone(directory, found.pid, handle, seconds):
            raise Unavailable(f"process {found.pid} does not go away: it may be stuck in the kernel")
        return True


@contextlib.contextmanager
def _handle(pid: int) -> Iterator[int | None]:
    """Gives a handle on a process; None where the system has none, or the process is gone."""
    handle: int | None = None
    with contextlib.suppress(OSError, AttributeError):
        handle = os.pidfd_open(pid)
    try:
        yield handle
    finally:
        if handle is not None:
            os.close(handle)


def _holds(directory: Path, pid: int) -> bool:
    now = holder(directory)
    if now is None or now.pid != pid:
        return False
    known = lock_owners((directory / NAME).stat().st_ino)
    if known and pid not in known:
        raise Unavailable(
            f"{directory / NAME} names process {pid}, but process {known[0]} has it: nothing was ended; see who that is"
        )
    return True


def lock_owners(inode: int, table: Path = Path("/proc/locks")) -> list[int]:
    """Returns the processes that hold a flock on a file, as far as the kernel tells."""
    try:
        lines = table.read_text(encoding="ascii").splitlines()
    except OSError:
        return []
    rows = [line.split() for line in lines]
    held = [row for row in rows if len(row) == 8 and row[1] == "FLOCK" and row[5].rpartition(":")[2] == str(inode)]
    return [int(row[4]) for row in held if int(row[4]) > 0]


def _signal(pid: int, handle: int | None, number: signal.Signals) -> None:
    try:
        if handle is not None:
            signal.pidfd_send_signal(handle, number)
        else:
            os.kill(pid, number)
    except ProcessLookupError:
        return
    except PermissionError:
        raise Unavailable(f"process {pid} belongs to another user: run this as that user") from None


def _gone(directory: Path, pid: int, handle: int | None, seconds: float) -> bool:
    """Waits until the process has ended; where there is no handle on it, until it has let go of the directory."""
    if handle is not None:
        return bool(select.select([handle], [], [], seconds)[0])
    end_at = time.monotonic() + seconds
    while (now := holder(directory)) and now.pid == pid:
        if time.monotonic() >= end_at:
            return False
        time.sleep(_PAUSE_S)
    return True
