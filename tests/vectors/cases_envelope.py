"""Cases of envelopes: fields, base64, keys, signatures, the header, and who may sign (checks 1 to 6)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import partial
from typing import Any

from hansa.identity.envelope import PAYLOAD_TYPE, pre_authentication_encoding
from hansa.kernel import canonical
from tests.attacks import edwards
from tests.attacks.forgeries import base58, did
from tests.vectors.case import ALICE, BOB, Case, b64, entry, envelope, fields, payload, sealed

DATA = payload()
GOOD = entry(ALICE, DATA)
ME = str(ALICE.public.did)
SIG = ALICE.sign(pre_authentication_encoding(PAYLOAD_TYPE, DATA))
R, S = SIG[:32], int.from_bytes(SIG[32:], "little")
SCALAR = 0x1234567890ABCDEF
"""A private scalar chosen here, for signatures that no ordinary signer makes."""

_shape = partial(Case, reason="bad_envelope", check="envelope 1")
_key = partial(Case, reason="bad_key", check="envelope 2")
_forged = partial(Case, reason="forged", check="envelope 4")
_header = partial(Case, reason="bad_envelope", check="envelope 5")


def cases() -> Iterator[Case]:
    """Yields the cases of envelopes."""
    yield from _fields()
    yield from _base64()
    yield from _keys()
    yield from _signatures()
    yield from _scalars()
    yield from _headers()
    yield from _signers()


def _fields() -> Iterator[Case]:
    yield _shape("no-payload", envelope(DATA, [GOOD], payload=...), "an envelope has a payload")
    yield _shape("no-payload-type", envelope(DATA, [GOOD], payloadType=...), "an envelope has a payload type")
    yield _shape("no-signatures-field", envelope(DATA, ...), "an envelope has signatures, even when there are none")
    yield _shape("null-signatures", envelope(DATA, None), "signatures are a list")
    yield _shape("extra-field", envelope(DATA, [GOOD], verified=True), "no other fields: nobody switches checks off")
    yield _shape("extra-field-in-signature", envelope(DATA, [{**GOOD, "alg": "none"}]), "no other fields")
    yield _shape(
        "proto-field", envelope(DATA, [GOOD], __proto__={}), "no other fields, whatever a language makes of them"
    )
    yield _shape("signature-without-keyid", envelope(DATA, [{"sig": GOOD["sig"]}]), "a signature names its key")
    yield _shape("signature-without-sig", envelope(DATA, [{"keyid": ME}]), "a signature has bytes")
    yield _shape("signature-null", envelope(DATA, [{"keyid": ME, "sig": None}]), "null is no signature")
    yield _shape("signature-as-text", envelope(DATA, [GOOD["sig"]]), "a signature is an object of key id and bytes")
    yield _shape("17-signatures", envelope(DATA, [GOOD] * 17), "at most 16 signatures")
    yield _shape("empty-keyid", envelope(DATA, [{**GOOD, "keyid": ""}]), "a key id has at least one character")
    yield _shape("keyid-of-65-characters", envelope(DATA, [{**GOOD, "keyid": "z" * 65}]), "at most 64 characters")
    yield _shape(
        "sig-of-92-characters", envelope(DATA, [{**GOOD, "sig": b64(bytes(69))}]), "at most 88 characters of base64"
    )
    yield _shape("payload-a-number", envelope(DATA, [GOOD], payload=1), "the payload is a text")
    yield Case("unsigned", envelope(DATA, []), "there is no unsigned mode", "unsigned", "envelope 2")
    yield Case(
        "other-payload-type",
        envelope(DATA, [entry(ALICE, DATA, "text/plain")], payloadType="text/plain"),
        "rightly signed, as something else",
        "bad_envelope",
        "envelope 3",
    )
    yield _key(
        "bad-key-and-other-payload-type",
        envelope(DATA, [{**GOOD, "keyid": "nobody"}], payloadType="text/plain"),
        "keys are asked before the type",
    )


def _base64() -> Iterator[Case]:
    text = next(text for text in map(_b64_of_hello, range(9)) if text.endswith("=="))
    spare = text[:-3] + chr(ord(text[-3]) + 1) + "=="
    for name, spelling, why in (
        ("base64-other-spelling", spare, "the bits that the last digit has too many are zero"),
        ("base64-without-padding", text.rstrip("="), "padding is not left out"),
        ("base64-line-end", text + "\n", "nothing but base64 digits and padding"),
        ("base64-blank-within", text[:4] + " " + text[4:], "nothing but base64 digits and padding"),
        ("base64-url-alphabet", "-_" + text[2:], "the alphabet with + and /"),
        ("base64-padding-within", text[:4] + "====" + text[4:], "padding stands at the end"),
        ("base64-not-ascii", text[:-4] + "\uff41\uff41\uff41\uff41", "digits of ASCII"),
    ):
        yield _shape(name, envelope(DATA, [GOOD], payload=spelling), why)
    plain = GOOD["sig"]
    yield _shape(
        "signature-base64-other-spelling", envelope(DATA, [{**GOOD, "sig": _spare_bits(plain)}]), "one spelling"
    )
    yield _shape("signature-base64-unpadded", envelope(DATA, [{**GOOD, "sig": plain.rstrip("=")}]), "padded")


def _b64_of_hello(number: int) -> str:
    return b64(payload(body={"versions": ["1.0"], "name": "n" * number}))


def _spare_bits(text: str) -> str:
    return text[:-3] + chr(ord(text[-3]) + 1) + "=="


def _keys() -> Iterator[Case]:
    raw, letters = ALICE.public.raw, ME.removeprefix("did:key:z")
    for name, spelling, why in (
        ("key-leading-1", f"did:key:z1{letters}", "a leading 1 is a zero byte more: another spelling"),
        ("key-without-z", f"did:key:{letters}", "z says base58"),
        ("key-in-capitals", ME.upper(), "a key has one spelling"),
        ("key-with-fragment", f"{ME}#", "a did:key and nothing after it"),
        ("key-blank-after", f"{ME} ", "a did:key and nothing after it"),
        ("key-letter-not-in-base58", f"{ME[:-1]}0", "0, O, I and l are not in base58"),
        ("key-x25519", did(raw, b"\xec\x01"), "another kind of key: its multicodec says so"),
        ("key-without-multicodec", "did:key:z" + base58(raw), "the kind of key stands before its bytes"),
        ("key-of-31-bytes", did(raw[:31]), "32 bytes"),
        ("key-of-33-bytes", did(raw + b"\1"), "32 bytes"),
    ):
        yield _key(name, envelope(DATA, [{**GOOD, "keyid": spelling}]), why)
    for name, point, why in (
        ("small-order-key", edwards.NEUTRAL, "the neutral point: one signature fits every message"),
        ("small-order-key-2", (0, edwards.P - 1), "the point of order 2"),
        ("small-order-key-4", edwards.small_order_points()[2], "a point of order 4"),
        ("small-order-key-8", edwards.small_order_points()[1], "a point of order 8"),
    ):
        yield _weak(name, edwards.encode(point), why)
    yield _weak("small-order-key-not-canonical", (edwards.P + 1).to_bytes(32, "little"), "y is below p: this is p + 1")
    yield _weak("small-order-key-signed-zero", (1 | 1 << 255).to_bytes(32, "little"), "x = 0 has no sign")
    y = next(n for n in range(2, 19) if edwards.x_of(n, 0) is not None)
    yield _weak(
        "key-not-canonical", (edwards.P + y).to_bytes(32, "little"), "y is below p: a good point, written otherwise"
    )
    nowhere = next(n for n in range(2, 40) if edwards.x_of(n, 0) is None)
    yield _weak("key-no-point", nowhere.to_bytes(32, "little"), "no point of the curve has that y")
    yield _key("second-key-bad", envelope(DATA, [GOOD, {**GOOD, "keyid": "nobody"}]), "every key id is a good key")


def _weak(name: str, raw: bytes, why: str) -> Case:
    """Returns a message by a bad key, with the signature that fits most: R the neutral point, S zero."""
    author = did(raw)
    data = payload(body=None) if len(author) > 64 else canonical.encode({**fields(), "author": author})
    trick = edwards.encode(edwards.NEUTRAL) + bytes(32)
    return _key(name, envelope(data, [{"keyid": author, "sig": b64(trick)}]), why)


def _signatures() -> Iterator[Case]:
    encoded = pre_authentication_encoding(PAYLOAD_TYPE, DATA)
    other = payload(seq=2)
    digest = hashlib.sha256(DATA).digest()
    for name, sig, why in (
        ("signature-s-plus-l", R + (S + edwards.L).to_bytes(32, "little"), "S is below the group order"),
        ("signature-s-negated", R + (edwards.L - S).to_bytes(32, "little"), "-S is another number"),
        ("signature-halves-swapped", SIG[32:] + R, "first R, then S"),
        ("signature-cut-short", SIG[:-1], "64 bytes"),
        ("signature-a-byte-longer", SIG + b"\0", "64 bytes"),
        ("signature-empty", b"", "64 bytes"),
        ("signature-zero", bytes(64), "64 bytes, and not these"),
        ("signature-a-hash", digest * 2, "a hash is no signature: everybody can make it"),
        ("signature-of-the-payload-alone", ALICE.sign(DATA), "what is signed has the type and both lengths before it"),
        ("signature-of-the-hash", ALICE.sign(hashlib.sha256(encoded).digest()), "the bytes are signed, not their hash"),
        (
            "signature-of-another-payload",
            ALICE.sign(pre_authentication_encoding(PAYLOAD_TYPE, other)),
            "of other bytes",
        ),
        ("signature-of-another-type", ALICE.sign(pre_authentication_encoding("text/plain", DATA)), "as another type"),
        ("signature-by-another-key", BOB.sign(encoded), "somebody else's, under the author's key id"),
        ("signature-one-bit", bytes([SIG[0] ^ 1]) + SIG[1:], "one bit is changed"),
    ):
        yield _forged(name, envelope(DATA, [{"keyid": ME, "sig": b64(sig)}]), why)
    yield _forged("payload-exchanged", envelope(other, [GOOD]), "a right signature, and another payload")
    yield _forged(
        "second-signature-forged", envelope(DATA, [GOOD, {**GOOD, "keyid": BOB.public.did}]), "one bad refuses all"
    )
    yield _forged("forged-and-broken", envelope(b"{", [GOOD]), "signatures are asked before the payload is read")
    yield Case(
        "signed-twice-by-one-key", envelope(DATA, [GOOD, GOOD]), "the same signature twice counts once, and is enough"
    )


def _scalars() -> Iterator[Case]:
    """Yields signatures that satisfy an equation, or nearly: what libraries differ in."""
    order_8 = edwards.small_order_points()[1]
    honest = edwards.multiply(SCALAR, edwards.BASE)
    mixed = edwards.add(honest, order_8)
    data, sig = _by_scalar(honest, 99, edwards.NEUTRAL)
    yield Case(
        "key-of-a-chosen-scalar", _alone(honest, data, sig), "an ordinary signature, its scalar not hashed from a seed"
    )
    data, sig = _by_scalar(honest, 0, edwards.NEUTRAL)
    yield _forged(
        "small-order-r", _alone(honest, data, sig), "R is the neutral point: the equation holds, R is refused"
    )
    data, sig = _by_scalar(honest, 99, order_8)
    yield _forged("cofactor-equation-only", _alone(honest, data, sig), "right only if both sides are multiplied by 8")
    data, sig = _by_scalar(mixed, 99, edwards.NEUTRAL, remainder=0)
    yield Case("mixed-order-key", _alone(mixed, data, sig), "the key has a part of order 8 that the challenge cancels")
    data, sig = _by_scalar(mixed, 99, edwards.NEUTRAL, remainder=1)
    yield _forged("mixed-order-key-cofactor-only", _alone(mixed, data, sig), "right only if multiplied by 8")


def _by_scalar(
    point: edwards.Point, nonce: int, shift: edwards.Point, remainder: int | None = None
) -> tuple[bytes, bytes]:
    """Returns a payload by the key `point` and a signature; its challenge leaves `remainder` modulo 8, if asked."""
    raw = edwards.encode(point)
    r = edwards.encode(edwards.add(edwards.multiply(nonce, edwards.BASE), shift))
    for seq in range(1, 1000):
        data = canonical.encode({**fields(seq=seq), "author": did(raw)})
        k = edwards.challenge(r, raw, pre_authentication_encoding(PAYLOAD_TYPE, data))
        if remainder is None or k % 8 == remainder:
            return data, r + ((nonce + k * SCALAR) % edwards.L).to_bytes(32, "little")
    raise AssertionError("one challenge in eight has each remainder")


def _alone(point: edwards.Point, data: bytes, sig: bytes) -> bytes:
    return envelope(data, [{"keyid": did(edwards.encode(point)), "sig": b64(sig)}])


def _headers() -> Iterator[Case]:
    bent: tuple[tuple[str, dict[str, Any], str], ...] = (
        ("header-without-network", {"network": ...}, "every field of the header is there"),
        ("header-without-expires", {"expires": ...}, "every field of the header is there, 0 or not"),
        ("header-without-body", {"body": ...}, "a payload has a body"),
        ("header-extra-field", {"priority": 1}, "no other fields"),
        ("header-seq-negative", {"seq": -1}, "a count is at least 0"),
        ("header-seq-text", {"seq": "1"}, "a count is a number"),
        ("header-seq-true", {"seq": True}, "true is no number"),
        ("header-created-null", {"created": None}, "null is no time"),
        ("header-kind-empty", {"kind": "", "body": {}}, "1 to 32 characters"),
        ("header-kind-of-33", {"kind": "k" * 33, "body": {}}, "1 to 32 characters"),
        ("header-network-of-65-astral", {"network": "\U0001f600" * 65}, "1 to 64 code points"),
        ("header-body-a-list", {"body": []}, "the body is an object"),
        ("header-recipient-empty", {"recipient": ""}, "1 to 64 characters"),
    )
    for name, changes, why in bent:
        kind = changes.pop("kind", None)
        whole = {**fields(**changes), **({} if kind is None else {"kind": kind})}
        yield _header(name, sealed(canonical.encode({k: v for k, v in whole.items() if v is not ...})), why)
    yield _header("payload-a-list", sealed(b"[]"), "the payload is an object")


def _signers() -> Iterator[Case]:
    data = payload()
    wrong = partial(Case, reason="wrong_signer", check="envelope 6")
    yield wrong(
        "signed-by-another", envelope(data, [entry(BOB, data)]), "a right signature by a key that is not the author's"
    )
    yield wrong(
        "signed-by-author-and-another", sealed(data, ALICE, BOB), "every signer must be allowed to speak for the author"
    )
    named = canonical.encode({**fields(), "author": "nobody"})
    yield Case("author-not-a-key", sealed(named), "the author is a node id", "bad_key", "envelope 6")
    yield wrong("author-exchanged", sealed(payload(author=BOB)), "it names another author than the one who signed")
