"""Kills the supervisor."""
# seen as: process

import os
import signal


def attempt(host):
    os.kill(os.getppid(), signal.SIGKILL)
    return "ESCAPED"
