"""Becomes root."""

import os


def attempt(host):
    os.setuid(0) if os.getuid() else os.setuid(12345)
    return "ESCAPED"
