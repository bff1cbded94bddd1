"""Fills both pipes from many threads at once and leaves."""
# ends: exited

import os
import threading


def attempt(host):
    for _ in range(4):
        threading.Thread(target=lambda: [os.write(3, b"call 0 ok 5 -\nab") for _ in range(100)]).start()
    os.write(3, b"call 0 ok 999999999 -\n")
    os._exit(0)
