"""Scratch directories: where a trial may write, empty at its start and gone after its end.

Two kinds. With own mount namespaces each trial gets its own tmpfs, whose size the kernel bounds. Without, each gets a
fresh directory below a base that the host made for this job; then the supervisor has to look how much is in it.
"""

from __future__ import annotations

import os

from . import namespaces

_MOST_ENTRIES = 4096


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
            except FileNotFoundError:
                continue  # it went away while we looked
            except OSError:
                return True  # a path too long to look into, or closed to us: not something honest code needs
        return False


def empty(folder: str) -> None:
    """Removes everything in `folder`, never following links, however deep it is nested.

    Each round lifts what lies in a subdirectory to the top, so no path ever grows with the depth.
    """
    lifted = 0
    while entries := list(os.scandir(folder)):
        for entry in entries:
            if not entry.is_dir(follow_symlinks=False):
                os.unlink(entry.path)
                continue
            os.chmod(entry.path, 0o700)
            for inner in list(os.scandir(entry.path)):
                if inner.is_dir(follow_symlinks=False):
                    os.chmod(inner.path, 0o700)  # moving a directory needs write access to it
                lifted += 1
                os.rename(inner.path, f"{folder}/lifted-{lifted}-{os.getpid()}")
            os.rmdir(entry.path)
