"""Spawns a shell."""
# seen as: process

import os


def attempt(host):
    os.posix_spawn("/bin/sh", ["sh", "-c", "echo x > " + host["folder"] + "/escaped"], {})
    return "ESCAPED"
