"""The envelope: exact payload bytes and signatures over them (DSSE, https://github.com/secure-systems-lab/dsse).

    {"payload": base64, "payloadType": text, "signatures": [{"keyid": did:key, "sig": base64}, …]}

written as canonical JSON. What is signed is the pre-authentication encoding of type and payload, so neither can be
exchanged for the other. The payload is canonical JSON of one object: the header fields and `body`.

Checks, in order; 1 is `read`, 2 to 6 are `verify`:

1. bounds and canonical JSON, the fields above and nothing else, base64 in its one spelling
2. at least one signature; every key id a good key
3. the payload type is ours
4. every signature fits: one bad signature refuses the whole envelope
5. the payload is canonical JSON with a complete header
6. the signers may speak for the author under this number: at least `threshold` distinct keys of the author's roster,
   or keys that were retired later, for a number up to the one that was named then

The caller of `verify` still owes admission: version, network, recipient, time, replay.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Protocol

import msgspec

from hansa.identity.keys import PublicKey
from hansa.kernel import canonical
from hansa.kernel.canonical import Json
from hansa.kernel.errors import Refused
from hansa.kernel.ids import ContentId, NodeId, content_id
from hansa.kernel.limits import MAX_SAFE_INTEGER, Limits
from hansa.kernel.verdict import Reason

PAYLOAD_TYPE = "application/vnd.hansa.message+json;v=1"
MAX_SIGNATURES = 16

Count = Annotated[int, msgspec.Meta(ge=0, le=MAX_SAFE_INTEGER)]
Did = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


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
    author: Did
    recipient: Did
    seq: Count
    created: Count
    expires: Count


class _Payload(Header, frozen=True, forbid_unknown_fields=True, kw_only=True):
    body: dict[str, Any]


class _Signature(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    keyid: Did
    sig: Annotated[str, msgspec.Meta(max_length=88)]


class _Envelope(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    payload: str
    payloadType: Annotated[str, msgspec.Meta(max_length=128)]  # noqa: N815 - DSSE's own spelling
    signatures: Annotated[list[_Signature], msgspec.Meta(max_length=MAX_SIGNATURES)]


@dataclass(frozen=True, slots=True)
class Signed:
    """An envelope that was read, and of which nothing is known to be true yet."""

    raw: bytes
    payload_type: str
    payload: bytes
    signatures: tuple[tuple[str, bytes], ...]

    @property
    def id(self) -> ContentId:
        """Content id of the payload: the message's name, whoever carries it."""
        return content_id(self.payload)


@dataclass(frozen=True, slots=True)
class Verified:
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
        return NodeId(self.header.author)


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


def root_only(author: NodeId) -> Roster:
    """The ring of a node that knows no root metadata: an author's own root key, and no other, speaks for it."""
    return Roster(frozenset({PublicKey.from_did(author)}))


def pre_authentication_encoding(payload_type: str, payload: bytes) -> bytes:
    """Returns the bytes that are signed (DSSE protocol, PAE): both parts with their lengths before them."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


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
    fields = msgspec.structs.asdict(header)
    payload = canonical.encode({**fields, "body": body})
    message = pre_authentication_encoding(PAYLOAD_TYPE, payload)
    signatures = tuple((str(key.public.did), key.sign(message)) for key in keys)
    return Signed(_write(PAYLOAD_TYPE, payload, signatures), PAYLOAD_TYPE, payload, signatures)


def read(data: bytes, limits: Limits | None = None) -> Signed:
    """Returns the envelope in `data` (check 1); proves nothing.

    Raises:
        Refused: a reason of the transport box, BAD_ENVELOPE or UNSIGNED.
    """
    value = canonical.decode(data, limits)
    try:
        parts = msgspec.convert(value, _Envelope)
    except msgspec.ValidationError as error:
        raise Refused(Reason.BAD_ENVELOPE, str(error)[:120]) from None
    signatures = tuple((one.keyid, _from_base64(one.sig)) for one in parts.signatures)
    return Signed(data, parts.payloadType, _from_base64(parts.payload), signatures)


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
    if not all(key.fits(sig, message) for key, (_, sig) in zip(keys, signed.signatures, strict=True)):  # 4
        raise Refused(Reason.FORGED)
    payload = _payload(signed.payload, limits)  # 5
    signers = frozenset(keys)
    check_signers(ring(NodeId(payload.author)), payload.seq, signers)  # 6
    header = Header(**{name: getattr(payload, name) for name in Header.__struct_fields__})
    return Verified(content_id(signed.payload), signed.raw, header, payload.body, signers)


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


def _payload(data: bytes, limits: Limits | None) -> _Payload:
    try:
        payload = msgspec.convert(canonical.decode(data, limits), _Payload)
    except msgspec.ValidationError as error:
        raise Refused(Reason.BAD_ENVELOPE, str(error)[:120]) from None
    return payload


def _write(payload_type: str, payload: bytes, signatures: tuple[tuple[str, bytes], ...]) -> bytes:
    return canonical.encode(
        {
            "payload": base64.b64encode(payload).decode(),
            "payloadType": payload_type,
            "signatures": [{"keyid": keyid, "sig": base64.b64encode(sig).decode()} for keyid, sig in signatures],
        }
    )


def _from_base64(text: str) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Refused(Reason.BAD_ENVELOPE, "not base64") from None
    if base64.b64encode(data).decode() != text:
        raise Refused(Reason.BAD_ENVELOPE, "base64 in another spelling")
    return data
