"""Landlock: the kernel's own list of files that one process may touch.

The rule set handles every right the running kernel knows and grants two things: reading the Python runtime, and
using the trial's own scratch directory. It handles TCP bind and connect and grants no port; it scopes signals and
abstract sockets to the trial. Rights that an older kernel lacks are covered by `seccomp`, with one exception that is
not left to chance: before ABI 3 a truncating open of a readable file is not seen, so older kernels are refused where
Landlock is the only layer that hides files.

Not covered by Landlock at any ABI: stat, chmod, chown, utime, extended attributes. `seccomp` refuses all but stat;
so where there are no namespaces, code can still learn whether a host path exists and how large the file is.
"""

from __future__ import annotations

import os

from .kernel import RefusedError, syscall

_CREATE, _ADD, _RESTRICT = 444, 445, 446

_DESCRIPTOR = 200

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_REMOVE_DIR, _REMOVE_FILE, _MAKE_DIR, _MAKE_REG, _MAKE_SYM = 1 << 4, 1 << 5, 1 << 7, 1 << 8, 1 << 12
_TRUNCATE = 1 << 14

_SCRATCH = (
    _WRITE_FILE | _READ_FILE | _READ_DIR | _REMOVE_DIR | _REMOVE_FILE | _MAKE_DIR | _MAKE_REG | _MAKE_SYM | _TRUNCATE
)
_DEVICES = (("/dev/null", _READ_FILE | _WRITE_FILE), ("/dev/urandom", _READ_FILE))


def abi() -> int:
    """Returns the kernel's Landlock version.

    Raises:
        RefusedError: the kernel has no Landlock, or it is turned off.
    """
    return syscall("landlock", _CREATE, None, 0, 1)


def _all_file_rights(version: int) -> int:
    """Returns every file right that ABI `version` knows: 13 at 1, then refer, truncate and device ioctl."""
    count = 13 + (version >= 2) + (version >= 3) + (version >= 5)
    return (1 << count) - 1


class Rules:
    """One rule set, built once for a supervisor; each trial confines itself by it.

    A rule is tied to a directory itself, not to its name, and covers what is mounted on it.
    """

    def __init__(self, minimum_abi: int) -> None:
        version = abi()
        if version < minimum_abi:
            raise RefusedError(f"landlock: this kernel offers version {version}, this tier needs {minimum_abi}")
        self._handled = _all_file_rights(version)
        # Rights over files; then, in later versions, over TCP; then scopes. Each is 64 bits.
        attributes = [self._handled, *[0b11] * ((version >= 4) + (version >= 6))]
        packed = b"".join(field.to_bytes(8, "little") for field in attributes)
        made = syscall("landlock", _CREATE, packed, len(packed), 0)
        # Far from the low numbers on which a child puts its pipes.
        self._ruleset = os.dup2(made, _DESCRIPTOR, inheritable=False)
        os.close(made)

    def allow_runtime(self, folders: list[str], files: list[str], listed: list[str]) -> None:
        """Grants reading of `folders` (with all below), of single `files`, and listing only of `listed`."""
        for paths, rights in ((folders, _READ_FILE | _READ_DIR), (files, _READ_FILE), (listed, _READ_DIR)):
            for path in paths:
                self._allow(path, rights)
        for path, rights in _DEVICES:
            self._allow(path, rights)

    def allow_scratch(self, path: str) -> None:
        """Grants trials their own directory.

        Raises:
            RefusedError: the directory is not there.
        """
        if not self._allow(path, _SCRATCH):
            raise RefusedError("landlock: no scratch directory")

    def confine(self) -> None:
        """Confines the calling process for the rest of its life; needs no_new_privs."""
        syscall("landlock", _RESTRICT, self._ruleset, 0)

    def _allow(self, path: str, rights: int) -> bool:
        try:
            beneath = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            return False  # what is not there needs no permission
        try:
            rule = (rights & self._handled).to_bytes(8, "little") + beneath.to_bytes(4, "little")
            syscall("landlock", _ADD, self._ruleset, 1, rule, 0)
        finally:
            os.close(beneath)
        return True
