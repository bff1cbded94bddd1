"""Opens a raw socket."""
# seen as: network

import socket


def attempt(host):
    socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)
    return "ESCAPED"
