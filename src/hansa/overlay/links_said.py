"""What a node says of its own links: kind "links", signed, anew each period; who builds routes reads it (`topology`).

A word about a link is worth nothing alone: whoever is named must say the same of the link, so nobody has links to
honest nodes that these do not have to it.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from hansa.kernel.ids import NodeId
from hansa.kernel.wire import Wire

LINKS = "links"

MAX_LINKS = 100
"""Links that one node may name: the most connections that a node has."""

MAX_LATENCY_MS = 600_000

Node = Annotated[NodeId, msgspec.Meta(min_length=8, max_length=64)]
"""A node id on the wire of this room."""

_Word = Annotated[str, msgspec.Meta(min_length=1, max_length=16)]
_Words = Annotated[tuple[_Word, ...], msgspec.Meta(max_length=8)]


class LinkSaid(Wire, frozen=True):
    """One link, as one end of it sees it.

    Attributes:
        whom: the other end.
        latency_ms: time there and back, in milliseconds.
        bandwidth: bytes per second that it can carry.
        utilisation: thousandths of that which are in use.
    """

    whom: Node
    latency_ms: Annotated[int, msgspec.Meta(ge=0, le=MAX_LATENCY_MS)]
    bandwidth: Annotated[int, msgspec.Meta(ge=0, lt=2**53)]
    utilisation: Annotated[int, msgspec.Meta(ge=0, le=1000)]


class Links(Wire, frozen=True):
    """Kind "links": its author's links, and the transports and protocol versions that it speaks."""

    links: Annotated[tuple[LinkSaid, ...], msgspec.Meta(max_length=MAX_LINKS)]
    transports: _Words = ()
    versions: _Words = ()
