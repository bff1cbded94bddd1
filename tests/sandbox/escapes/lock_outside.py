"""Opens a file only to lock it."""
# seen as: file

import fcntl
import os


def attempt(host):
    fcntl.flock(os.open(host["file"], os.O_RDONLY), fcntl.LOCK_EX)
    return "ESCAPED"
