"""Lists the homes and the home of the node's user."""
# seen as: file

import os


def attempt(host):
    return "ESCAPED " + str([os.listdir(path) for path in ("/home", host["home"])])
