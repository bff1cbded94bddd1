"""Imports the node itself."""

import os


def attempt(host):
    import hansa

    return f"ESCAPED {hansa}"
