"""Moves a file of the host into its own directory."""
# seen as: file

import os


def attempt(host):
    os.rename(host["file"], "mine")
    return open("mine").read()
