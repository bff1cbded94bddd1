"""Signals a thread of the supervisor by the old call."""
# seen as: native

import ctypes
import os

NUMBER = {"x86_64": 200, "aarch64": 130}[os.uname().machine]


def attempt(host):
    libc = ctypes.CDLL(None, use_errno=True)
    result = libc.syscall(NUMBER, os.getppid(), 9)
    return "ESCAPED" if result >= 0 else os.strerror(ctypes.get_errno())
