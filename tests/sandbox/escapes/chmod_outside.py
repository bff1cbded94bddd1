"""Opens a file of the host to everybody."""
# seen as: file

import os


def attempt(host):
    os.chmod(host["file"], 0o777)
    return "ESCAPED"
