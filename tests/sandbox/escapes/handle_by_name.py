"""Turns a path into a handle that needs no path."""
# seen as: native

import ctypes
import os

NUMBER = {"x86_64": 303, "aarch64": 264}[os.uname().machine]


def attempt(host):
    libc = ctypes.CDLL(None, use_errno=True)
    buffer = ctypes.create_string_buffer(200)
    result = libc.syscall(NUMBER, -100, host["file"].encode(), buffer, buffer, 0)
    return "ESCAPED" if result >= 0 else os.strerror(ctypes.get_errno())
