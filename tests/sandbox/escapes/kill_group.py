"""Kills its process group."""
# seen as: process

import os
import signal


def attempt(host):
    os.killpg(0, signal.SIGKILL)
    return "ESCAPED"
