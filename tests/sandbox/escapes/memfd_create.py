"""Makes an executable file in memory."""
# seen as: native

import ctypes
import os

NUMBER = {"x86_64": 319, "aarch64": 279}[os.uname().machine]


def attempt(host):
    libc = ctypes.CDLL(None, use_errno=True)
    result = libc.syscall(NUMBER, b"x", 0)
    return "ESCAPED" if result >= 0 else os.strerror(ctypes.get_errno())
