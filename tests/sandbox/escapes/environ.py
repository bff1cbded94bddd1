"""Looks for the node's secrets in its own environment."""

import ctypes
import os


def attempt(host):
    libc = ctypes.CDLL(None)
    libc.getenv.restype = ctypes.c_char_p
    return [dict(os.environ), libc.getenv(host["variable"].encode())]
