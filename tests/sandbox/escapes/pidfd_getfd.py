"""Takes an open file of the supervisor."""
# seen as: native

import ctypes
import os

NUMBER = {"x86_64": 438, "aarch64": 438}[os.uname().machine]


def attempt(host):
    libc = ctypes.CDLL(None, use_errno=True)
    result = libc.syscall(NUMBER, 3, 1, 0)
    return "ESCAPED" if result >= 0 else os.strerror(ctypes.get_errno())
