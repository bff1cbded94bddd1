"""Opens with the newer call that a filter cannot look into."""
# seen as: native

import ctypes
import os

NUMBER = {"x86_64": 437, "aarch64": 437}[os.uname().machine]


def attempt(host):
    libc = ctypes.CDLL(None, use_errno=True)
    result = libc.syscall(NUMBER, -100, host["file"].encode(), ctypes.create_string_buffer(24), 24)
    return "ESCAPED" if result >= 0 else os.strerror(ctypes.get_errno())
