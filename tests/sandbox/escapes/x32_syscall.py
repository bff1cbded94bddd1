"""Calls through the x32 numbers."""
# seen as: native

import ctypes
import os


def attempt(host):
    libc = ctypes.CDLL(None, use_errno=True)
    result = libc.syscall(0x40000000 + 39)
    return "ESCAPED" if result >= 0 else os.strerror(ctypes.get_errno())
