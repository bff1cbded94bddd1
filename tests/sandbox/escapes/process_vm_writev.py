"""Writes the supervisor's memory."""
# seen as: native

import ctypes
import os

NUMBER = {"x86_64": 311, "aarch64": 271}[os.uname().machine]


def attempt(host):
    libc = ctypes.CDLL(None, use_errno=True)
    buffer = ctypes.create_string_buffer(16)
    local = (ctypes.c_void_p * 2)(ctypes.addressof(buffer), 16)
    result = libc.syscall(NUMBER, os.getppid(), local, 1, local, 1, 0)
    return "ESCAPED" if result >= 0 else os.strerror(ctypes.get_errno())
