"""Queues a signal to the supervisor."""
# seen as: native

import ctypes
import os

NUMBER = {"x86_64": 129, "aarch64": 138}[os.uname().machine]


def attempt(host):
    libc = ctypes.CDLL(None, use_errno=True)
    result = libc.syscall(NUMBER, os.getppid(), 9, ctypes.create_string_buffer(128))
    return "ESCAPED" if result >= 0 else os.strerror(ctypes.get_errno())
