"""Makes a message queue."""
# seen as: native

import ctypes
import os

NUMBER = {"x86_64": 240, "aarch64": 180}[os.uname().machine]


def attempt(host):
    libc = ctypes.CDLL(None, use_errno=True)
    result = libc.syscall(NUMBER, b"escaped", 0o102, 0o666, None)
    return "ESCAPED" if result >= 0 else os.strerror(ctypes.get_errno())
