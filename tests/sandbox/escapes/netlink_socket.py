"""Talks to the kernel's routing tables."""
# seen as: network

import socket


def attempt(host):
    socket.socket(16, socket.SOCK_RAW, 0)
    return "ESCAPED"
