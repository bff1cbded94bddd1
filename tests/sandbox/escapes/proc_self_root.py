"""Walks to the host through /proc/self/root."""
# seen as: file

import os


def attempt(host):
    return open("/proc/self/root" + host["file"]).read()
