"""Loads a kernel module."""
# seen as: native

import ctypes
import os

NUMBER = {"x86_64": 175, "aarch64": 105}[os.uname().machine]


def attempt(host):
    libc = ctypes.CDLL(None, use_errno=True)
    result = libc.syscall(NUMBER, b"x", 1, b"")
    return "ESCAPED" if result >= 0 else os.strerror(ctypes.get_errno())
