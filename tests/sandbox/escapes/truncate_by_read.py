"""Empties a file by opening it for reading only."""
# seen as: file

import os


def attempt(host):
    os.close(os.open(host["file"], os.O_RDONLY | os.O_TRUNC))
    return "ESCAPED"
