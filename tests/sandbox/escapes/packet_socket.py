"""Opens a packet socket."""
# seen as: network

import socket


def attempt(host):
    socket.socket(17, socket.SOCK_RAW, 3)
    return "ESCAPED"
