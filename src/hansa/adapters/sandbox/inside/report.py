"""What the inner program says to the host: one JSON line each.

Without `json`, whose import costs as much as a tenth of an interpreter's start.
"""

from __future__ import annotations

import os

_HOST_OUT = 1


def say(value: dict[str, object]) -> None:
    """Writes one line to the host."""
    data = (json(value) + "\n").encode()
    while data:
        data = data[os.write(_HOST_OUT, data) :]


def json(value: object) -> str:
    """Returns `value` as JSON; knows the types that a report is made of."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return _quote(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{_quote(key)}:{json(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(json, value)) + "]"
    raise TypeError(type(value).__name__)


def warm() -> None:
    """Imports now what else is imported with the first text that needs it."""
    _quote('"')


def _quote(text: str) -> str:
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    from _json import encode_basestring_ascii  # the C half of `json`, without its Python half

    return encode_basestring_ascii(text)
