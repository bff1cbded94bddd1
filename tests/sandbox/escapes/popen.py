"""Opens a shell pipeline."""
# seen as: process

import os


def attempt(host):
    return "ESCAPED " + os.popen("cat " + host["file"]).read()
