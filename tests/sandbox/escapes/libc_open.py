"""Reads it through the C library, which has no audit event."""
# seen as: native

import ctypes


def attempt(host):
    libc = ctypes.CDLL(None)
    descriptor = libc.open(host["file"].encode(), 0)
    buffer = ctypes.create_string_buffer(100)
    return buffer.raw if libc.read(descriptor, buffer, 100) > 0 else "refused"
