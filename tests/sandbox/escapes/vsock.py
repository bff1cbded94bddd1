"""Talks to the machine below."""
# seen as: network

import socket


def attempt(host):
    socket.socket(40, socket.SOCK_STREAM)
    return "ESCAPED"
