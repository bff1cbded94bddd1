"""Reads it through the C library's streams."""
# seen as: native

import ctypes


def attempt(host):
    libc = ctypes.CDLL(None)
    libc.fopen.restype = ctypes.c_void_p
    stream = libc.fopen(host["file"].encode(), b"r")
    if not stream:
        return "refused"
    buffer = ctypes.create_string_buffer(100)
    libc.fgets(buffer, 100, ctypes.c_void_p(stream))
    return buffer.value
