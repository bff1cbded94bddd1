"""Changes its root."""

import os


def attempt(host):
    os.chroot(".")
    return "ESCAPED"
