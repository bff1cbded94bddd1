"""Reads it below the io module."""
# seen as: file

import os


def attempt(host):
    return os.read(os.open(host["file"], os.O_RDONLY), 100)
