"""Becomes a shell."""
# seen as: process

import os


def attempt(host):
    os.execv("/bin/sh", ["sh", "-c", "echo x > " + host["folder"] + "/escaped"])
