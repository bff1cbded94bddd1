"""Takes over page faults, to widen races in the kernel."""
# seen as: native

import ctypes
import os

NUMBER = {"x86_64": 323, "aarch64": 282}[os.uname().machine]


def attempt(host):
    libc = ctypes.CDLL(None, use_errno=True)
    result = libc.syscall(NUMBER, 1)
    return "ESCAPED" if result >= 0 else os.strerror(ctypes.get_errno())
