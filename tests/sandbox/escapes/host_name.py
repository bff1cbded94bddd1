"""Renames the host."""
# seen as: native

import ctypes
import os

NUMBER = {"x86_64": 170, "aarch64": 161}[os.uname().machine]


def attempt(host):
    libc = ctypes.CDLL(None, use_errno=True)
    result = libc.syscall(NUMBER, b"escaped", 7)
    return "ESCAPED" if result >= 0 else os.strerror(ctypes.get_errno())
