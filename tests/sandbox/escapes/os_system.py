"""Runs a shell command."""
# seen as: process

import os


def attempt(host):
    os.system("echo x > " + host["folder"] + "/escaped")
    return os.path.exists(host["folder"] + "/escaped") and "ESCAPED"
