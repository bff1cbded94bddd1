"""Makes a ring through which files are opened outside the filter."""
# seen as: native

import ctypes
import os

NUMBER = {"x86_64": 425, "aarch64": 425}[os.uname().machine]


def attempt(host):
    libc = ctypes.CDLL(None, use_errno=True)
    result = libc.syscall(NUMBER, 8, ctypes.create_string_buffer(120))
    return "ESCAPED" if result >= 0 else os.strerror(ctypes.get_errno())
