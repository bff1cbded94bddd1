"""Floods the pipe on which steps are reported."""
# ends: output

import os


def attempt(host):
    while True:
        os.write(3, b"x" * 65536)
