"""Directories of the host below which trials write, in the tiers that have no mounts of their own.

A directory is held by a lock on it for as long as the process that made it lives, however that ends: the kernel lets
go. One that a process left behind which was killed is found by that, and removed when a node starts next:

1. its name begins as ours do, and it is a directory of this user's
2. nobody holds it
3. it is empty, as it is between two trials; what still holds files may have somebody at work in it, and stays
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
import tempfile
from dataclasses import dataclass

from hansa.adapters.sandbox.inside import workspace

PREFIX = "hansa-sandbox-"
_TRIES = 10
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

# Removing a folder takes a thousand times longer on a journalling disk, and code can make a few thousand.
_IN_MEMORY = "/dev/shm"


@dataclass(slots=True)
class Base:
    """A directory that this process holds.

    Attributes:
        path: where it lies.
    """

    path: str
    _lock: int

    def remove(self) -> None:
        """Removes it and lets go; what a killed job left may be nested deeper than `shutil` can follow."""
        if self._lock < 0:
            return
        with contextlib.suppress(OSError):
            workspace.empty(self.path)
            os.rmdir(self.path)
        os.close(self._lock)
        self._lock = -1


def place() -> str:
    """Returns the folder in which they are made: in memory, where there is such a one."""
    return _IN_MEMORY if os.access(_IN_MEMORY, os.W_OK) else tempfile.gettempdir()


def make() -> Base:
    """Makes one, and holds it.

    Raises:
        OSError: there is no room or no right to.
    """
    for _ in range(_TRIES):
        path = tempfile.mkdtemp(prefix=PREFIX, dir=place())
        lock = _held(path)
        if lock is not None:
            # Trials may run as another user, who has to pass through but not to look.
            os.fchmod(lock, 0o711)  # names in it cannot be listed, each folder in it is 0700
            return Base(path, lock)
        with contextlib.suppress(OSError):  # another start took it for one that was left behind, before it was held
            os.rmdir(path)
    raise OSError(errno.ENOLCK, f"{place()} has no directories that can be locked")


def clear_away() -> int:
    """Removes the empty directories that processes of this user left which were killed; returns how many."""
    removed = 0
    with contextlib.suppress(OSError), os.scandir(place()) as found:
        for entry in found:
            if entry.name.startswith(PREFIX):
                removed += _clear(entry.path)
    return removed


def _clear(path: str) -> bool:
    """Says whether a directory was left behind, and was removed."""
    lock = _held(path)
    if lock is None:
        return False
    try:
        with contextlib.suppress(FileNotFoundError):
            os.rmdir(workspace.below(path))
        os.rmdir(path)
        return True
    except OSError:
        return False
    finally:
        os.close(lock)


def _held(path: str) -> int | None:
    """Takes a directory of this user's; returns None where somebody has it, or it is another's, or no directory."""
    try:
        lock = os.open(path, _DIRECTORY)
    except OSError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        mine, there = os.fstat(lock), os.stat(path, follow_symlinks=False)
        if mine.st_uid == os.geteuid() and stat.S_ISDIR(there.st_mode) and mine.st_ino == there.st_ino:
            return lock
    except OSError:
        pass
    os.close(lock)
    return None
