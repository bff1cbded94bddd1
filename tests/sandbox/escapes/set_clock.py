"""Sets the clock."""
# seen as: native

import ctypes
import os

NUMBER = {"x86_64": 227, "aarch64": 112}[os.uname().machine]


def attempt(host):
    libc = ctypes.CDLL(None, use_errno=True)
    time = (ctypes.c_long * 2)(0, 0)
    result = libc.syscall(NUMBER, 0, time)
    return "ESCAPED" if result >= 0 else os.strerror(ctypes.get_errno())
