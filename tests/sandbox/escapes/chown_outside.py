"""Takes a file of the host over."""
# seen as: file

import os


def attempt(host):
    os.chown(host["file"], os.getuid(), -1)
    return "ESCAPED"
