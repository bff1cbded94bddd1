"""Statements on peers, invitations and those who asked: what `writes` and `reads` say about them."""

from __future__ import annotations

from sqlalchemy import bindparam, delete, select

from hansa.adapters.store import codec
from hansa.adapters.store.prepared import Prepared, Session, replacing
from hansa.adapters.store.schema import invitations, peers, requests
from hansa.node.membership import (
    DropInvitations,
    DropPeer,
    DropRequest,
    MemberChange,
    PutInvitation,
    PutRequest,
)
from hansa.node.rows import PutPeer

INVITATIONS = Prepared(select(invitations).order_by(invitations.c.created, invitations.c.id))
REQUESTS = Prepared(select(requests).order_by(requests.c.at, requests.c.id))
_PUT_PEER = Prepared(replacing(peers, "id"))
_PUT_INVITATION = Prepared(replacing(invitations, "id"))
_DROP_INVITATION = Prepared(delete(invitations).where(invitations.c.id == bindparam("gone")))
_PUT_REQUEST = Prepared(replacing(requests, "id"))
_DROP_REQUEST = Prepared(delete(requests).where(requests.c.id == bindparam("gone")))
_DROP_PEER = Prepared(delete(peers).where(peers.c.id == bindparam("gone")))


def make(session: Session, change: PutPeer | MemberChange) -> None:
    """Makes a change."""
    match change:
        case PutPeer(row):
            session.run(_PUT_PEER, codec.values(row))
        case PutInvitation(invitation):
            session.run(_PUT_INVITATION, codec.values(invitation) | {"id": invitation.id})
        case DropInvitations(ids):
            for id_ in ids:
                session.run(_DROP_INVITATION, {"gone": id_})
        case PutRequest(request):
            session.run(_PUT_REQUEST, codec.values(request))
        case DropRequest(id_):
            session.run(_DROP_REQUEST, {"gone": id_})
        case DropPeer(id_):
            session.run(_DROP_PEER, {"gone": id_})
