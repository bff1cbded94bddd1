"""Claims that the sandbox could not be built."""
# ends: exited

import os


def attempt(host):
    os.write(3, b"refused 0 - - 4\noops")
    os._exit(0)
