"""Opens a performance counter."""
# seen as: native

import ctypes
import os

NUMBER = {"x86_64": 298, "aarch64": 241}[os.uname().machine]


def attempt(host):
    libc = ctypes.CDLL(None, use_errno=True)
    result = libc.syscall(NUMBER, ctypes.create_string_buffer(128), 0, -1, -1, 0)
    return "ESCAPED" if result >= 0 else os.strerror(ctypes.get_errno())
