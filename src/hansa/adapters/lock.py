"""One process per data directory: a lock that the kernel lets go of when the process ends, however it ends.

The file `lock` says who holds it: the process id; once it is known, the address of the node's door; which command it
is, since when, and with which flags it was started. The file stays when nobody holds it, for removing it would let two
processes lock two files of one name. That a file is there means nothing; that it is locked does.

    with DataDirLock(directory, Claim("up")) as lock:
        lock.set_url("http://127.0.0.1:7777")
"""

from __future__ import annotations

import fcntl
import os
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import msgspec

from hansa.kernel.errors import Busy, Unavailable
from hansa.kernel.instant import iso

NAME = "lock"
AT_LEAST_S = 0.1
"""How long a lock is tried for in any case, since `holder` holds it while it looks."""

_PAUSE_S = 0.02


@dataclass(frozen=True, slots=True)
class Claim:
    """What a process holds a data directory for.

    Attributes:
        command: the command, without its arguments: they may be private.
        since: when it began (milliseconds UTC); 0 for not told.
        flags: of `up`, so that a restart can be given the same.
        keeper: how the service manager that keeps the process is told to restart it; "" when none does.
    """

    command: str = ""
    since: int = 0
    flags: tuple[str, ...] = ()
    keeper: str = ""


NO_CLAIM = Claim()


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a data directory; pid 0 when it has not said so yet, no `url` when its door is not open."""

    pid: int
    url: str = ""
    claim: Claim = NO_CLAIM

    @property
    def is_node(self) -> bool:
        """Says whether it is a node that is up, or coming up, and no command that will be done soon."""
        return bool(self.url) or self.claim.command == "up"


class DataDirLock:
    """The right to use a data directory."""

    def __init__(self, directory: Path, claim: Claim = NO_CLAIM) -> None:
        self._directory = directory
        self._claim = claim
        self._handle: int | None = None

    def acquire(self, wait: float = AT_LEAST_S) -> None:
        """Takes the lock.

        Args:
            wait: seconds to wait for a command that has it; a node is not waited for.

        Raises:
            Busy: another process has it, or this one under another `DataDirLock`.
            Unavailable: the directory can't be written to, or can't be locked.
        """
        if self._handle is not None:
            raise Busy(busy(self._directory, Holder(os.getpid(), "", self._claim)))
        handle = _open(self._directory, os.O_RDWR | os.O_CREAT)
        if not _take(handle, self._directory, wait):
            found = _content(handle)
            os.close(handle)
            raise Busy(busy(self._directory, found))
        self._handle = handle
        self._write("")

    def set_url(self, url: str) -> None:
        """Writes down where the node can be reached."""
        self._write(url)

    def release(self) -> None:
        """Lets go; nothing happens when it is not held."""
        if self._handle is not None:
            os.ftruncate(self._handle, 0)
            os.close(self._handle)
            self._handle = None

    def __enter__(self) -> DataDirLock:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def _write(self, url: str) -> None:
        if self._handle is None:
            raise Unavailable(f"{self._directory} is not locked by this process")
        content = f"{os.getpid()}\n{url}\n".encode()
        if self._claim != NO_CLAIM:
            content += msgspec.json.encode(self._claim) + b"\n"
        os.pwrite(self._handle, content, 0)
        os.ftruncate(self._handle, len(content))


def holder(directory: Path) -> Holder | None:
    """Returns who holds a data directory; None when nobody does."""
    try:
        if not (directory / NAME).exists():
            return None
    except PermissionError:
        raise Unavailable(f"no right to look into {directory}: run this as the user who owns it") from None
    handle = _open(directory, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _content(handle)
    finally:
        os.close(handle)
    return None


def _open(directory: Path, flags: int) -> int:
    try:
        return os.open(directory / NAME, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise Unavailable(
            f"{directory / NAME} can't be opened ({error.strerror}): make the folder and give this user rights to it"
        ) from None


def _take(handle: int, directory: Path, wait: float) -> bool:
    """Says whether the lock is taken."""
    start = time.monotonic()
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            waited = time.monotonic() - start
            if waited >= (AT_LEAST_S if _content(handle).is_node else max(wait, AT_LEAST_S)):
                return False
            time.sleep(_PAUSE_S)
        except OSError as error:
            os.close(handle)
            raise Unavailable(
                f"{directory} can't be locked ({error.strerror}): move the data directory to a local disk"
            ) from None


def _content(handle: int) -> Holder:
    lines = [*os.pread(handle, 4096, 0).decode(errors="replace").splitlines(), "", "", ""]
    try:
        claim = msgspec.json.decode(lines[2], type=Claim) if lines[2] else NO_CLAIM
    except msgspec.MsgspecError:
        claim = NO_CLAIM
    return Holder(int(lines[0]) if lines[0].isdecimal() else 0, lines[1], claim)


def busy(directory: Path, found: Holder) -> str:
    """Returns the sentence for whoever finds the directory held: by whom, since when, and what to do."""
    who = f"process {found.pid}" if found.pid else "another process"
    if found.claim.command and not found.is_node:
        since = f" since {iso(found.claim.since)}" if found.claim.since else ""
        return (
            f"{directory} is in use by hansa {found.claim.command} ({who}){since}: wait until it is done and try again,"
            " or name another data directory"
        )
    at = f" at {found.url}" if found.url else ""
    return f"{directory} is in use by {who}{at}: stop that node first, or name another data directory"
