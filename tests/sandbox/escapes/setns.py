"""Enters the namespaces of its parent."""
# seen as: native

import ctypes
import os

OPEN = {"x86_64": 434, "aarch64": 434}[os.uname().machine]


def attempt(host):
    libc = ctypes.CDLL(None)
    descriptor = libc.syscall(OPEN, os.getppid(), 0)
    return "ESCAPED" if descriptor >= 0 or libc.setns(3, 0x00020000) == 0 else "refused"
