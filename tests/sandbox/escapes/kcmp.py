"""Compares itself with the supervisor, which tells addresses."""
# seen as: native

import ctypes
import os

NUMBER = {"x86_64": 312, "aarch64": 272}[os.uname().machine]


def attempt(host):
    libc = ctypes.CDLL(None, use_errno=True)
    result = libc.syscall(NUMBER, os.getpid(), os.getppid(), 0, 0, 0)
    return "ESCAPED" if result >= 0 else os.strerror(ctypes.get_errno())
