"""Connects to a listener on the loopback interface."""
# seen as: network

import socket


def attempt(host):
    socket.create_connection(("127.0.0.1", host["port"]), 1).sendall(b"x")
    return "ESCAPED"
