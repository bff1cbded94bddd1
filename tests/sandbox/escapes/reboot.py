"""Reboots the machine."""
# seen as: native

import ctypes
import os

NUMBER = {"x86_64": 169, "aarch64": 142}[os.uname().machine]


def attempt(host):
    libc = ctypes.CDLL(None, use_errno=True)
    result = libc.syscall(NUMBER, 0xFEE1DEAD - (1 << 32), 672274793, 0, None)
    return "ESCAPED" if result >= 0 else os.strerror(ctypes.get_errno())
