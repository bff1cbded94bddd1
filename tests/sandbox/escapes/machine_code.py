"""Calls the 32-bit system call table, whose numbers mean other things."""
# ends: killed

import ctypes
import mmap
import os


def attempt(host):
    if os.uname().machine != "x86_64":
        os.kill(os.getpid(), 31)
    code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    code.write(bytes.fromhex("b814000000cd80c3"))  # mov eax, 20 (getpid there); int 0x80; ret
    address = ctypes.addressof(ctypes.c_char.from_buffer(code))
    return f"ESCAPED {ctypes.CFUNCTYPE(ctypes.c_int)(address)()}"
