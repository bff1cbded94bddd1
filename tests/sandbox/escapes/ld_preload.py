"""Asks the loader to load a library of its own into the next program."""
# seen as: process

import os


def attempt(host):
    os.environ["LD_PRELOAD"] = "./own.so"
    os.execve("/proc/self/exe", ["python", "-c", "print(1)"], os.environ)
