"""Loads a library that it wrote itself."""
# seen as: native

import ctypes


def attempt(host):
    with open("own.so", "wb") as library:
        library.write(b"\x7fELF" + bytes(60))
    ctypes.CDLL("./own.so")
    return "ESCAPED"
