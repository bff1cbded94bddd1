"""Connects to an abstract socket."""
# seen as: network

import socket


def attempt(host):
    socket.socket(socket.AF_UNIX).connect("\0" + host["abstract"])
    return "ESCAPED"
