"""Climbs out of the scratch directory by many parents."""
# seen as: file

import os


def attempt(host):
    return open("../" * 40 + host["file"].lstrip("/")).read()
