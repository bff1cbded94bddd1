"""Makes pairs of every kind but the one that is allowed, and sockets of every family."""
# seen as: network

import socket


def attempt(host):
    made = []
    for family in range(64):
        for kind in (1, 2, 3, 5, 0x801, 0x80001):
            for make in (socket.socket, socket.socketpair):
                if make is socket.socketpair and (family, kind & 15) == (1, 1):
                    continue
                try:
                    made.append(make(family, kind))
                except OSError:
                    continue
    return f"ESCAPED {made}" if made else "none"
