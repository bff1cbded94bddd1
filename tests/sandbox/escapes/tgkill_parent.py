"""Signals a thread of the supervisor."""
# seen as: native

import ctypes
import os

NUMBER = {"x86_64": 234, "aarch64": 131}[os.uname().machine]


def attempt(host):
    libc = ctypes.CDLL(None, use_errno=True)
    result = libc.syscall(NUMBER, os.getppid(), os.getppid(), 9)
    return "ESCAPED" if result >= 0 else os.strerror(ctypes.get_errno())
