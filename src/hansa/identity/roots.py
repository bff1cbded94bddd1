"""Root metadata: which keys sign for a node today, and how that may change (TUF specification, section 5.3).

A node id is the did:key of its first root key and never changes. Versioned metadata, itself a message of kind "root",
names the keys that sign day to day. Rules for taking the next version, in order:

1. version 1 is signed by the key that the node id names
2. version n + 1 follows version n: never older (rollback), never the same, never a jump (fast-forward)
3. it is signed by a threshold of the root keys of version n, and by a threshold of its own
4. keys are distinct, thresholds lie between 1 and the number of keys
5. an expired version may be passed through on the way to the next, but nobody signs under it (freeze; TUF 5.3.10)
6. a signing key that is retired stands up to a number of the node's own; that number only falls, and the key never
   comes back
7. there are at most `MAX_VERSIONS` versions; one is message number 1, 2, 3 … of its node, so that two versions under
   one number are two messages under one number (threat 11), and no signing key may use those numbers
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated

import msgspec

from hansa.identity.envelope import (
    Did,
    Header,
    Retired,
    Ring,
    Roster,
    Signed,
    Signer,
    Verified,
    root_only,
    seal,
    verify,
)
from hansa.identity.keys import PublicKey
from hansa.kernel.errors import Refused
from hansa.kernel.ids import EVERYONE, NodeId
from hansa.kernel.instant import Instant
from hansa.kernel.limits import MAX_SAFE_INTEGER, Limits
from hansa.kernel.verdict import Reason

KIND = "root"
MAX_VERSIONS = 1_000
"""One a week for nineteen years; a reader never has to walk further than that."""

_MARK = b'"kind":"root"'

Keys = Annotated[list[Did], msgspec.Meta(min_length=1, max_length=16)]
Threshold = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31)]  # nonsense is refused by name, in Roster


class RetiredKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A key that signs no more, and the number up to which what it signed stands (-1: nothing)."""

    key: Did
    until: Annotated[int, msgspec.Meta(ge=-1, le=MAX_SAFE_INTEGER)]


class RootBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of a message of kind "root"; `retired` holds what this version changes, not what earlier ones said."""

    version: Annotated[int, msgspec.Meta(ge=1)]
    root_keys: Keys
    root_threshold: Threshold
    signing_keys: Keys
    signing_threshold: Threshold
    retired: Annotated[list[RetiredKey], msgspec.Meta(max_length=16)] = []


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
        Refused: ROLLBACK (rules 2, 6), THRESHOLD, WRONG_SIGNER or FORGED (rules 1, 3, 4), REVOKED (6), BAD_BODY (7).
    """
    message = verify(signed, ring=lambda _: _any_of(signed))
    body = _body(message, node)
    expected = 1 if trusted is None else trusted.version + 1
    if body.version != expected:  # 2
        raise Refused(Reason.ROLLBACK, f"version {body.version}, expected {expected}")
    if body.version > MAX_VERSIONS:  # 7
        raise Refused(Reason.BAD_BODY, f"more than {MAX_VERSIONS} versions")
    signing = _roster(body.signing_keys, body.signing_threshold)  # 4
    new = Root(
        node,
        body.version,
        _roster(body.root_keys, body.root_threshold),
        replace(signing, retired=_retired(trusted, body, signing)),  # 6
        Instant(message.header.expires),
    )
    old = root_only(node) if trusted is None else trusted.roots  # 1, 3
    for roster in (old, new.roots):
        if len(message.signers & roster.keys) < roster.threshold:
            raise Refused(Reason.THRESHOLD, "the old and the new root keys must both sign")
    return new


def compose(
    node: NodeId,
    version: int,
    names: tuple[Roster, Roster],
    retired: Mapping[PublicKey, int],
    by: Sequence[Signer],
    *,
    protocol: str,
    now: Instant,
    expires: int = 0,
) -> Signed:
    """Returns signed root metadata. Whether it may follow what there is, `advance` decides.

    Args:
        names: who signs for the node from now on: its root keys, its signing keys.
        retired: keys that this version retires, and up to which of the node's numbers each is good.
        by: the root keys of the version before, and the new ones.
        protocol: version of the protocol.
        expires: when nobody signs under it any more; 0 for never.
    """
    root, signing = names
    body = RootBody(
        version=version,
        root_keys=sorted(key.did for key in root.keys),
        root_threshold=root.threshold,
        signing_keys=sorted(key.did for key in signing.keys),
        signing_threshold=signing.threshold,
        retired=[RetiredKey(key.did, until) for key, until in sorted(retired.items(), key=_by_key)],
    )
    header = Header(
        version=protocol,
        network=EVERYONE,
        kind=KIND,
        author=node,
        recipient=EVERYONE,
        seq=version,
        created=now,
        expires=expires,
    )
    return seal(header, msgspec.to_builtins(body), by)


def _by_key(item: tuple[PublicKey, int]) -> bytes:
    return item[0].raw


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


def read_root(signed: Signed, limits: Limits | None = None) -> Verified | None:
    """Returns the message when it is of kind "root"; None for any other kind, which is not looked at further.

    It is good on its own word only: `advance` decides whether those who signed may speak for the node.

    Raises:
        Refused: see `envelope.verify`; BAD_BODY, when its sequence number is not its version (rule 7).
    """
    if _MARK not in signed.payload:  # payloads are canonical: the kind is written in no other way
        return None
    message = verify(signed, lambda _: _any_of(signed), limits)
    if message.header.kind != KIND:
        return None
    if version_of(message) != message.header.seq:
        raise Refused(Reason.BAD_BODY, "its sequence number is not its version")
    return message


def version_of(message: Verified) -> int:
    """Returns the version of root metadata.

    Raises:
        Refused: BAD_BODY.
    """
    return _body(message, message.author).version


def _retired(trusted: Root | None, body: RootBody, signing: Roster) -> Mapping[PublicKey, Retired]:
    retired = {} if trusted is None else dict(trusted.signing.retired)
    for one in body.retired:
        key = PublicKey.from_did(one.key)
        before = retired.get(key)
        if before is not None and one.until > before.until:
            raise Refused(Reason.ROLLBACK, f"{one.key[:24]} was good up to {before.until}")
        signed_then = trusted is not None and key in trusted.signing.keys
        threshold = trusted.signing.threshold if trusted and signed_then else before.threshold if before else 1
        retired[key] = Retired(one.until, threshold)
    if not signing.keys.isdisjoint(retired):
        raise Refused(Reason.REVOKED, "a retired key is named as a signing key")
    return retired


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
