"""Sets a file of the host back in time."""
# seen as: file

import os


def attempt(host):
    os.utime(host["file"], (0, 0))
    return "ESCAPED"
