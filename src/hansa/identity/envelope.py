"""The envelope: exact payload bytes and signatures over them (DSSE, https://github.com/secure-systems-lab/dsse).

    {"payload": base64, "payloadType": text, "signatures": [{"keyid": did:key, "sig": base64}, …]}

written as canonical JSON. What is signed is the pre-authentication encoding of type and payload, so neither can be
exchanged for the other. The payload is canonical JSON of one object: the header fields and `body`.

One signature may stand for many messages (`seal_batch`): then an entry of the signatures has a `batch`, which says
where in a Merkle tree the message stands, and the signature is over the root of that tree (`identity.merkle`). Each
message stays an envelope of its own, with the id it would have anyway.

Checks, in order; 1 is `read`, 2 to 6 are `verify`:

1. bounds and canonical JSON, the fields above and nothing else, base64 in its one spelling, places that a tree has
2. at least one signature; every key id a good key
3. the payload type is ours
4. every signature fits: one bad signature refuses the whole envelope
5. the payload is canonical JSON with a complete header
6. the signers may speak for the author under this number: at least `threshold` distinct keys of the author's roster,
   or keys that were retired later, for a number up to the one that was named then

The caller of `verify` still owes admission: version, network, recipient, time, replay.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Annotated, Any, Protocol

import msgspec

from hansa.identity import dsse, merkle
from hansa.identity.dsse import DID_LENGTH, MAX_SIGNATURES, Did, Signed, id_of, pre_authentication_encoding, read
from hansa.identity.keys import REMEMBERED, PublicKey
from hansa.kernel import canonical
from hansa.kernel.canonical import Json
from hansa.kernel.errors import Refused
from hansa.kernel.ids import ContentId, NodeId, content_id
from hansa.kernel.limits import MAX_SAFE_INTEGER, Limits
from hansa.kernel.verdict import Reason

__all__ = [
    "BATCH_TYPE",
    "MAX_SIGNATURES",
    "PAYLOAD_TYPE",
    "Did",
    "Header",
    "Ring",
    "Roster",
    "Signed",
    "Signer",
    "Verified",
    "batch_statement",
    "id_of",
    "pre_authentication_encoding",
    "read",
    "root_only",
    "seal",
    "seal_again",
    "seal_batch",
    "verify",
]

PAYLOAD_TYPE = "application/vnd.hansa.message+json;v=1"
BATCH_TYPE = "application/vnd.hansa.batch+json;v=1"
REMEMBERED_BATCHES = 512
"""Signatures over batches that are known to fit, of those used last."""

Count = Annotated[int, msgspec.Meta(ge=0, le=MAX_SAFE_INTEGER)]


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What every message says about itself. All of it is signed.

    Attributes:
        version: protocol version, e.g. "1.0".
        network: name of the network it is made for.
        kind: which room reads the body, and how.
        author: node id of who says it.
        recipient: node id of who it is for, or "*".
        seq: the author's own count, rising by at least one with each message.
        created: milliseconds UTC.
        expires: milliseconds UTC; 0 means never.
    """

    version: Annotated[str, msgspec.Meta(min_length=1, max_length=16)]
    network: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    kind: Annotated[str, msgspec.Meta(min_length=1, max_length=32)]
    author: Annotated[NodeId, DID_LENGTH]
    recipient: Did
    seq: Count
    created: Count
    expires: Count


class _Payload(Header, frozen=True, forbid_unknown_fields=True, kw_only=True):
    body: dict[str, Any]


class _PayloadInShape(Header, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """As `_Payload`, with every number held to its bounds by the shape; for bodies that are not very deep."""

    body: dict[str, canonical.SHALLOW]


_PAYLOAD = msgspec.json.Decoder(_Payload)
_PAYLOAD_IN_SHAPE = msgspec.json.Decoder(_PayloadInShape)


class Verified(msgspec.Struct, frozen=True):
    """A message whose author is proved. Only `verify` makes one.

    Attributes:
        id: content id of the payload bytes.
        raw: the whole envelope as received, for storing and passing on unchanged.
        body: the decoded body; it comes from the very bytes that were verified.
        signers: the keys that signed, distinct.
    """

    id: ContentId
    raw: bytes
    header: Header
    body: dict[str, Json]
    signers: frozenset[PublicKey]

    @property
    def author(self) -> NodeId:
        """Node id of who said it."""
        return self.header.author


@dataclass(frozen=True, slots=True)
class Retired:
    """What is left of a key that signs no more.

    Attributes:
        until: the author's sequence number up to which its signatures stand; -1 for none of them.
        threshold: how many keys had to sign in its time.
    """

    until: int
    threshold: int = 1


@dataclass(frozen=True, slots=True)
class Roster:
    """Which keys may speak for somebody, and how many of them must; and which ones might once.

    Attributes:
        retired: keys that signed before; they are none of `keys`.

    Raises:
        Refused: THRESHOLD, when the threshold is below 1 or above the number of distinct keys (threat 7).
    """

    keys: frozenset[PublicKey]
    threshold: int = 1
    retired: Mapping[PublicKey, Retired] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        """Refuses a threshold that nobody, or everybody, could meet."""
        if not 1 <= self.threshold <= len(self.keys):
            raise Refused(Reason.THRESHOLD, f"{self.threshold} of {len(self.keys)} keys")

    def at(self, seq: int, signers: frozenset[PublicKey]) -> Roster:
        """Returns the roster that judges these signers under a sequence number: this one, or that of an earlier time.

        Raises:
            Refused: REVOKED, when one of them was retired before that number.
        """
        if not self.retired or signers <= self.keys:
            return self
        then = [self.retired[key] for key in sorted(signers, key=_raw) if key in self.retired]
        if any(seq > one.until for one in then):
            raise Refused(Reason.REVOKED, f"number {seq}; good up to {min(one.until for one in then)}")
        if not then or not signers <= self.keys | self.retired.keys():
            return self
        return Roster(signers, max(one.threshold for one in then))


Ring = Callable[[NodeId], Roster]
"""Answers who may sign for an author."""


@lru_cache(maxsize=REMEMBERED)  # a node id is a key: what follows from it never changes
def root_only(author: NodeId) -> Roster:
    """The ring of a node that knows no root metadata: an author's own root key, and no other, speaks for it."""
    return Roster(frozenset({PublicKey.from_did(author)}))


class Signer(Protocol):
    """Whoever can sign with one key; `keys.SigningKey` does, and so does a key file."""

    @property
    def public(self) -> PublicKey:
        """The key that checks its signatures."""
        ...

    def sign(self, message: bytes) -> bytes:
        """Returns the 64-byte signature over `message`."""
        ...


def seal(header: Header, body: Json, keys: Sequence[Signer]) -> Signed:
    """Returns the envelope of a message, signed with each of `keys`.

    Raises:
        ValueError: the body is not canonical JSON (a fraction, say).
    """
    return _signed_alone(_payload_bytes(header, body), keys)


def _signed_alone(payload: bytes, keys: Sequence[Signer]) -> Signed:
    message = pre_authentication_encoding(PAYLOAD_TYPE, payload)
    signatures = tuple((str(key.public.did), key.sign(message)) for key in keys)
    return dsse.write(PAYLOAD_TYPE, payload, signatures, None)


def seal_batch(messages: Sequence[tuple[Header, Json]], keys: Sequence[Signer]) -> list[Signed]:
    """Returns the envelopes of many messages, with one signature of each key over all of them.

    A message alone is signed as itself; more than `merkle.MAX_SIZE` are split into several batches.

    Raises:
        ValueError: a body is not canonical JSON.
    """
    return _batched([_payload_bytes(header, body) for header, body in messages], keys)


def seal_again(messages: Sequence[Signed], keys: Sequence[Signer]) -> list[Signed]:
    """Returns the same messages, each with the id it had, under one signature of each key instead of their own."""
    return _batched([one.payload for one in messages], keys)


def _batched(payloads: Sequence[bytes], keys: Sequence[Signer]) -> list[Signed]:
    made: list[Signed] = []
    for start in range(0, len(payloads), merkle.MAX_SIZE):
        part = payloads[start : start + merkle.MAX_SIZE]
        if len(part) < merkle.MIN_SIZE:
            made += [_signed_alone(payload, keys) for payload in part]
        else:
            tree = merkle.Tree([pre_authentication_encoding(PAYLOAD_TYPE, payload) for payload in part])
            statement = batch_statement(tree.root, len(part))
            signatures = tuple((str(key.public.did), key.sign(statement)) for key in keys)
            made += [dsse.write(PAYLOAD_TYPE, one, signatures, tree.place(index)) for index, one in enumerate(part)]
    return made


def batch_statement(root: bytes, size: int) -> bytes:
    """Returns the bytes that are signed for a batch: root and size, under a type of their own."""
    return pre_authentication_encoding(BATCH_TYPE, canonical.encode({"root": root.hex(), "size": size}))


def verify(signed: Signed, ring: Ring = root_only, limits: Limits | None = None) -> Verified:
    """Returns the message in `signed`, its author proved (checks 2 to 6).

    Raises:
        Refused: UNSIGNED, BAD_KEY, BAD_ENVELOPE, FORGED, WRONG_SIGNER, REVOKED, THRESHOLD or a reason of the transport
            box.
    """
    if not signed.signatures:  # 2
        raise Refused(Reason.UNSIGNED)
    keys = [PublicKey.from_did(keyid) for keyid, _ in signed.signatures]
    if signed.payload_type != PAYLOAD_TYPE:  # 3
        raise Refused(Reason.BAD_ENVELOPE, "unknown payload type")
    message = pre_authentication_encoding(signed.payload_type, signed.payload)
    for key, (_, sig), place in zip(keys, signed.signatures, signed.places, strict=True):
        if not _fits(key, sig, place, message):  # 4
            raise Refused(Reason.FORGED)
    payload = _payload(signed.payload, limits)  # 5
    signers = frozenset(keys)
    check_signers(ring(payload.author), payload.seq, signers)  # 6
    return Verified(content_id(signed.payload), signed.raw, _header(payload), payload.body, signers)


def as_signed(signed: Signed, limits: Limits | None = None) -> Verified:
    """Returns a message whose signatures fit its bytes, whoever's keys they are: whether they stand is not asked.

    For what was taken once, and whose keys were revoked since. Nothing is admitted by it.

    Raises:
        Refused: as `verify`, but for check 6.
    """
    signers = frozenset(PublicKey.from_did(keyid) for keyid, _ in signed.signatures)
    return verify(signed, lambda _: Roster(signers, 1), limits)


def check_signers(roster: Roster, seq: int, signers: frozenset[PublicKey]) -> None:
    """Does check 6 alone.

    Raises:
        Refused: REVOKED, WRONG_SIGNER or THRESHOLD.
    """
    roster = roster.at(seq, signers)
    if not signers <= roster.keys:
        raise Refused(Reason.WRONG_SIGNER)
    if len(signers) < roster.threshold:
        raise Refused(Reason.THRESHOLD, f"{len(signers)} of {roster.threshold}")


def _raw(key: PublicKey) -> bytes:
    return key.raw


def _fits(key: PublicKey, sig: bytes, place: merkle.Place | None, message: bytes) -> bool:
    return key.fits(sig, message) if place is None else _BATCHES.fits(key, sig, place, message)


class _Batches:
    """Signatures over batches. Their messages come one after the other, so that the last one that fitted helps."""

    def __init__(self) -> None:
        self._last: tuple[PublicKey, bytes, merkle.Neighbour] | None = None

    def fits(self, key: PublicKey, sig: bytes, place: merkle.Place, message: bytes) -> bool:
        last = self._last
        if last is not None and last[1] == sig and last[0] == key and last[2].goes_to(place, message):
            return True
        neighbour = merkle.Neighbour(place, message)
        try:
            _check_batch(key, sig, neighbour.root, place.size)
        except Refused:
            return False
        self._last = key, sig, neighbour
        return True


_BATCHES = _Batches()


@lru_cache(maxsize=REMEMBERED_BATCHES)  # what does not fit raises, so that only what was checked, and fits, is kept
def _check_batch(key: PublicKey, sig: bytes, root: bytes, size: int) -> None:
    if not key.fits(sig, batch_statement(root, size)):
        raise Refused(Reason.FORGED)


def _header(payload: Header) -> Header:
    return Header(
        version=payload.version,
        network=payload.network,
        kind=payload.kind,
        author=payload.author,
        recipient=payload.recipient,
        seq=payload.seq,
        created=payload.created,
        expires=payload.expires,
    )


def _payload_bytes(header: Header, body: Json) -> bytes:
    return canonical.encode({**msgspec.structs.asdict(header), "body": body})


def _payload(data: bytes, limits: Limits | None) -> _Payload | _PayloadInShape:
    canonical.check_bounds(data, limits or Limits())
    in_shape = canonical.decode_quickly(data, _PAYLOAD_IN_SHAPE, typed=True)
    if in_shape is not None:
        return in_shape
    quick = canonical.decode_quickly(data, _PAYLOAD)
    if quick is not None:
        return quick
    try:
        payload = msgspec.convert(canonical.decode(data, limits), _Payload)
    except msgspec.ValidationError as error:
        raise Refused(Reason.BAD_ENVELOPE, str(error)[:120]) from None
    return payload
