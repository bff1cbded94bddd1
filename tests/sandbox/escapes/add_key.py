"""Leaves a key in the user's keyring."""
# seen as: native

import ctypes
import os

NUMBER = {"x86_64": 248, "aarch64": 217}[os.uname().machine]


def attempt(host):
    libc = ctypes.CDLL(None, use_errno=True)
    result = libc.syscall(NUMBER, b"user", b"escaped", b"x", 1, -4)
    return "ESCAPED" if result >= 0 else os.strerror(ctypes.get_errno())
