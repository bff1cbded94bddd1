"""Looks for what an earlier trial left, and leaves something for the next."""
# trials: 3

import os
import tempfile


def attempt(host):
    found = os.listdir(".") + os.listdir(tempfile.gettempdir()) + os.listdir(os.environ["HOME"])
    for number in range(5):
        try:
            found.append(open(f"../{number}/left").read())
        except OSError:
            continue
    open("left", "w").write("x")
    return f"ESCAPED {found}" if found else "nothing"
