"""Plants a module in the standard library."""
# seen as: file

import os


def attempt(host):
    open(os.path.dirname(os.__file__) + "/hansa_escaped.py", "w").write("x")
    return "ESCAPED"
