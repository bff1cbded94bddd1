"""Loads another kernel."""
# seen as: native

import ctypes
import os

NUMBER = {"x86_64": 246, "aarch64": 104}[os.uname().machine]


def attempt(host):
    libc = ctypes.CDLL(None, use_errno=True)
    result = libc.syscall(NUMBER, 0, 0, None, 0)
    return "ESCAPED" if result >= 0 else os.strerror(ctypes.get_errno())
