"""What an envelope names before anything of it is proved: whom it says it is by, and which keys it says signed it.

For five questions only: whose keys to ask a source for before the message is verified, in which order to take a node's
own messages in again, which word of many from neighbours to look at first, whom a record is for that was verified
before it was kept, and what a record may wait for that came too early. Nothing else is decided by it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from hansa.identity import roots
from hansa.identity.dsse import payload_of
from hansa.identity.envelope import Signed
from hansa.identity.keys import PublicKey
from hansa.identity.roots import Root
from hansa.kernel.errors import Refused
from hansa.kernel.ids import ContentId, NodeId, content_id
from hansa.kernel.limits import Limits
from hansa.kernel.wire import read_json

Named = tuple[ContentId, NodeId | None]
"""The id that an envelope's message has, and whom it names as its author."""

_AUTHOR = b'{"author":"'
_LONGEST = 64
_ID = re.compile(rb'"([0-9a-f]{64})"')

MAX_NAMES = 64


def named_author(signed: Signed) -> NodeId | None:
    """Returns whom a payload names as its author; None for no plausible name. Keys of canonical objects are sorted."""
    return _author_in(signed.payload)


def named(data: bytes, limits: Limits | None = None) -> Named | None:
    """Returns the id of what may be an envelope, and whom it names as its author; None for what is none.

    As `envelope.id_of`, for whoever sorts words before any is verified (threat 39).
    """
    payload = payload_of(data, limits)
    return None if payload is None else (content_id(payload), _author_in(payload))


def _author_in(payload: bytes) -> NodeId | None:
    if not payload.startswith(_AUTHOR):
        return None
    name = payload[len(_AUTHOR) : len(_AUTHOR) + _LONGEST + 1].partition(b'"')[0]
    return NodeId(name.decode()) if name.startswith(b"did:key:z") and name.isascii() else None


def named_things(signed: Signed) -> tuple[str, ...]:
    """Returns the content ids that a payload names, and its author: `MAX_NAMES` at most, each once."""
    author = named_author(signed)
    found = dict.fromkeys(match.decode() for match in _ID.findall(signed.payload))
    return (*((author,) if author else ()), *found)[:MAX_NAMES]


class _Numbered(msgspec.Struct):
    seq: int = 0


class _OfKind(msgspec.Struct):
    kind: str = ""


def named_kind(signed: Signed) -> str:
    """Returns the kind that a payload names; "" for none. It decides who is asked to verify it, and nothing else."""
    try:
        return read_json(signed.payload, _OfKind).kind
    except Refused:
        return ""


class _Addressed(msgspec.Struct):
    recipient: str = ""


def recipient_in(data: bytes, limits: Limits | None = None) -> str:
    """Returns whom a message names as the one it is for, in an envelope that was verified before; "" for nobody."""
    payload = payload_of(data, limits)
    if payload is None:
        return ""
    try:
        return read_json(payload, _Addressed).recipient
    except Refused:
        return ""


def named_number(signed: Signed) -> int:
    """Returns the sequence number that a payload names; 0 for none."""
    try:
        return read_json(signed.payload, _Numbered).seq
    except Refused:
        return 0


def is_within(signed: Signed, author: NodeId, chain: Sequence[Root]) -> bool:
    """Says whether an author's known metadata names the keys that an envelope names; root metadata: whether it follows.

    Raises:
        Refused: a key id that is no key, or a body that is no root metadata: receiving it will say so.
    """
    metadata = roots.read_root(signed)
    if metadata is not None:
        return metadata.header.seq <= len(chain) + 1
    if not chain:
        return all(keyid == author for keyid, _ in signed.signatures)
    roster = chain[-1].signing
    keys = (PublicKey.from_did(keyid) for keyid, _ in signed.signatures)
    return all(key in roster.keys or key in roster.retired for key in keys)
