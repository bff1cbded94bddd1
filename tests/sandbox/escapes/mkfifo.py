"""Makes a named pipe, to meet another process there."""

import os


def attempt(host):
    os.mkfifo("pipe")
    return "ESCAPED"
