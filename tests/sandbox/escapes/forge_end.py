"""Claims to have completed and leaves."""
# ends: exited

import os


def attempt(host):
    os.write(3, b"end 0 completed - -\n")
    os._exit(0)
