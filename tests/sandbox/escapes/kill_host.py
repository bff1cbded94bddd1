"""Kills the node."""
# seen as: process

import os
import signal


def attempt(host):
    os.kill(host["pid"], signal.SIGTERM)
    return "ESCAPED"
