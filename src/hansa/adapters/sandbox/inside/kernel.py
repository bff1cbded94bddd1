"""System calls that Python has no function for, through the C library.

Left out: policy. This module knows how to ask the kernel, not what for.
"""

from __future__ import annotations

import _ctypes  # the C half of `ctypes`: the Python half takes a third of an interpreter's start to import
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_SECCOMP = 22
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38

SIGKILL = 9

_CDECL, _KEEP_ERRNO = 1, 8


class RefusedError(Exception):
    """A layer cannot be applied here; the message names the layer and the kernel's answer."""


class _Long(_ctypes._SimpleCData):  # type: ignore[type-arg]
    """A C long; a Python integer would be passed as an int, cut to 32 bits."""

    _type_ = "l"


class _Address(_ctypes._SimpleCData):  # type: ignore[type-arg]
    """The address of the first byte of a `bytes`, which it keeps alive."""

    _type_ = "z"


class _Function(_ctypes.CFuncPtr):
    """A function of the C library; keeps errno where `_ctypes.get_errno` finds it."""

    _flags_ = _CDECL | _KEEP_ERRNO
    _restype_ = _Long


def _find(name: str) -> _Function | None:
    if not sys.platform.startswith("linux"):
        return None
    program: Any = None  # which has the C library loaded
    return _Function(_ctypes.dlsym(_ctypes.dlopen(program, os.RTLD_NOW), name))


_syscall, _prctl, _unshare = _find("syscall"), _find("prctl"), _find("unshare")
_mount, _umount = _find("mount"), _find("umount2")
_ZERO = _Long(0)
_CAPSET = {"x86_64": 126, "aarch64": 91}.get(os.uname().machine, -1)
_CAPABILITIES_3 = (0x20080522).to_bytes(4, "little") + bytes(4)  # the version, and "this process"


def _call(what: str, function: _Function | None, *arguments: object) -> int:
    """Calls `function`; integers are passed as longs, `bytes` by their address, None as null.

    Raises:
        RefusedError: it answers below zero, or there is no such function here.
    """
    if function is None:
        raise RefusedError(f"{what}: only on Linux")
    passed = [_Long(item) if isinstance(item, int) else item for item in arguments]
    # Functions that return an int leave the upper half of the register undefined.
    result = int(function(*passed)) & 0xFFFFFFFF
    if result >= 0x80000000:
        raise RefusedError(f"{what}: {os.strerror(_ctypes.get_errno())}")
    return result


def encode(path: str) -> bytes:
    """Returns the bytes of a path, as the interpreter itself would encode it."""
    return path.encode(sys.getfilesystemencoding(), "surrogateescape")


def address(data: bytes) -> bytes:
    """Returns where `data` begins, as eight bytes for a structure; `data` has to live on meanwhile."""
    return bytes(_Address(data))


def prctl(option: int, value: int = 0, pointer: bytes | None = None) -> None:
    """Sets one property of the calling process.

    Raises:
        RefusedError: the kernel says no.
    """
    _call(f"prctl {option}", _prctl, option, value, pointer, _ZERO, _ZERO)


def syscall(what: str, number: int, *arguments: int | bytes | None) -> int:
    """Makes a raw system call; integers are passed as longs, `bytes` by their address, None as null.

    Raises:
        RefusedError: the kernel says no; the message starts with `what`.
    """
    return _call(what, _syscall, number, *arguments)


def unshare(flags: int) -> None:
    """Leaves the namespaces named by `flags` for new ones."""
    _call("unshare", _unshare, flags)


def mount(source: str | None, target: str, kind: str | None, flags: int, options: str | None = None) -> None:
    """Mounts `source` on `target`."""
    encoded = [None if item is None else encode(item) for item in (source, target, kind, options)]
    _call("mount", _mount, encoded[0], encoded[1], encoded[2], flags, encoded[3])


def umount(target: str) -> None:
    """Detaches what is mounted on `target`, at once and for good once nobody uses it."""
    detach = 2
    _call("umount", _umount, encode(target), detach)


def die_with_parent(parent: int) -> None:
    """Has the kernel kill this process when its parent ends.

    Args:
        parent: the process id that must still be the parent; 0 inside a new process-id namespace.
    """
    prctl(PR_SET_PDEATHSIG, SIGKILL)
    # The parent may have ended before the line above; then nobody would ever send the signal.
    if os.getppid() != parent:
        os._exit(71)


def close_from(first: int) -> None:
    """Closes every descriptor from `first` on, whatever its number.

    Interpreters built against an older C library make `os.closerange` one call per number, which takes longer than
    the rest of a trial.
    """
    try:
        if not sys.platform.startswith("linux"):
            raise RefusedError("the number below means something else there")
        syscall("close_range", 436, first, 0xFFFFFFFF, 0)
    except RefusedError:
        os.closerange(first, 1 << 16)


def drop_capabilities() -> None:
    """Empties the effective, permitted and inheritable capability sets."""
    syscall("capset", _CAPSET, _CAPABILITIES_3, bytes(24))
