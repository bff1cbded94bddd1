"""Makes a shared memory segment."""
# seen as: native

import ctypes
import os

NUMBER = {"x86_64": 29, "aarch64": 194}[os.uname().machine]


def attempt(host):
    libc = ctypes.CDLL(None, use_errno=True)
    result = libc.syscall(NUMBER, 4242, 4096, 0o1666)
    return "ESCAPED" if result >= 0 else os.strerror(ctypes.get_errno())
