"""The wire kinds of this room.

A `hello` asks a node to take notice of us and offers protocol versions; its `welcome` answers that very hello. Both
are live. An `index` is a node's signed word on what its feed holds; it expires, so that a source can't stand still
unnoticed.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from hansa.kernel.wire import Id, Label, Wire

HELLO = "hello"
WELCOME = "welcome"
INDEX = "index"

_Version = Annotated[str, msgspec.Meta(min_length=1, max_length=16)]


class Hello(Wire, frozen=True):
    """Kind "hello"."""

    versions: Annotated[tuple[_Version, ...], msgspec.Meta(min_length=1, max_length=16)]
    name: Label = ""
    role: Annotated[str, msgspec.Meta(max_length=16)] = "node"
    skills: Annotated[int, msgspec.Meta(ge=0, le=2**40)] = 0


class Welcome(Wire, frozen=True):
    """Kind "welcome": answers the hello whose id it names with the version to speak."""

    to: Id
    version: _Version
    name: Label = ""
    role: Annotated[str, msgspec.Meta(max_length=16)] = "node"


class Index(Wire, frozen=True):
    """Kind "index": the feed has `length` items, and `head` is the end of the hash chain over their ids."""

    length: Annotated[int, msgspec.Meta(ge=0, le=2**40)]
    head: Annotated[str, msgspec.Meta(pattern=r"^([0-9a-f]{64})?\Z")]
