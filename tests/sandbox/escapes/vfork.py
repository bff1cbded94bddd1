"""Forks by the call that needs no memory."""
# seen as: native

import ctypes
import os


def attempt(host):
    if os.uname().machine != "x86_64":
        return "no such call"
    child = ctypes.CDLL(None).syscall(58)
    if child == 0:
        os._exit(0)
    return "refused" if child < 0 else "ESCAPED"
