"""Makes a pair of datagram sockets, one of which could be pointed elsewhere."""

import socket


def attempt(host):
    socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)[0].sendto(b"x", host["socket"])
    return "ESCAPED"
