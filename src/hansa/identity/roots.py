"""Root metadata: which keys sign for a node today, and how that may change (TUF specification, section 5.3).

A node id is the did:key of its first root key and never changes. Versioned metadata, itself a message of kind "root",
names the keys that sign day to day. Rules for taking the next version, in order:

1. version 1 is signed by the key that the node id names
2. version n + 1 follows version n: never older (rollback), never the same, never a jump (fast-forward)
3. it is signed by a threshold of the root keys of version n, and by a threshold of its own
4. keys are distinct, thresholds lie between 1 and the number of keys
5. an expired version may be passed through on the way to the next, but nobody signs under it (freeze; TUF 5.3.10)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import msgspec

from hansa.identity.envelope import Did, Ring, Roster, Signed, Verified, root_only, verify
from hansa.identity.keys import PublicKey
from hansa.kernel.errors import Refused
from hansa.kernel.ids import NodeId
from hansa.kernel.instant import Instant
from hansa.kernel.verdict import Reason

KIND = "root"

Keys = Annotated[list[Did], msgspec.Meta(min_length=1, max_length=16)]
Threshold = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31)]  # nonsense is refused by name, in Roster


class RootBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of a message of kind "root"."""

    version: Annotated[int, msgspec.Meta(ge=1)]
    root_keys: Keys
    root_threshold: Threshold
    signing_keys: Keys
    signing_threshold: Threshold


@dataclass(frozen=True, slots=True)
class Root:
    """Trusted root metadata of one node."""

    node: NodeId
    version: int
    roots: Roster
    signing: Roster
    expires: Instant


def advance(trusted: Root | None, signed: Signed, node: NodeId) -> Root:
    """Returns the root metadata after `signed`, or refuses it and changes nothing.

    Raises:
        Refused: ROLLBACK (rule 2), THRESHOLD, WRONG_SIGNER or FORGED (rules 1, 3, 4).
    """
    message = verify(signed, ring=lambda _: _any_of(signed))
    body = _body(message, node)
    expected = 1 if trusted is None else trusted.version + 1
    if body.version != expected:  # 2
        raise Refused(Reason.ROLLBACK, f"version {body.version}, expected {expected}")
    new = Root(
        node,
        body.version,
        _roster(body.root_keys, body.root_threshold),  # 4
        _roster(body.signing_keys, body.signing_threshold),
        Instant(message.header.expires),
    )
    old = root_only(node) if trusted is None else trusted.roots  # 1, 3
    for roster in (old, new.roots):
        if len(message.signers & roster.keys) < roster.threshold:
            raise Refused(Reason.THRESHOLD, "the old and the new root keys must both sign")
    return new


def signers(trusted: dict[NodeId, Root], now: Instant) -> Ring:
    """Returns the ring of a node that holds root metadata; an author without any signs with its root key.

    Raises (when called):
        Refused: EXPIRED, when the author's metadata is past its expiry.
    """

    def ring(author: NodeId) -> Roster:
        root = trusted.get(author)
        if root is None:
            return root_only(author)
        if root.expires and now >= root.expires:  # 5; 0 means never
            raise Refused(Reason.EXPIRED, "root metadata")
        return root.signing

    return ring


def _any_of(signed: Signed) -> Roster:
    """Takes whoever signed: `advance` decides itself which of them count."""
    return Roster(frozenset(PublicKey.from_did(keyid) for keyid, _ in signed.signatures))


def _body(message: Verified, node: NodeId) -> RootBody:
    if message.header.kind != KIND or message.author != node:
        raise Refused(Reason.BAD_BODY, "not this node's root metadata")
    try:
        return msgspec.convert(message.body, RootBody)
    except msgspec.ValidationError as error:
        raise Refused(Reason.BAD_BODY, str(error)[:120]) from None


def _roster(dids: list[str], threshold: int) -> Roster:
    keys = frozenset(PublicKey.from_did(did) for did in dids)
    if len(keys) != len(dids):
        raise Refused(Reason.THRESHOLD, "a key is named twice")
    return Roster(keys, threshold)
