"""The wire kinds of this room.

A `hello` asks a node to take notice of us and offers protocol versions; its `welcome` answers that very hello. A `join`
asks to be let in and shows that its author knows an invitation's code (`overlay.invitation`); its `joined` says what
came of that very join. All four are live. An `index` is a node's signed word on what its feed holds; it expires, so
that a source can't stand still unnoticed.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec

from hansa.kernel.wire import Id, Label, Wire

HELLO = "hello"
WELCOME = "welcome"
JOIN = "join"
JOINED = "joined"
INDEX = "index"

MAX_URL = 300

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


class Outcome(StrEnum):
    """What asking to be let in came to."""

    ADMITTED = "admitted"
    WAITING = "waiting"
    REFUSED = "refused"


class Join(Wire, frozen=True):
    """Kind "join": the proof of an invitation's code, and what the joiner says of itself; its address if it has one."""

    proof: Id
    name: Label = ""
    role: Annotated[str, msgspec.Meta(max_length=16)] = "node"
    url: Annotated[str, msgspec.Meta(max_length=MAX_URL)] = ""


class Joined(Wire, frozen=True):
    """Kind "joined": answers the join whose id it names; a refusal has a reason's code, and nothing else of why."""

    to: Id
    outcome: Outcome
    reason: Label = ""
    name: Label = ""
    role: Annotated[str, msgspec.Meta(max_length=16)] = "node"


class Index(Wire, frozen=True):
    """Kind "index": the feed has `length` items, and `head` is the end of the hash chain over their ids."""

    length: Annotated[int, msgspec.Meta(ge=0, le=2**40)]
    head: Annotated[str, msgspec.Meta(pattern=r"^([0-9a-f]{64})?\Z")]
