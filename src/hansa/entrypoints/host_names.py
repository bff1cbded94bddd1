"""The form of what names a host: a number of the Internet Protocol, or a name. Nothing is looked up."""

from __future__ import annotations

import re
from ipaddress import ip_address

from pydantic_core import PydanticCustomError

from hansa.kernel.plain import plain

MAX_NAME = 253
"""Characters of a name (RFC 1035, section 2.3.4)."""

_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?", re.ASCII | re.IGNORECASE)


def is_host(text: str) -> bool:
    """Says whether a text is an IP address, or has the form of a host name (RFC 1123, section 2.1; `_` is let pass).

    A name does not end in a number: 999.1.1.1 is meant as an address, and is none.

    >>> [is_host(one) for one in ("127.0.0.1", "::1", "node.example", "a-1", "localhost.")]
    [True, True, True, True, True]
    >>> [is_host(one) for one in ("999.1.1.1", "", "bad host", "http://x/", "[::1]", "x:80", "-a.example", "a..b")]
    [False, False, False, False, False, False, False, False]
    """
    try:
        ip_address(text)
    except ValueError:
        labels = text.removesuffix(".").split(".")
        return len(text) <= MAX_NAME and all(map(_LABEL.fullmatch, labels)) and not labels[-1].isdecimal()
    return True


def sound(name: str) -> str:
    """Returns a host; for a validator of settings.

    Raises:
        PydanticCustomError: it is none.
    """
    if not is_host(name):
        raise PydanticCustomError("no_host", "no host: {host}", {"host": plain(name, 40) or "nothing"})
    return name
