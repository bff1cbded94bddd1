"""System calls that Python has no function for, through the C library.

Left out: policy. This module knows how to ask the kernel, not what for.
"""

from __future__ import annotations

import ctypes
import os
import sys

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_SECCOMP = 22
PR_SET_NO_NEW_PRIVS = 38

SIGKILL = 9


class RefusedError(Exception):
    """A layer cannot be applied here; the message names the layer and the kernel's answer."""


def prctl(option: int, value: int = 0, pointer: object = 0) -> None:
    """Sets one property of the calling process.

    Raises:
        RefusedError: the kernel says no.
    """
    extra = ctypes.c_ulong(pointer) if isinstance(pointer, int) else pointer
    zero = ctypes.c_ulong(0)
    if _libc.prctl(option, ctypes.c_ulong(value), extra, zero, zero) != 0:
        raise RefusedError(f"prctl {option}: {os.strerror(ctypes.get_errno())}")


def syscall(what: str, number: int, *arguments: object) -> int:
    """Makes a raw system call; integers are passed as longs, everything else as ctypes passes it.

    Raises:
        RefusedError: the kernel says no; the message starts with `what`.
    """
    passed = [ctypes.c_long(item) if isinstance(item, int) else item for item in arguments]
    result = int(_libc.syscall(ctypes.c_long(number), *passed))
    if result < 0:
        raise RefusedError(f"{what}: {os.strerror(ctypes.get_errno())}")
    return result


def unshare(flags: int) -> None:
    """Leaves the namespaces named by `flags` for new ones."""
    if _libc.unshare(flags) != 0:
        raise RefusedError(f"unshare: {os.strerror(ctypes.get_errno())}")


def mount(source: str | None, target: str, kind: str | None, flags: int, options: str | None = None) -> None:
    """Mounts `source` on `target`."""
    encoded = [None if item is None else os.fsencode(item) for item in (source, target, kind, options)]
    if _libc.mount(encoded[0], encoded[1], encoded[2], ctypes.c_ulong(flags), encoded[3]) != 0:
        raise RefusedError(f"mount: {os.strerror(ctypes.get_errno())}")


def umount(target: str) -> None:
    """Detaches what is mounted on `target`, at once and for good once nobody uses it."""
    detach = 2
    if _libc.umount2(os.fsencode(target), detach) != 0:
        raise RefusedError(f"umount: {os.strerror(ctypes.get_errno())}")


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
    numbers = {"x86_64": 126, "aarch64": 91}
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    empty = (ctypes.c_uint32 * 6)()
    syscall("capset", machine_number(numbers), ctypes.byref(header), ctypes.byref(empty))


def machine_number(numbers: dict[str, int]) -> int:
    """Picks this machine's system call number.

    Raises:
        RefusedError: the machine is neither x86_64 nor aarch64.
    """
    machine = os.uname().machine
    if machine not in numbers:
        raise RefusedError(f"no system call table for {machine}")
    return numbers[machine]
