"""The outer form of a message: payload bytes, their type and signatures, as DSSE has them, in canonical JSON.

Reading goes two ways with one outcome. `read` has msgspec decode and check fields and base64 at once; what it does not
take as it is, `read_slowly` reads step by step, and says what is wrong with it. Nothing here looks at a signature.
"""

from __future__ import annotations

import base64
import binascii
from functools import lru_cache
from typing import Annotated

import msgspec

from hansa.identity import merkle
from hansa.identity.merkle import Place
from hansa.kernel import canonical
from hansa.kernel.canonical import Json
from hansa.kernel.errors import Refused
from hansa.kernel.ids import ContentId, content_id
from hansa.kernel.limits import Limits
from hansa.kernel.verdict import Reason

MAX_SIGNATURES = 16

DID_LENGTH = msgspec.Meta(min_length=1, max_length=64)
Did = Annotated[str, DID_LENGTH]


class Signed(msgspec.Struct, frozen=True):
    """An envelope that was read, and of which nothing is known to be true yet.

    Attributes:
        raw: the envelope's bytes.
        signatures: for each, key id and signature.
        places: for each of the signatures, where the message stands in the batch that it is over; None when it is over
            this message alone.
    """

    raw: bytes
    payload_type: str
    payload: bytes
    signatures: tuple[tuple[str, bytes], ...]
    places: tuple[Place | None, ...]

    @property
    def id(self) -> ContentId:
        """Content id of the payload: the message's name, whoever carries it."""
        return content_id(self.payload)


def pre_authentication_encoding(payload_type: str, payload: bytes) -> bytes:
    """Returns the bytes that are signed (DSSE protocol, PAE): both parts with their lengths before them."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


class _Batch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    index: Annotated[int, msgspec.Meta(ge=0, lt=merkle.MAX_SIZE)]
    path: Annotated[str, msgspec.Meta(max_length=4 * merkle.MAX_PATH * merkle.HASH_BYTES // 3 + 4)]
    size: Annotated[int, msgspec.Meta(ge=merkle.MIN_SIZE, le=merkle.MAX_SIZE)]


class _Signature(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    keyid: Did
    sig: Annotated[str, msgspec.Meta(max_length=88)]
    batch: _Batch | msgspec.UnsetType = msgspec.UNSET


class _Envelope(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    payload: str
    payloadType: Annotated[str, msgspec.Meta(max_length=128)]  # noqa: N815 - DSSE's own spelling
    signatures: Annotated[list[_Signature], msgspec.Meta(max_length=MAX_SIGNATURES)]


class _QuickBatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """As `_Batch`, with base64 read by msgspec: it writes the one spelling, so any other is missed when compared."""

    index: Annotated[int, msgspec.Meta(ge=0, lt=merkle.MAX_SIZE)]
    path: bytes
    size: Annotated[int, msgspec.Meta(ge=merkle.MIN_SIZE, le=merkle.MAX_SIZE)]


class _QuickSignature(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    keyid: Did
    sig: Annotated[bytes, msgspec.Meta(max_length=66)]
    batch: _QuickBatch | msgspec.UnsetType = msgspec.UNSET


class _QuickEnvelope(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    payload: bytes
    payloadType: Annotated[str, msgspec.Meta(max_length=128)]  # noqa: N815 - DSSE's own spelling
    signatures: Annotated[list[_QuickSignature], msgspec.Meta(max_length=MAX_SIGNATURES)]


class _Outer(msgspec.Struct, frozen=True):
    """The payload and nothing else: whatever stands beside it is skipped unread."""

    payload: bytes


_QUICK = msgspec.json.Decoder(_QuickEnvelope)
_OUTER = msgspec.json.Decoder(_Outer)
_DEFAULT = Limits()


@lru_cache(maxsize=16)
def _roomy(limits: Limits) -> bool:
    """Says whether whatever has the shape of an envelope is within these bounds but for its size."""
    return limits.max_depth >= 4 and limits.max_keys >= 3 + 6 * MAX_SIGNATURES and limits.max_items >= MAX_SIGNATURES


def read(data: bytes, limits: Limits | None = None) -> Signed:
    """Returns the envelope in `data`; proves nothing.

    Raises:
        Refused: a reason of the transport box, or BAD_ENVELOPE.
    """
    bounds = limits or _DEFAULT
    if len(data) > bounds.max_bytes or not _roomy(bounds):
        canonical.check_bounds(data, bounds)
    quick = canonical.decode_quickly(data, _QUICK, typed=True)
    if quick is None:
        return read_slowly(data, limits)
    signatures, places = [], []
    for one in quick.signatures:
        signatures.append((one.keyid, one.sig))
        places.append(_place(one.batch, one.batch.path) if one.batch else None)
    return Signed(data, quick.payloadType, quick.payload, tuple(signatures), tuple(places))


def payload_of(data: bytes, limits: Limits | None = None) -> bytes | None:
    """Returns the payload in what may be an envelope, unchecked; None for what is none, or is larger than allowed.

    It is for naming things before they are verified: `read` may refuse what this takes, and never the other way round.
    """
    if len(data) > (limits or _DEFAULT).max_bytes:
        return None
    try:
        return _OUTER.decode(data).payload
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None


def id_of(data: bytes, limits: Limits | None = None) -> ContentId | None:
    """Returns the id that an envelope's message has if it is one; None for what is none. Proves nothing.

    Two envelopes over one payload have one id, whatever their signatures are: so an id may be looked up by it, and must
    not be remembered as heard before a signature was checked, or a bad one would shut the good one out.
    """
    payload = payload_of(data, limits)
    return None if payload is None else content_id(payload)


def read_slowly(data: bytes, limits: Limits | None = None) -> Signed:
    """Does what `read` does, step by step: it names what is wrong, and the quick way is tested against it."""
    value = canonical.decode(data, limits)
    try:
        parts = msgspec.convert(value, _Envelope)
    except msgspec.ValidationError as error:
        raise Refused(Reason.BAD_ENVELOPE, str(error)[:120]) from None
    signatures = tuple((one.keyid, _from_base64(one.sig)) for one in parts.signatures)
    places = tuple(_place(one.batch, _from_base64(one.batch.path)) if one.batch else None for one in parts.signatures)
    return Signed(data, parts.payloadType, _from_base64(parts.payload), signatures, places)


def _place(batch: _Batch | _QuickBatch, path: bytes) -> Place:
    place = Place(batch.index, batch.size, path)
    if not place.exists:
        raise Refused(Reason.BAD_ENVELOPE, f"no place {batch.index} of {batch.size} with a path of {len(path)} bytes")
    return place


def write(payload_type: str, payload: bytes, signatures: tuple[tuple[str, bytes], ...], place: Place | None) -> Signed:
    """Returns the envelope of a payload and its signatures.

    Args:
        place: where the payload stands in the batch that all of the signatures are over; None for a message alone.
    """
    raw = canonical.encode(
        {
            "payload": base64.b64encode(payload).decode(),
            "payloadType": payload_type,
            "signatures": [_entry(keyid, sig, place) for keyid, sig in signatures],
        }
    )
    return Signed(raw, payload_type, payload, signatures, (place,) * len(signatures))


def _entry(keyid: str, sig: bytes, place: Place | None) -> dict[str, Json]:
    entry: dict[str, Json] = {"keyid": keyid, "sig": base64.b64encode(sig).decode()}
    if place is not None:
        entry["batch"] = {
            "index": place.index,
            "path": base64.b64encode(place.path).decode(),
            "size": place.size,
        }
    return entry


def _from_base64(text: str) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Refused(Reason.BAD_ENVELOPE, "not base64") from None
    if base64.b64encode(data).decode() != text:
        raise Refused(Reason.BAD_ENVELOPE, "base64 in another spelling")
    return data
