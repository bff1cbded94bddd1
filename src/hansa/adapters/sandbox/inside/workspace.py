"""Scratch directories: where a trial may write, untouched at its start.

Two kinds. With own mount namespaces it is a tmpfs, whose size the kernel bounds; a new one is mounted when a trial has
touched it. Without, it is a directory below a base that the host made for this supervisor; it is emptied, and the
supervisor has to look how much is in it. Landlock grants a directory and not a name: so that directory stays the same.

Whether a directory was touched is told by its time of change: the supervisor sets it to zero, and a trial may not set
times. Making or removing anything in it puts the present there.
"""

from __future__ import annotations

import os

from . import namespaces
from .kernel import RefusedError

_MOST_ENTRIES = 4096
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class TmpfsWorkspace:
    """A tmpfs that no trial has touched before.

    Attributes:
        path: where it is mounted.
        granted: the folder to name in Landlock's rule, good for every tmpfs mounted below it.
    """

    path = namespaces.SCRATCH
    granted = namespaces.ABOVE_SCRATCH

    def __init__(self, size: int, owner: int) -> None:
        self._size = size
        self._owner = owner

    def make(self) -> None:
        """Mounts a new one."""
        namespaces.fresh_scratch(self._size, self._owner)
        _mark(self.path)

    def clear(self) -> None:
        """Makes sure that the next trial finds nothing of the one before."""
        if not is_untouched(self.path):
            namespaces.drop_scratch()
            self.make()

    def overflows(self) -> bool:
        """Returns False: the kernel keeps the bound."""
        return False


class FolderWorkspace:
    """One directory below a base, for one trial after the other.

    Attributes:
        path: the directory.
        granted: the folder to name in Landlock's rule.
    """

    def __init__(self, base: str, size: int, owner: int | None, kept: bool) -> None:
        """Makes nothing yet.

        Args:
            base: the directory above it.
            size: bytes that a trial may keep there.
            owner: the user that trials run as; None for our own.
            kept: empty it after a trial; else, where a trial may change modes and times, make a new one.
        """
        self.path = self.granted = below(base)
        self._size = size
        self._owner = owner
        self._kept = kept
        os.mkdir(self.path, 0o700)

    def make(self) -> None:
        """Gives the directory to the trials."""
        if self._owner is not None:
            os.chown(self.path, self._owner, self._owner)
        _mark(self.path)

    def clear(self) -> None:
        """Makes sure that the next trial finds nothing of the one before.

        Raises:
            RefusedError: something cannot be removed.
        """
        if self._kept and is_untouched(self.path):
            return
        empty(self.path)
        if not self._kept:
            os.rmdir(self.path)
            os.mkdir(self.path, 0o700)
        if os.listdir(self.path):
            raise RefusedError("scratch: something was left behind")
        self.make()

    def overflows(self) -> bool:
        """Returns whether the directory holds more bytes or names than it may."""
        held = 0
        entries = 0
        pending = [self.path]
        while pending:
            try:
                with os.scandir(pending.pop()) as found:
                    for entry in found:
                        entries += 1
                        if entry.is_dir(follow_symlinks=False):
                            pending.append(entry.path)
                        else:
                            held += entry.stat(follow_symlinks=False).st_blocks * 512
                        if held > self._size or entries > _MOST_ENTRIES:
                            return True
            except (FileNotFoundError, PermissionError):
                # It went away while we looked; or it was made closed, and then is empty, for no call opens it again.
                continue
            except OSError:
                return True  # a path too long to look into: not something honest code needs
        return False


def below(base: str) -> str:
    """Returns the one directory that a base holds."""
    return f"{base}/scratch"


def _mark(path: str) -> None:
    os.utime(path, ns=(0, 0))


def is_untouched(path: str) -> bool:
    """Returns whether nothing was made or removed in a directory since it was made ready."""
    return os.stat(path).st_mtime_ns == 0


def empty(folder: str) -> None:
    """Removes everything in `folder`, never following links, however deep it is nested.

    Goes down and up again by open directories, because a path that deep has no name that the kernel would take. Nobody
    else may be at work in `folder` meanwhile.
    """
    here = os.open(folder, _DIRECTORY)
    levels = [("", _remove_files(here))]
    while levels:
        name, pending = levels[-1]
        if pending:
            name = pending.pop()
            os.chmod(name, 0o700, dir_fd=here)  # the code may have closed it to its own user
            here = _move(here, name)
            levels.append((name, _remove_files(here)))
            continue
        levels.pop()
        if levels:
            here = _move(here, "..")
            os.rmdir(name, dir_fd=here)
    os.close(here)


def _move(here: int, name: str) -> int:
    there = os.open(name, _DIRECTORY, dir_fd=here)
    os.close(here)
    return there


def _remove_files(here: int) -> list[str]:
    """Removes all but directories and returns the names of those."""
    folders = []
    with os.scandir(here) as found:
        for entry in list(found):
            if entry.is_dir(follow_symlinks=False):
                folders.append(entry.name)
            else:
                os.unlink(entry.name, dir_fd=here)
    return folders
