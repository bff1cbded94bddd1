"""Sends out-of-band bytes and files through a pair: old ways into the kernel and out of a sandbox."""

import ctypes
import socket


def attempt(host):
    first, second = socket.socketpair()
    done = []
    for flags in (socket.MSG_OOB, socket.MSG_PEEK, socket.MSG_DONTWAIT | socket.MSG_OOB):
        for action in (lambda flags=flags: first.send(b"x", flags), lambda flags=flags: second.recv(1, flags)):
            try:
                done.append(action())
            except OSError:
                continue
    libc = ctypes.CDLL(None, use_errno=True)
    message = ctypes.create_string_buffer(64)
    for action in (
        lambda: socket.send_fds(first, [b"x"], [1]), lambda: socket.recv_fds(second, 1, 1),
        lambda: first.sendmsg([b"x"]), lambda: second.recvmsg(1),
    ):  # fmt: skip
        try:
            done.append(action())
        except OSError:
            continue
    if libc.sendmmsg(first.fileno(), message, 1, 0) != -1:
        done.append("sendmmsg")
    first.send(b"ordinary")
    if second.recv(8) != b"ordinary":
        done.append("nothing works at all")
    return f"ESCAPED {done}" if done else "only plain bytes"
