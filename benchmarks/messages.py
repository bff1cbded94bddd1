"""Reading a message: bounds, canonical JSON, envelope, signature, header."""

from __future__ import annotations

from collections.abc import Iterable

from benchmarks.measure import Row, against, at_most
from benchmarks.samples import KEYS, sealed
from hansa.identity import envelope
from hansa.identity.envelope import PAYLOAD_TYPE, pre_authentication_encoding

MESSAGES = 300


def rows() -> Iterable[Row]:
    """Decode, canonical check and verify, against the bare signature check."""
    messages = [sealed(number) for number in range(MESSAGES)]
    key = KEYS.key.public

    def whole() -> int:
        for message in messages:
            envelope.verify(envelope.read(message.raw))
        return len(messages)

    def bare() -> int:
        for message in messages:
            signed = pre_authentication_encoding(PAYLOAD_TYPE, message.payload)
            assert key.fits(message.signatures[0][1], signed)
        return len(messages)

    yield against("read and verify a message of 2 kB", whole, "the bare Ed25519 check", bare, target=at_most(1.5))
