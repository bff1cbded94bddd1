"""Reads through a symbolic link in its own directory."""
# seen as: file

import os


def attempt(host):
    os.symlink(host["file"], "link")
    return open("link").read()
