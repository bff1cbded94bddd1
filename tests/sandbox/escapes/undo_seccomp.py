"""Turns the filter off."""
# seen as: native

import ctypes
import os

NUMBER = {"x86_64": 317, "aarch64": 277}[os.uname().machine]


def attempt(host):
    libc = ctypes.CDLL(None, use_errno=True)
    result = libc.syscall(NUMBER, 1, 0, None)
    return "ESCAPED" if result >= 0 else os.strerror(ctypes.get_errno())
