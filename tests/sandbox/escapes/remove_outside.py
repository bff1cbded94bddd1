"""Removes a file of the host."""
# seen as: file

import os


def attempt(host):
    os.remove(host["file"])
    return "ESCAPED"
