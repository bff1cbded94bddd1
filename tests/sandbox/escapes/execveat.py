"""Executes an open file."""
# seen as: native

import ctypes
import os

NUMBER = {"x86_64": 322, "aarch64": 281}[os.uname().machine]


def attempt(host):
    libc = ctypes.CDLL(None, use_errno=True)
    argv = (ctypes.c_char_p * 2)(b"sh", None)
    result = libc.syscall(NUMBER, -100, b"/bin/sh", argv, argv, 0)
    return "ESCAPED" if result >= 0 else os.strerror(ctypes.get_errno())
