"""Forks."""
# seen as: process

import os


def attempt(host):
    if os.fork() == 0:
        os._exit(0)
    return "ESCAPED"
