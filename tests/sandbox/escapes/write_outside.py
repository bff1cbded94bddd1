"""Leaves a file on the host."""
# seen as: file

import os


def attempt(host):
    open(host["folder"] + "/escaped", "w").write("x")
    return "ESCAPED"
