"""Sends a datagram."""
# seen as: network

import socket


def attempt(host):
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", host["port"]))
    return "ESCAPED"
