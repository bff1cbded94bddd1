"""Looks into the session's keyring."""
# seen as: native

import ctypes
import os

NUMBER = {"x86_64": 250, "aarch64": 219}[os.uname().machine]


def attempt(host):
    libc = ctypes.CDLL(None, use_errno=True)
    result = libc.syscall(NUMBER, 0, -3, 1)
    return "ESCAPED" if result >= 0 else os.strerror(ctypes.get_errno())
