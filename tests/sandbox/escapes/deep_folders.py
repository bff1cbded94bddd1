"""Nests directories deeper than a path can name."""
# ends: completed|output

import os


def attempt(host):
    for _ in range(250):
        os.mkdir("d" * 20)
        os.chdir("d" * 20)
    return "done"
