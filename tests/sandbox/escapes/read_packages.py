"""Reads the packages installed beside the standard library."""
# seen as: file

import os


def attempt(host):
    for folder in ("site-packages", "dist-packages"):
        try:
            return f"ESCAPED {os.listdir(os.path.dirname(os.__file__) + '/' + folder + '/pip')} " + open(
                os.path.dirname(os.__file__) + "/" + folder + "/pip/__init__.py"
            ).read()
        except FileNotFoundError:
            continue
    return "nothing there"
