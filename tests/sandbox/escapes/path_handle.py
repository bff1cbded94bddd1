"""Opens a file as a path only and reads it by its number."""
# seen as: file

import os


def attempt(host):
    handle = os.open(host["file"], os.O_PATH)
    return open(f"/proc/self/fd/{handle}").read()
