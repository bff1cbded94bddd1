"""Runs a program."""
# seen as: process

import subprocess


def attempt(host):
    return "ESCAPED " + subprocess.check_output(["/bin/cat", host["file"]], text=True)
