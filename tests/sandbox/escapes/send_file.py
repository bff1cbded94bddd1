"""Copies a file inside the kernel."""
# seen as: file

import os


def attempt(host):
    source = os.open(host["file"], os.O_RDONLY)
    target = os.open("mine", os.O_RDWR | os.O_CREAT)
    os.sendfile(target, source, 0, 100)
    return open("mine").read()
