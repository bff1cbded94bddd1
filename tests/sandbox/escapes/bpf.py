"""Loads a program into the kernel."""
# seen as: native

import ctypes
import os

NUMBER = {"x86_64": 321, "aarch64": 280}[os.uname().machine]


def attempt(host):
    libc = ctypes.CDLL(None, use_errno=True)
    result = libc.syscall(NUMBER, 0, ctypes.create_string_buffer(128), 128)
    return "ESCAPED" if result >= 0 else os.strerror(ctypes.get_errno())
