"""Leaves directories that it closed to everybody."""
# trials: 2

import os


def attempt(host):
    os.mkdir("closed", 0)
    os.makedirs("half/closed")
    return "done"
