"""Connects to a socket in the file system."""
# seen as: network

import socket


def attempt(host):
    socket.socket(socket.AF_UNIX).connect(host["socket"])
    return "ESCAPED"
