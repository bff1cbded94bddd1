"""Takes the one pair that is allowed and tries to give it a name, listen, connect it elsewhere or learn who is there."""
# seen as: network

import socket


def attempt(host):
    reached = []
    for end in socket.socketpair():
        for name in ("\0left", "left", host["socket"], "\0" + host["abstract"]):
            for action in (end.bind, end.connect, lambda name, end=end: end.sendto(b"x", name)):
                try:
                    action(name)
                    reached.append(name)
                except OSError:
                    continue
        for action in (
            end.listen, end.accept, end.getsockname, end.getpeername,
            lambda end=end: end.getsockopt(socket.SOL_SOCKET, 17, 12), lambda end=end: end.shutdown(2),
            lambda end=end: end.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1),
        ):  # fmt: skip
            try:
                reached.append(action())
            except OSError:
                continue
    return f"ESCAPED {reached}" if reached else "nowhere"
