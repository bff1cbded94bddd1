"""Reads the kernel's log."""
# seen as: native

import ctypes
import os

NUMBER = {"x86_64": 103, "aarch64": 116}[os.uname().machine]


def attempt(host):
    libc = ctypes.CDLL(None, use_errno=True)
    buffer = ctypes.create_string_buffer(100)
    result = libc.syscall(NUMBER, 3, buffer, 100)
    return "ESCAPED" if result >= 0 else os.strerror(ctypes.get_errno())
