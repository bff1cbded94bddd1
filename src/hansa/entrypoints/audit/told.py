"""What of an order is written down: who gave it, and the arguments that its operation names. Secrets never are.

An argument that an operation does not name is left out, so a new one is secret until somebody says otherwise. What is
named is cut, addresses lose user, password and query, and text in which something looks like a secret is left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import msgspec

from hansa.entrypoints.steps import Result
from hansa.kernel.plain import plain
from hansa.skills.secrets_scan import secrets_in

MAX_TEXT = 200
"""Characters of a value."""

MAX_ITEMS = 20
"""Items of a list."""

LEFT_OUT = "(left out: it looks like a secret)"
_MADE = ("id", "trace_id", "offer", "request", "case", "instance_id")
"""What an operation made, by the names that results give it. No invitation's code is among them."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who orders something, and by which door.

    Attributes:
        door: "command", "mcp", "python", or "admin" for a program with the operator's token that says no more.
        user: whom the operating system says the process is of; "" where nobody asked it.
        scopes: of an agent's session, in order; empty for the operator, who may do everything.
        session: which session of an agent; "" where it has no name.
    """

    door: str = "command"
    user: str = ""
    scopes: tuple[str, ...] = ()
    session: str = ""

    def view(self) -> dict[str, str]:
        """Returns it as it is written down; what says nothing is left out."""
        told = {"door": self.door, "user": self.user, "scopes": " ".join(self.scopes), "session": self.session}
        return {name: plain(one, 100) for name, one in told.items() if one}


CALLER = "Hansa-Caller"
"""Header in which a program with the operator's token says who orders: JSON of `Caller`."""

PROGRAM = Caller("python")
"""A program that has the node in its own process."""


def called(text: str) -> Caller:
    """Returns the caller that a program with the operator's token says it is; it can say what it likes.

    >>> called('{"door": "mcp", "scopes": ["read"]}')
    Caller(door='mcp', user='', scopes=('read',), session='')
    """
    try:
        return msgspec.json.decode(text, type=Caller)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return Caller("admin")


def arguments(given: Mapping[str, Any], named: Sequence[str]) -> dict[str, Any]:
    """Returns the arguments that an operation names, as they are written down; what was not given is left out."""
    return {name: shown(given[name]) for name in named if given.get(name) not in (None, "", [], ())}


def made(result: Result) -> dict[str, Any]:
    """Returns what an operation made, by its id."""
    return {name: shown(result.value[name]) for name in _MADE if isinstance(result.value.get(name), str)}


def shown(value: Any) -> Any:
    """Returns a value as it is written down.

    >>> shown("https://me:hidden@hub.example:8470/x?token=1")
    'https://hub.example:8470/x'
    >>> shown(0.5)
    '0.5'
    """
    if value is None or isinstance(value, bool) or (isinstance(value, int) and abs(value) < 2**53):
        return value
    if isinstance(value, list | tuple):
        return [shown(one) for one in value[:MAX_ITEMS]]
    if isinstance(value, Mapping):
        return {plain(str(name), 60): shown(one) for name, one in list(value.items())[:MAX_ITEMS]}
    text = str(value)
    if "://" in text:
        text = _address(text)
    return LEFT_OUT if secrets_in(text) else plain(text, MAX_TEXT)


def _address(text: str) -> str:
    try:
        parts = urlsplit(text)
    except ValueError:
        return LEFT_OUT
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
