"""Imports installed packages from where the node keeps them."""

import sys


def attempt(host):
    sys.path.append(host["packages"])
    import msgspec

    return f"ESCAPED {msgspec}"
