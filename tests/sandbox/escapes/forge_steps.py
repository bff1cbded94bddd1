"""Claims steps that the job does not have."""
# ends: exited

import os


def attempt(host):
    os.write(3, b"call 7 ok 1 -\n2end 0 completed - -\n")
    os._exit(0)
