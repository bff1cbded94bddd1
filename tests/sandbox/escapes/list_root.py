"""Lists the root directory."""
# seen as: file

import os


def attempt(host):
    return "ESCAPED " + str(os.listdir("/"))
