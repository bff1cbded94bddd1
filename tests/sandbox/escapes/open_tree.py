"""Takes a handle on the root's mount."""
# seen as: native

import ctypes
import os

NUMBER = {"x86_64": 428, "aarch64": 428}[os.uname().machine]


def attempt(host):
    libc = ctypes.CDLL(None, use_errno=True)
    result = libc.syscall(NUMBER, -100, b"/", 1)
    return "ESCAPED" if result >= 0 else os.strerror(ctypes.get_errno())
