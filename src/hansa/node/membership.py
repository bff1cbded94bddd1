"""Rows and changes about who comes in: invitations, those who asked and wait, and peers that are forgotten.

They belong to `node.rows`, which has the peers themselves.
"""

from __future__ import annotations

from dataclasses import dataclass

from hansa.kernel.ids import NodeId
from hansa.overlay.invitation import Invitation


@dataclass(frozen=True, slots=True)
class RequestRow:
    """A node that asked to be let in, and waits for the operator's word.

    Attributes:
        name, role, url: what it says of itself; nothing of it is trusted, and the address is not called.
        invitation: id of the invitation that it came with.
        note, per_minute: the invitation's.
        at: when it asked first (milliseconds UTC).
    """

    id: NodeId
    name: str = ""
    role: str = ""
    url: str = ""
    invitation: str = ""
    note: str = ""
    per_minute: int | None = None
    at: int = 0


@dataclass(frozen=True, slots=True)
class PutInvitation:
    """Writes an invitation, replacing the one with its id."""

    invitation: Invitation


@dataclass(frozen=True, slots=True)
class DropInvitations:
    """Forgets invitations by their ids."""

    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PutRequest:
    """Writes who asked, replacing what was known of that node's asking."""

    row: RequestRow


@dataclass(frozen=True, slots=True)
class DropRequest:
    """Forgets that a node asked."""

    id: NodeId


@dataclass(frozen=True, slots=True)
class DropPeer:
    """Forgets a peer."""

    id: NodeId


MemberChange = PutInvitation | DropInvitations | PutRequest | DropRequest | DropPeer
