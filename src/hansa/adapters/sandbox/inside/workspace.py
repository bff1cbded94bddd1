"""Scratch directories: where a trial may write, empty at its start and gone after its end.

Two kinds. With own mount namespaces each trial gets its own tmpfs, whose size the kernel bounds. Without, each gets a
fresh directory below a base that the host made for this job; then the supervisor has to look how much is in it.
"""

from __future__ import annotations

import os

from . import namespaces

_MOST_ENTRIES = 4096
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class TmpfsWorkspace:
    """A new tmpfs per trial."""

    def __init__(self, size: int, owner: int) -> None:
        self._size = size
        self._owner = owner

    def open(self) -> str:
        """Returns the path of a new, empty directory."""
        namespaces.fresh_scratch(self._size, self._owner)
        return namespaces.SCRATCH

    def close(self) -> None:
        """Removes the directory and all that is in it."""
        namespaces.drop_scratch()

    def overflows(self) -> bool:
        """Returns False: the kernel keeps the bound."""
        return False


class FolderWorkspace:
    """A new directory per trial below a base."""

    def __init__(self, base: str, size: int, owner: int | None) -> None:
        self._base = base
        self._size = size
        self._owner = owner
        self._count = 0
        self._current = ""

    def open(self) -> str:
        """Returns the path of a new, empty directory."""
        self._count += 1
        self._current = f"{self._base}/{self._count}"
        os.mkdir(self._current, 0o700)
        if self._owner is not None:
            os.chown(self._current, self._owner, self._owner)
        return self._current

    def close(self) -> None:
        """Removes the directory and all that is in it."""
        empty(self._current)
        os.rmdir(self._current)

    def overflows(self) -> bool:
        """Returns whether the directory holds more bytes or names than it may."""
        held = 0
        entries = 0
        pending = [self._current]
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
