"""Listens for others."""
# seen as: network

import socket


def attempt(host):
    socket.create_server(("127.0.0.1", 0))
    return "ESCAPED"
