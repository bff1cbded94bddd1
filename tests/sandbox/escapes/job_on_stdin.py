"""Reads the job a second time."""

import os


def attempt(host):
    return "ESCAPED" if os.read(0, 100) else "nothing"
