"""The port to other nodes: links that prove both ends, carry frames, and end. Each transport passes one contract suite.

A link is to a node, not to an address: whoever answers at an address has proved by `identity.handshake` which node it
is, and what it sends can't be changed or read on the way. There is one link between two nodes; of two that were made
at once, both ends keep the same one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from hansa.kernel.ids import NodeId
from hansa.kernel.verdict import Reason


class Listener(Protocol):
    """Who is told what happens on links. Called on the event loop, one call at a time; the calls return at once."""

    def linked(self, peer: NodeId, url: str, dialled: bool) -> None:
        """A link stands; `url` is what was dialled, or where it came from; `dialled` says which end began it."""
        ...

    def heard(self, peer: NodeId, data: bytes) -> None:
        """A neighbour sent a frame; between the `linked` and the `lost` of its link."""
        ...

    def lost(self, peer: NodeId, reason: Reason | None) -> None:
        """A link ended: None when either end closed it in order, BAD_LINK or UNREACHABLE when it broke."""
        ...


class Transport(Protocol):
    """Makes links to other nodes, and takes those that others make."""

    @property
    def name(self) -> str:
        """What addresses of this transport begin with, e.g. "ws"."""
        ...

    @property
    def addresses(self) -> Sequence[str]:
        """Where others can dial this node; empty before `start`, and where it can't be dialled."""
        ...

    def speaks(self, url: str) -> bool:
        """Says whether it can dial an address of this form."""
        ...

    async def start(self, listener: Listener) -> None:
        """Begins to take links.

        Raises:
            Unavailable: the address is taken, or the transport's library is missing; it says what to do.
        """
        ...

    async def dial(self, url: str, whom: NodeId | None = None) -> NodeId:
        """Returns who is at an address, with a link to it standing; `linked` was called before.

        Args:
            whom: who must be there.

        Raises:
            Unavailable: nobody answered.
            Refused: BAD_LINK, when whoever answered is not `whom`, is this node itself, or proves nothing; else why the
                other end does not want the link.
        """
        ...

    def send(self, peer: NodeId, data: bytes) -> bool:
        """Puts a frame into the link's queue; False, and nothing is sent, without a link or with a full queue.

        What was put in comes in order, once, or not at all with the link's end.
        """
        ...

    def queued(self, peer: NodeId) -> int:
        """Returns the bytes that wait to be sent to a neighbour."""
        ...

    async def close(self, peer: NodeId, reason: Reason | None = None) -> None:
        """Ends a link; what waits in its queue is sent first, as far as half a second allows. No link, no error."""
        ...

    async def stop(self) -> None:
        """Ends all links, and takes no more."""
        ...
