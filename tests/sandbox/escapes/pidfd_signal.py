"""Signals by a process descriptor."""
# seen as: native

import ctypes
import os

NUMBER = {"x86_64": 424, "aarch64": 424}[os.uname().machine]


def attempt(host):
    libc = ctypes.CDLL(None, use_errno=True)
    result = libc.syscall(NUMBER, 3, 9, None, 0)
    return "ESCAPED" if result >= 0 else os.strerror(ctypes.get_errno())
