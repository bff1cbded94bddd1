"""Lists the folder in which the scratch directories of others are."""
# seen as: file

import os


def attempt(host):
    return "ESCAPED " + str(os.listdir(".."))
