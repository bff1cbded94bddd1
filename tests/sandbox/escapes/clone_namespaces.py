"""Clones into new namespaces."""
# seen as: native

import ctypes
import os

NUMBER = {"x86_64": 56, "aarch64": 220}[os.uname().machine]


def attempt(host):
    child = ctypes.CDLL(None).syscall(NUMBER, 0x10000000 | 17, 0, 0, 0, 0)
    if child == 0:
        os._exit(0)
    return "refused" if child < 0 else "ESCAPED"
