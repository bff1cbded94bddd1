"""Clones by the newer call."""
# seen as: native

import ctypes
import os

NUMBER = {"x86_64": 435, "aarch64": 435}[os.uname().machine]


def attempt(host):
    child = ctypes.CDLL(None).syscall(NUMBER, ctypes.create_string_buffer(88), 88)
    if child == 0:
        os._exit(0)
    return "refused" if child < 0 else "ESCAPED"
