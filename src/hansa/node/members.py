"""What is asked of a store about others: peers, invitations, those who asked to be let in. Part of `ports.Store`."""

from __future__ import annotations

from typing import Protocol

from hansa.kernel.ids import NodeId
from hansa.node.membership import RequestRow
from hansa.node.rows import ALL, PeerRow
from hansa.overlay.invitation import Invitation


class Members(Protocol):
    """Whom this node knows."""

    def peer(self, id_: NodeId) -> PeerRow | None:
        """Returns a peer."""
        ...

    def peers(self, after: str = "", limit: int = ALL) -> list[PeerRow]:
        """Returns peers, by id; those above `after`."""
        ...

    def invitations(self) -> list[Invitation]:
        """Returns all invitations, oldest first (by time, then id)."""
        ...

    def requests(self) -> list[RequestRow]:
        """Returns those who asked to be let in, oldest first (by time, then id)."""
        ...
