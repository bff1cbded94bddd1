"""Empties a file by its path."""
# seen as: file

import os


def attempt(host):
    os.truncate(host["file"], 0)
    return "ESCAPED"
