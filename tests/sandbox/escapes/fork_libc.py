"""Forks through the C library."""
# seen as: native

import ctypes
import os


def attempt(host):
    child = ctypes.CDLL(None).fork()
    if child == 0:
        os._exit(0)
    return "refused" if child < 0 else "ESCAPED"
