"""Connects through the C library."""
# seen as: native

import ctypes
import struct


def attempt(host):
    libc = ctypes.CDLL(None)
    descriptor = libc.socket(2, 1, 0)
    address = struct.pack("=HHI8x", 2, 0, 0)[:2] + struct.pack(">H", host["port"]) + bytes([127, 0, 0, 1]) + bytes(8)
    return "ESCAPED" if libc.connect(descriptor, address, 16) == 0 else "refused"
