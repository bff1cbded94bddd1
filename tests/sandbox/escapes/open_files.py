"""Reads every open file that it inherited."""

import os


def attempt(host):
    found = []
    for number in (0, *range(4, 1024)):
        try:
            os.set_blocking(number, False)
            found.append(os.read(number, 100000))
        except OSError:
            continue
    return found or "nothing"
