"""Asks to be traced."""
# seen as: native

import ctypes
import os

NUMBER = {"x86_64": 101, "aarch64": 117}[os.uname().machine]


def attempt(host):
    libc = ctypes.CDLL(None, use_errno=True)
    result = libc.syscall(NUMBER, 0, 0, 0, 0)
    return "ESCAPED" if result >= 0 else os.strerror(ctypes.get_errno())
