"""Ed25519 keys and the one way to write them.

A public key is written as `did:key:z…` (multicodec 0xed01, base58btc) and in no other way, so that two spellings of
one key can't be counted twice (threat 7). Parsing refuses, before any signature is looked at (threat 3):

1. anything that is not 32 bytes,
2. encodings with y >= p, x = 0 with the sign bit set, and y of no point (RFC 8032, section 5.1.3, steps 1, 3 and 4),
3. the eight points of small order: under one of those a constant signature can fit every message.
"""

from __future__ import annotations

from functools import lru_cache

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from hansa.kernel.errors import Refused
from hansa.kernel.ids import NodeId
from hansa.kernel.verdict import Reason

KEY_BYTES = 32
SIGNATURE_BYTES = 64
REMEMBERED = 4_096
"""Keys that are kept parsed, of those used last: enough for the peers of a node, and bounded whoever sends keys."""

_DID_PREFIX = "did:key:z"
_MULTICODEC = b"\xed\x01"
_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_P = 2**255 - 19
_L = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, _P) % _P
_SIGN_BIT = 1 << 255

# y coordinates of the points whose order divides 8 (checked against curve arithmetic in the tests)
_ORDER_8_Y = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
_SMALL_ORDER_Y = frozenset({0, 1, _P - 1, _ORDER_8_Y, _P - _ORDER_8_Y})


class PublicKey(msgspec.Struct, frozen=True):
    """A public key that passed every check of this module; make one with `parse` or `from_did`."""

    raw: bytes

    @staticmethod
    def parse(raw: bytes) -> PublicKey:
        """Returns the key in 32 raw bytes.

        Raises:
            Refused: BAD_KEY, when the bytes are not the one canonical encoding of a point of large order.
        """
        if len(raw) != KEY_BYTES:
            raise Refused(Reason.BAD_KEY, f"{len(raw)} bytes, not {KEY_BYTES}")
        number = int.from_bytes(raw, "little")
        y = number & (_SIGN_BIT - 1)
        if y >= _P:
            raise Refused(Reason.BAD_KEY, "not canonical")
        if y in _SMALL_ORDER_Y:  # also covers x = 0 with the sign bit, which only y = 1 and y = -1 have
            raise Refused(Reason.BAD_KEY, "small order")
        if not _on_curve(y):
            raise Refused(Reason.BAD_KEY, "no point of the curve")
        return PublicKey(raw)

    @staticmethod
    def from_did(did: str) -> PublicKey:
        """Returns the key that a `did:key` names.

        Raises:
            Refused: BAD_KEY, when the text is not exactly how Hansa writes that key.
        """
        return _from_did(did)

    @property
    def did(self) -> NodeId:
        """The key's only textual form."""
        return NodeId(_DID_PREFIX + _to_base58(_MULTICODEC + self.raw))

    def fits(self, signature: bytes, message: bytes) -> bool:
        """Says whether `signature` is this key's over `message`.

        S·B = R + k·A without the cofactor, R compared as bytes (RFC 8032, section 5.1.7). Refused before that: S >= L,
        and an R of small order. No signer makes such an R but on purpose, and verifiers differ in what they say to it:
        OpenSSL takes it, the Web's specification of Ed25519 does not.
        """
        if len(signature) != SIGNATURE_BYTES or int.from_bytes(signature[KEY_BYTES:], "little") >= _L:
            return False
        if int.from_bytes(signature[:KEY_BYTES], "little") & (_SIGN_BIT - 1) in _SMALL_ORDER_Y:
            return False
        try:
            _handle(self.raw).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


class SigningKey:
    """A private key. It prints as its public half only."""

    __slots__ = ("_key", "public")

    def __init__(self, seed: bytes) -> None:
        """Makes the key of a 32-byte secret seed (RFC 8032, section 5.1.5)."""
        if len(seed) != KEY_BYTES:
            raise ValueError(f"a seed has {KEY_BYTES} bytes, not {len(seed)}")
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.public = PublicKey.parse(self._key.public_key().public_bytes_raw())

    def sign(self, message: bytes) -> bytes:
        """Returns the 64-byte signature over `message`."""
        return self._key.sign(message)

    def __repr__(self) -> str:
        """Shows the public key, never the secret."""
        return f"SigningKey({self.public.did})"


@lru_cache(maxsize=REMEMBERED)  # what is refused raises, and is not remembered
def _from_did(did: str) -> PublicKey:
    if not did.startswith(_DID_PREFIX) or len(did) > 64:
        raise Refused(Reason.BAD_KEY, "not a did:key")
    data = _from_base58(did[len(_DID_PREFIX) :])
    if not data.startswith(_MULTICODEC):
        raise Refused(Reason.BAD_KEY, "not an Ed25519 did:key")
    key = PublicKey.parse(data[len(_MULTICODEC) :])
    if key.did != did:
        raise Refused(Reason.BAD_KEY, "another spelling of a key")
    return key


@lru_cache(maxsize=REMEMBERED)
def _handle(raw: bytes) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(raw)


@lru_cache(maxsize=REMEMBERED)
def _on_curve(y: int) -> bool:
    """Says whether x² = (y² - 1) / (d·y² + 1) has a solution (Euler's criterion)."""
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    return pow(square, (_P - 1) // 2, _P) == 1


def _to_base58(data: bytes) -> str:
    number = int.from_bytes(data, "big")
    digits = []
    while number:
        number, digit = divmod(number, 58)
        digits.append(_ALPHABET[digit])
    zeros = len(data) - len(data.lstrip(b"\0"))
    return "1" * zeros + "".join(reversed(digits))


def _from_base58(text: str) -> bytes:
    number = 0
    for char in text:
        digit = _ALPHABET.find(char)
        if digit < 0:
            raise Refused(Reason.BAD_KEY, "not base58")
        number = number * 58 + digit
    zeros = len(text) - len(text.lstrip("1"))
    return b"\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8, "big")
