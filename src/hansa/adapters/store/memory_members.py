"""What the store in memory knows of others: peers, invitations, those who asked. Half of `memory.MemoryStore`."""

from __future__ import annotations

from hansa.kernel.ids import NodeId
from hansa.node.membership import (
    DropInvitations,
    DropPeer,
    DropRequest,
    MemberChange,
    PutInvitation,
    PutRequest,
    RequestRow,
)
from hansa.node.rows import ALL, PeerRow, PutPeer
from hansa.overlay.invitation import Invitation


class MemoryMembers:
    """Peers, invitations and requests, in dictionaries."""

    def __init__(self) -> None:
        """Knows nobody."""
        super().__init__()
        self._peers: dict[NodeId, PeerRow] = {}
        self._invitations: dict[str, Invitation] = {}
        self._requests: dict[NodeId, RequestRow] = {}

    def _change_members(self, change: PutPeer | MemberChange) -> None:
        match change:
            case PutPeer(row):
                self._peers[row.id] = row
            case DropPeer(id_):
                self._peers.pop(id_, None)
            case PutInvitation(invitation):
                self._invitations[invitation.id] = invitation
            case DropInvitations(ids):
                for one in ids:
                    self._invitations.pop(one, None)
            case PutRequest(request):
                self._requests[request.id] = request
            case DropRequest(id_):
                self._requests.pop(id_, None)

    def peer(self, id_: NodeId) -> PeerRow | None:
        """Returns a peer."""
        return self._peers.get(id_)

    def peers(self, after: str = "", limit: int = ALL) -> list[PeerRow]:
        """Returns peers, by id; those above `after`."""
        return [self._peers[id_] for id_ in sorted(self._peers) if id_ > after][:limit]

    def invitations(self) -> list[Invitation]:
        """Returns all invitations, oldest first (by time, then id)."""
        return sorted(self._invitations.values(), key=lambda one: (one.created, one.id))

    def requests(self) -> list[RequestRow]:
        """Returns those who asked to be let in, oldest first (by time, then id)."""
        return sorted(self._requests.values(), key=lambda one: (one.at, one.id))
