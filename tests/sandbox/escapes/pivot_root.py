"""Changes the root."""
# seen as: native

import ctypes
import os

NUMBER = {"x86_64": 155, "aarch64": 41}[os.uname().machine]


def attempt(host):
    libc = ctypes.CDLL(None, use_errno=True)
    result = libc.syscall(NUMBER, b".", b".")
    return "ESCAPED" if result >= 0 else os.strerror(ctypes.get_errno())
