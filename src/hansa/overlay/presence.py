"""What nodes say of themselves, and of others that do not answer: kinds "presence" and "suspicion", both live.

Both travel by gossip, signed. Whoever signed is whom they are from: a presence is its author's own word, a suspicion is
its author's accusation. A body names no author of its own, so there is none that could differ.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from hansa.kernel.ids import NodeId
from hansa.kernel.wire import Label, Wire
from hansa.overlay.messages import MAX_URL

PRESENCE = "presence"
SUSPICION = "suspicion"

MAX_ADDRESSES = 4
MAX_OFFERS = 16
MAX_INTERESTS = 32

Incarnation = Annotated[int, msgspec.Meta(ge=0, lt=2**53)]
"""How often a node began anew or answered a suspicion; only the node itself raises its own."""

_Address = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_URL)]
_Node = Annotated[NodeId, msgspec.Meta(min_length=8, max_length=64)]


class Presence(Wire, frozen=True):
    """Kind "presence": its author is alive.

    Attributes:
        addresses: where it can be dialled, the best first; none where it can't be.
        leaving: it goes, on purpose.
        offers: ids of resources that it can give.
        interests: what it wants to hear of.
    """

    incarnation: Incarnation
    addresses: Annotated[tuple[_Address, ...], msgspec.Meta(max_length=MAX_ADDRESSES)] = ()
    role: Annotated[str, msgspec.Meta(max_length=16)] = "node"
    leaving: bool = False
    offers: Annotated[tuple[Label, ...], msgspec.Meta(max_length=MAX_OFFERS)] = ()
    interests: Annotated[tuple[Label, ...], msgspec.Meta(max_length=MAX_INTERESTS)] = ()


class Suspicion(Wire, frozen=True):
    """Kind "suspicion": a node does not answer its author, nor others that its author asked to try."""

    whom: _Node
    incarnation: Incarnation
