"""Writes through a symbolic link to a folder."""
# seen as: file

import os


def attempt(host):
    os.symlink(host["folder"], "link")
    open("link/escaped", "w").write("x")
    return "ESCAPED"
