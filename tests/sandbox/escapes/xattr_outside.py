"""Leaves a mark on a file of the host."""
# seen as: file

import os


def attempt(host):
    os.setxattr(host["file"], "user.escaped", b"x")
    return "ESCAPED"
