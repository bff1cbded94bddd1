"""Unmounts what hides the host."""
# seen as: native

import ctypes
import os

NUMBER = {"x86_64": 166, "aarch64": 39}[os.uname().machine]


def attempt(host):
    libc = ctypes.CDLL(None, use_errno=True)
    result = libc.syscall(NUMBER, b"/tmp", 2)
    return "ESCAPED" if result >= 0 else os.strerror(ctypes.get_errno())
