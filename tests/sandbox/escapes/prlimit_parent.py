"""Takes the supervisor's memory away."""
# seen as: native

import ctypes
import os

NUMBER = {"x86_64": 302, "aarch64": 261}[os.uname().machine]


def attempt(host):
    libc = ctypes.CDLL(None, use_errno=True)
    limit = (ctypes.c_ulong * 2)(1, 1)
    result = libc.syscall(NUMBER, os.getppid(), 9, limit, None)
    return "ESCAPED" if result >= 0 else os.strerror(ctypes.get_errno())
