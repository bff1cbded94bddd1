"""Kills everything it can."""
# seen as: process

import os
import signal


def attempt(host):
    os.kill(-1, signal.SIGKILL)
    return "ESCAPED"
