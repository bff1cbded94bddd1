"""What an envelope is called, before anything of it is proved."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansa.identity import envelope, peek
from hansa.kernel.errors import Refused
from hansa.kernel.limits import Limits
from tests.attacks.specimens import key, sealed


def test_an_envelope_is_named_by_its_payload_whoever_signed_it() -> None:
    signed = sealed(key(1))
    assert envelope.id_of(signed.raw) == signed.id == envelope.read(signed.raw).id
    other = envelope.seal_again([signed], [key(2)])[0]
    assert other.raw != signed.raw
    assert envelope.id_of(other.raw) == signed.id
    assert peek.named(signed.raw) == (signed.id, key(1).public.did)


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b'{"payload":1}', b'{"payload":"*"}', b"\xff", b"[" * 5000])
def test_what_is_no_envelope_has_no_name(data: bytes) -> None:
    assert envelope.id_of(data) is None
    assert peek.named(data) is None


def test_what_is_too_large_is_not_read_for_its_name() -> None:
    signed = sealed(key(1))
    assert envelope.id_of(signed.raw, Limits(max_bytes=len(signed.raw))) == signed.id
    assert envelope.id_of(signed.raw, Limits(max_bytes=len(signed.raw) - 1)) is None


@given(st.binary(max_size=200), st.integers(0, 600), st.integers(0, 255))
def test_whatever_is_read_as_an_envelope_has_the_name_it_then_has(noise: bytes, place: int, byte: int) -> None:
    raw = sealed(key(1)).raw
    changed = raw[:place] + bytes([byte]) + raw[place + 1 :]
    for data in (noise, changed, raw + noise):
        try:
            expected = envelope.read(data).id
        except Refused:
            envelope.id_of(data)
        else:
            assert envelope.id_of(data) == expected
