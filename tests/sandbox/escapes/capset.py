"""Takes every capability back."""
# seen as: native

import ctypes
import os

NUMBER = {"x86_64": 126, "aarch64": 91}[os.uname().machine]


def attempt(host):
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    sets = (ctypes.c_uint32 * 6)(*[0xFFFFFFFF] * 6)
    result = libc.syscall(NUMBER, header, sets)
    return "ESCAPED" if result >= 0 else os.strerror(ctypes.get_errno())
