"""Opens the supervisor's memory."""
# seen as: file

import os


def attempt(host):
    with open(f"/proc/{os.getppid()}/mem", "rb") as memory:
        return "ESCAPED " + str(memory)
