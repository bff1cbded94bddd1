"""Turns address randomisation off."""
# seen as: native

import ctypes
import os

NUMBER = {"x86_64": 135, "aarch64": 92}[os.uname().machine]


def attempt(host):
    libc = ctypes.CDLL(None, use_errno=True)
    result = libc.syscall(NUMBER, 0x0040000)
    return "ESCAPED" if result >= 0 else os.strerror(ctypes.get_errno())
