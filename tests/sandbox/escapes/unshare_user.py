"""Makes a user namespace, to be root there."""
# seen as: native

import ctypes
import os

NUMBER = {"x86_64": 272, "aarch64": 97}[os.uname().machine]


def attempt(host):
    libc = ctypes.CDLL(None, use_errno=True)
    result = libc.syscall(NUMBER, 0x10000000)
    return "ESCAPED" if result >= 0 else os.strerror(ctypes.get_errno())
