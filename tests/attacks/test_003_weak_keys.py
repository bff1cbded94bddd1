"""Attack 3: keys under which one signature fits many messages, and second spellings of keys and signatures.

What is weak and what is canonical is computed here with slow curve arithmetic (`edwards`), not taken from a list.
The signature vectors are in the spirit of "Taming the many EdDSAs" (Chalkias, Garillot, Nikolaenko, 2020, table 6).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hansa.identity.keys import PublicKey, SigningKey
from hansa.kernel.errors import Refused
from hansa.kernel.verdict import Reason
from tests.attacks import edwards
from tests.attacks.edwards import BASE, NEUTRAL, L, P, add, challenge, encode, multiply
from tests.attacks.forgeries import ALPHABET, base58, did
from tests.attacks.specimens import key, reason, refusal, scaled

GOOD = key(1).public
SMALL = edwards.small_order_points()
NON_CANONICAL = edwards.non_canonical_encodings()
ORDER_8 = SMALL[1]


def test_the_reference_knows_the_curve() -> None:
    assert edwards.on_curve(BASE)
    assert multiply(L, BASE) == NEUTRAL
    assert len(set(SMALL)) == 8
    assert all(edwards.on_curve(point) and edwards.order_divides_8(point) for point in SMALL)
    assert edwards.decode(GOOD.raw) is not None
    assert encode(multiply(7, BASE)) == SigningKeyOfScalar(7).raw


def test_all_points_of_small_order_are_refused() -> None:
    assert {reason(PublicKey.parse, encode(point)) for point in SMALL} == {Reason.BAD_KEY}
    assert {refusal(PublicKey.parse, encode(point)).detail for point in SMALL} == {"small order"}


def test_all_non_canonical_encodings_are_refused() -> None:
    assert len(NON_CANONICAL) > 20
    assert {reason(PublicKey.parse, raw) for raw in NON_CANONICAL} == {Reason.BAD_KEY}


def test_every_y_beyond_the_field_is_refused_on_the_curve_or_not() -> None:
    raws = [(y | sign << 255).to_bytes(32, "little") for y in range(P, 1 << 255) for sign in (0, 1)]
    assert len(raws) == 38
    assert {reason(PublicKey.parse, raw) for raw in raws} == {Reason.BAD_KEY}


@pytest.mark.parametrize("length", [*range(32), 33, 64])
def test_a_key_has_32_bytes(length: int) -> None:
    refused = reason(PublicKey.parse, (GOOD.raw * 2)[:length])
    assert refused is Reason.BAD_KEY


def test_neighbours_of_weak_keys_are_not_refused_by_mistake() -> None:
    neighbours = [encode(add(point, BASE)) for point in SMALL]
    assert [PublicKey.parse(raw).raw for raw in neighbours] == neighbours


# Signatures. A scalar is chosen here instead of hashed from a seed, so that every part of a signature can be bent.


@dataclass(frozen=True)
class SigningKeyOfScalar:
    """A private scalar with its public bytes, perhaps shifted by a point of small order."""

    scalar: int
    shift: edwards.Point = NEUTRAL

    @property
    def raw(self) -> bytes:
        return encode(add(multiply(self.scalar, BASE), self.shift))

    def sign(self, message: bytes, nonce: int, shift: edwards.Point = NEUTRAL) -> bytes:
        r = encode(add(multiply(nonce, BASE), shift))
        s = (nonce + challenge(r, self.raw, message) * self.scalar) % L
        return r + s.to_bytes(32, "little")


HONEST = SigningKeyOfScalar(0x1234567890ABCDEF)
MIXED = SigningKeyOfScalar(HONEST.scalar, ORDER_8)


def message_where(key: SigningKeyOfScalar, r: bytes, remainder: int) -> bytes:
    """Returns the first message whose challenge under `r` and `key` leaves that remainder modulo 8."""
    messages = (b"message %d" % n for n in range(1000))
    return next(m for m in messages if challenge(r, key.raw, m) % 8 == remainder)


def mixed_vector(
    key: SigningKeyOfScalar, shift: edwards.Point, remainder: int, nonce: int = 99
) -> tuple[bytes, bytes, bytes]:
    r = encode(add(multiply(nonce, BASE), shift))
    message = message_where(key, r, remainder)
    return key.raw, key.sign(message, nonce, shift), message


def with_s(signature: bytes, change: int) -> bytes:
    return signature[:32] + (int.from_bytes(signature[32:], "little") + change).to_bytes(32, "little")


M = b"a message"
PLAIN = HONEST.sign(M, 99)
IDENTITY_R = HONEST.sign(M, 0)
IDENTITY_NON_CANONICAL = (P + 1).to_bytes(32, "little")


def identity_in_other_bytes(r: bytes) -> bytes:
    """Signs with nonce 0, R being the neutral point in bytes that it is not written in."""
    s = challenge(r, HONEST.raw, M) * HONEST.scalar % L
    return r + s.to_bytes(32, "little")


ACCEPTED = {
    "an honest signature": (HONEST.raw, PLAIN, M),
    "mixed key, mixed R, small parts cancel": mixed_vector(MIXED, SMALL[7], 1),
    "mixed key, R of large order, challenge a multiple of 8": mixed_vector(MIXED, NEUTRAL, 0),
}
REFUSED = {
    "S + L": (HONEST.raw, with_s(PLAIN, L), M),
    "S + 2 L": (HONEST.raw, with_s(PLAIN, 2 * L), M),
    "S + 8 L": (HONEST.raw, with_s(PLAIN, 8 * L), M),
    "S with its top bit set": (HONEST.raw, with_s(PLAIN, 1 << 255), M),
    "S = L": (HONEST.raw, PLAIN[:32] + L.to_bytes(32, "little"), M),
    "S all ones": (HONEST.raw, PLAIN[:32] + b"\xff" * 32, M),
    "R = p + 1, the neutral point not canonical": (HONEST.raw, identity_in_other_bytes(IDENTITY_NON_CANONICAL), M),
    "R = -0, the neutral point with a sign": (
        HONEST.raw,
        identity_in_other_bytes((1 | 1 << 255).to_bytes(32, "little")),
        M,
    ),
    "R with a small part, right only if multiplied by 8": (HONEST.raw, HONEST.sign(M, 99, ORDER_8), M),
    "R of small order, right only if multiplied by 8": (HONEST.raw, HONEST.sign(M, 0, ORDER_8), M),
    "mixed key, R of large order, right only if multiplied by 8": mixed_vector(MIXED, NEUTRAL, 1),
    "mixed key, mixed R, small parts do not cancel": mixed_vector(MIXED, SMALL[7], 2),
    "R and S zero": (HONEST.raw, bytes(64), M),
    "R not on the curve": (HONEST.raw, (2).to_bytes(32, "little") + PLAIN[32:], M),
}


@pytest.mark.parametrize("name", [*ACCEPTED, *REFUSED])
def test_signatures_are_judged_without_cofactor_and_bytes_of_r_compared(name: str) -> None:
    raw, signature, message = {**ACCEPTED, **REFUSED}[name]
    assert edwards.fits(raw, signature, message) is (name in ACCEPTED)
    assert PublicKey.parse(raw).fits(signature, message) is (name in ACCEPTED)


OF_SMALL_ORDER_R = {
    "nonce 0, so R is the neutral point": (HONEST.raw, IDENTITY_R, M),
    "mixed key, R of order 8, small parts cancel": mixed_vector(MIXED, SMALL[7], 1, 0),
}


@pytest.mark.parametrize("name", OF_SMALL_ORDER_R)
def test_a_signature_with_an_r_of_small_order_is_refused_though_the_equation_holds(name: str) -> None:
    """Verifiers differ in these, and only the key's owner can make one: refused, so that all nodes agree."""
    raw, signature, message = OF_SMALL_ORDER_R[name]
    assert edwards.fits(raw, signature, message)
    assert not PublicKey.parse(raw).fits(signature, message)


@pytest.mark.parametrize("name", ["S + L", "S = L", "S all ones"])
def test_a_signature_has_one_spelling(name: str) -> None:
    """S and S + L are the same number to the curve: whoever sees a message could make a second signature of it."""
    raw, signature, message = REFUSED[name]
    assert not PublicKey.parse(raw).fits(signature, message)


@pytest.mark.parametrize("length", [0, 1, 32, 63, 65, 96, 128])
def test_a_signature_has_64_bytes(length: int) -> None:
    assert not PublicKey.parse(HONEST.raw).fits((PLAIN * 2)[:length], M)


@pytest.mark.parametrize("point", SMALL, ids=[str(n) for n in range(8)])
def test_a_weak_key_would_fit_messages_that_it_never_saw(point: edwards.Point) -> None:
    """Why keys of small order are refused at all: S = 0 and R = neutral fit one message in eight, or every one."""
    signature = encode(NEUTRAL) + bytes(32)
    fitting = [n for n in range(40) if edwards.fits(encode(point), signature, b"message %d" % n)]
    assert fitting
    assert reason(PublicKey.parse, encode(point)) is Reason.BAD_KEY


# Spellings.

LETTERS = GOOD.did.removeprefix("did:key:z")
OTHER_SPELLINGS = {
    "leading 1": f"did:key:z1{LETTERS}",
    "many leading 1s": f"did:key:z{'1' * 8}{LETTERS}",
    "leading zero byte": "did:key:z" + base58(b"\0\xed\x01" + GOOD.raw),
    "trailing zero byte": "did:key:z" + base58(b"\xed\x01" + GOOD.raw + b"\0"),
    "no multicodec": "did:key:z" + base58(GOOD.raw),
    "X25519 multicodec": did(GOOD.raw, b"\xec\x01"),
    "secp256k1 multicodec": did(GOOD.raw, b"\xe7\x01"),
    "P-256 multicodec": did(GOOD.raw, b"\x80\x24"),
    "Ed25519 private key multicodec": did(GOOD.raw, b"\x80\x26"),
    "multicodec as one byte": did(GOOD.raw, b"\xed"),
    "multicodec in three bytes": did(GOOD.raw, b"\xed\x81\x00"),
    "multicodec the other way round": did(GOOD.raw, b"\x01\xed"),
    "31 bytes": did(GOOD.raw[:31]),
    "33 bytes": did(GOOD.raw + b"\1"),
    "no bytes": did(b""),
    "no z": f"did:key:{LETTERS}",
    "capital Z": f"did:key:Z{LETTERS}",
    "two z": f"did:key:zz{LETTERS}",
    "base64url multibase": "did:key:u" + "7QE" + "A" * 43,
    "hex multibase": f"did:key:fed01{GOOD.raw.hex()}",
    "capital scheme": f"DID:key:z{LETTERS}",
    "capital method": f"did:KEY:z{LETTERS}",
    "all capitals": GOOD.did.upper(),
    "small letters": GOOD.did.lower(),
    "fragment": f"{GOOD.did}#z",
    "query": f"{GOOD.did}?v=1",
    "path": f"{GOOD.did}/",
    "base58 padding": f"{GOOD.did}=",
    "blank before": f" {GOOD.did}",
    "blank after": f"{GOOD.did} ",
    "line end after": f"{GOOD.did}\n",
    "blank within": f"{GOOD.did[:20]} {GOOD.did[20:]}",
    "NUL after": f"{GOOD.did}\0",
    "letter not in base58": f"{GOOD.did[:-1]}0",
    "letter l": f"{GOOD.did[:-1]}l",
    "Cyrillic letter": GOOD.did.replace("k", "\u043a", 1),
    "full-width letter": f"{GOOD.did[:-1]}\uff11",
    "lone surrogate": f"{GOOD.did[:-1]}\ud800",
    "no method": LETTERS,
    "raw hex": GOOD.raw.hex(),
    "empty": "",
    "very long": "did:key:z" + "2" * 100_000,
    "very long run of 1": "did:key:z" + "1" * 100_000,
}


@pytest.mark.parametrize("spelling", OTHER_SPELLINGS)
def test_other_spellings_of_a_key_are_refused(spelling: str) -> None:
    assert OTHER_SPELLINGS[spelling] != GOOD.did
    assert reason(PublicKey.from_did, OTHER_SPELLINGS[spelling]) is Reason.BAD_KEY


def test_a_text_too_long_for_a_key_is_refused_before_it_is_counted_out() -> None:
    """Reading base58 takes time that grows with the square of its length."""
    assert refusal(PublicKey.from_did, OTHER_SPELLINGS["very long"]).detail == "not a did:key"


def test_another_kind_of_key_is_named() -> None:
    for name in ("X25519 multicodec", "no multicodec", "leading zero byte"):
        assert refusal(PublicKey.from_did, OTHER_SPELLINGS[name]).detail == "not an Ed25519 did:key"


def test_a_letter_outside_base58_is_named() -> None:
    assert refusal(PublicKey.from_did, OTHER_SPELLINGS["letter l"]).detail == "not base58"


@given(st.binary(min_size=32, max_size=32).map(lambda seed: hashlib.sha256(seed).digest()))
@settings(max_examples=scaled(50), deadline=None, derandomize=True)
def test_a_key_and_its_spelling_are_one_to_one(seed: bytes) -> None:
    public = SigningKey(seed).public
    assert public.did == did(public.raw)
    assert PublicKey.from_did(public.did) == public


@given(st.integers(9, len(GOOD.did) - 1), st.sampled_from(ALPHABET))
@settings(max_examples=scaled(200), deadline=None, derandomize=True)
def test_changing_one_letter_names_another_key_or_none(at: int, letter: str) -> None:
    changed = GOOD.did[:at] + letter + GOOD.did[at + 1 :]
    if changed == GOOD.did:
        return
    try:
        named = PublicKey.from_did(changed)
    except Refused as refused:
        assert refused.reason is Reason.BAD_KEY
    else:
        assert named != GOOD


def test_bytes_that_are_no_point_are_refused() -> None:
    nowhere = [raw for raw in (n.to_bytes(32, "little") for n in range(2, 40)) if edwards.decode(raw) is None]
    assert len(nowhere) > 10
    assert {refusal(PublicKey.parse, raw).detail for raw in nowhere} == {"no point of the curve"}
    assert {reason(PublicKey.from_did, did(raw)) for raw in nowhere} == {Reason.BAD_KEY}


@given(st.binary(min_size=32, max_size=32))
@settings(max_examples=scaled(100), deadline=None, derandomize=True)
def test_any_bytes_are_a_key_exactly_when_the_reference_says_so(raw: bytes) -> None:
    point = edwards.decode(raw)
    good = point is not None and edwards.is_canonical(raw) and not edwards.order_divides_8(point)
    if good:
        assert PublicKey.parse(raw).raw == raw
    else:
        assert reason(PublicKey.parse, raw) is Reason.BAD_KEY
