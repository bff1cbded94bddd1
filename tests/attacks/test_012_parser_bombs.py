"""Attack 12: bytes made to cost time or memory, or to crash the reader. Bounds hold before anything is parsed.

No stopwatch here: what is refused early is shown by the reason, which a later step would not have given.
"""

from __future__ import annotations

import base64
import json
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hansa.identity.envelope import PAYLOAD_TYPE, pre_authentication_encoding, read, seal, verify
from hansa.kernel import canonical
from hansa.kernel.errors import Refused
from hansa.kernel.limits import HARD_MAX_BYTES, Limits
from hansa.kernel.verdict import Box, Reason
from tests.attacks.forgeries import envelope, mutations, signature, with_fields
from tests.attacks.specimens import header, key, reason, refusal, scaled, sealed

ALICE = key(1)
LIMITS = Limits()
KIB = 1024


def nested(levels: int, opening: bytes = b"[", closing: bytes = b"]") -> bytes:
    return opening * levels + closing * levels


BOMBS: dict[str, tuple[bytes, Reason]] = {
    "a byte too many": (b'"' + b"a" * (LIMITS.max_bytes - 1) + b'"', Reason.TOO_LARGE),
    "a megabyte of nothing": (b" " * HARD_MAX_BYTES, Reason.TOO_LARGE),
    "16 MiB": (b"\0" * (1 << 24), Reason.TOO_LARGE),
    "33 levels of arrays": (nested(33), Reason.TOO_DEEP),
    "33 levels of objects": (b'{"":' * 32 + b"{}" + b"}" * 32, Reason.TOO_DEEP),
    "33 levels, never closed": (b"[" * 33, Reason.TOO_DEEP),
    "33 levels of both": (b'[{"":' * 16 + b"[]" + b"}]" * 16, Reason.TOO_DEEP),
    "10,000 levels": (nested(10_000), Reason.TOO_DEEP),
    "10,001 levels": (nested(10_001), Reason.TOO_MANY_KEYS),  # each level is an item of the one around it
    "100,000 levels": (nested(100_000), Reason.TOO_MANY_KEYS),
    "100,000 levels, never closed": (b"[" * 100_000, Reason.TOO_MANY_KEYS),
    "100,000 levels of objects, never closed": (b"{" * 100_000, Reason.TOO_MANY_KEYS),
    "999 levels of objects": (b'{"":' * 999 + b"1" + b"}" * 999, Reason.TOO_DEEP),
    "levels after a string of closing brackets": (b'["' + b"]" * 500 + b'",' + nested(40) + b"]", Reason.TOO_DEEP),
    "levels after an escaped quote": (b'["\\"",' + nested(40) + b"]", Reason.TOO_DEEP),
    "levels after an escaped backslash": (b'["\\\\",' + nested(40) + b"]", Reason.TOO_DEEP),
    "1,001 keys": (b"{" + b",".join(b'"%d":0' % n for n in range(1001)) + b"}", Reason.TOO_MANY_KEYS),
    "1,001 times one key": (b"{" + b",".join([b'"a":0'] * 1001) + b"}", Reason.TOO_MANY_KEYS),
    "30,000 keys": (b"{" + b",".join([b'"":0'] * 30_000) + b"}", Reason.TOO_MANY_KEYS),
    "10,001 items": (b"[" + b",".join([b"0"] * 10_001) + b"]", Reason.TOO_MANY_KEYS),
    "1,000 keys and 10,001 items": (
        b"[{" + b",".join(b'"%03d":0' % n for n in range(1000)) + b"}" + b",0" * 10_000 + b"]",
        Reason.TOO_MANY_KEYS,
    ),
    "5,001 lone items": (b"[" + b",".join([b"[0]"] * 5_001) + b"]", Reason.TOO_MANY_KEYS),
    "30,000 empty arrays": (b"[" + b",".join([b"[]"] * 30_000) + b"]", Reason.TOO_MANY_KEYS),
    "100,000 items": (b"[" + b",".join([b"0"] * 100_000) + b"]", Reason.TOO_MANY_KEYS),
    "250,000 colons": (b":" * 250_000, Reason.TOO_MANY_KEYS),
    "250,000 commas": (b"," * 250_000, Reason.TOO_MANY_KEYS),
    "250,000 digits": (b"1" * 250_000, Reason.NOT_JSON),
    "250,000 digits, negative": (b"-" + b"1" * 250_000, Reason.NOT_JSON),
    "250,000 digits after the point": (b"0." + b"1" * 250_000, Reason.NOT_CANONICAL),
    "an exponent of 250,000 digits": (b"1e" + b"9" * 250_000, Reason.NOT_JSON),
    "a huge exponent": (b"1e999999999", Reason.NOT_JSON),
    "4,300 digits": (b"1" * 4_300, Reason.NOT_CANONICAL),
    "4,301 digits": (b"1" * 4_301, Reason.NOT_JSON),
    "250,000 quotes": (b'"' * 250_000, Reason.NOT_JSON),
    "250,000 backslashes": (b"\\" * 250_000, Reason.NOT_JSON),
    "a string of 125,000 escaped quotes": (b'"' + b'\\"' * 125_000, Reason.NOT_JSON),
    "a string of 40,000 escapes": (b'"' + b"\\u0041" * 40_000 + b'"', Reason.NOT_CANONICAL),
    "250,000 closing brackets": (b"]" * 250_000, Reason.NOT_JSON),
    "closing before opening": (b"]" * 1000 + nested(1000), Reason.NOT_JSON),
    "250,000 minus signs": (b"-" * 250_000, Reason.NOT_JSON),
    "250,000 blanks": (b" " * 250_000, Reason.NOT_JSON),
    "250,000 NULs": (b"\0" * 250_000, Reason.NOT_JSON),
    "nothing": (b"", Reason.NOT_JSON),
}


def fails_closed(data: bytes) -> None:
    """Fails the test when the bytes are taken, or when anything but a refusal comes of them."""
    try:
        verify(read(data))
    except Refused as refused:
        assert refused.reason.box in {Box.TRANSPORT, Box.IDENTITY}
        assert len(str(refused)) < 400
    else:
        raise AssertionError("taken")


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_is_refused_for_what_it_is(bomb: str) -> None:
    data, expected = BOMBS[bomb]
    assert reason(canonical.decode, data) is expected
    assert reason(read, data) is expected


@pytest.mark.parametrize("bomb", [name for name, (data, _) in BOMBS.items() if len(data) < 190 * KIB])
def test_a_bomb_inside_a_signed_payload_is_refused_for_what_it_is(bomb: str) -> None:
    """Its author signed it; that makes it no lighter."""
    data, expected = BOMBS[bomb]
    sig = ALICE.sign(pre_authentication_encoding(PAYLOAD_TYPE, data))
    signed = read(envelope(data, [signature(ALICE.public.did, sig)]))
    assert reason(verify, signed) is expected


@pytest.mark.parametrize("junk", [b"\xff", b"{", b"\0", b'"', b"[1,", b"nan"])
def test_size_is_asked_before_anything_else(junk: bytes) -> None:
    """Parsed, each of these would be refused as no JSON; too deep, too wide and too large, as too large."""
    assert reason(canonical.decode, junk) is Reason.NOT_JSON
    too_large = (junk + b"[" * 50 + b":," * (LIMITS.max_bytes // 2)).ljust(LIMITS.max_bytes + 1, b"[")
    assert reason(canonical.decode, too_large) is Reason.TOO_LARGE


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"\xff" + b"[" * 33, Reason.TOO_DEEP),
        (b"nan" + b"[" * 33, Reason.TOO_DEEP),
        (b"[1,]" + b"[" * 33, Reason.TOO_DEEP),
        (b"\xff" + b":" * 1001, Reason.TOO_MANY_KEYS),
        (b"nan" + b"," * 11_001, Reason.TOO_MANY_KEYS),
    ],
)
def test_nesting_keys_and_items_are_asked_before_parsing(data: bytes, expected: Reason) -> None:
    """All of these are broken from the first byte on, and a parser would have said so."""
    assert reason(canonical.decode, data) is expected


@pytest.mark.parametrize(
    "data",
    [
        b'"' + b"a" * (LIMITS.max_bytes - 2) + b'"',
        nested(32),
        b'{"":' * 31 + b"{}" + b"}" * 31,
        canonical.encode({f"{n:04}": n for n in range(1000)}),
        canonical.encode(list(range(10_000))),
        canonical.encode("{[:,]}" * 10_000),
        canonical.encode('"' * 60_000),
        canonical.encode("\\" * 60_000),
        canonical.encode('\\"[' * 20_000),
    ],
    ids=["largest", "deepest array", "deepest object", "keys", "items", "brackets", "quotes", "backslashes", "mixed"],
)
def test_what_is_just_within_the_bounds_is_taken(data: bytes) -> None:
    assert canonical.encode(canonical.decode(data)) == data


@pytest.mark.parametrize("text", ["{" * 5000, "]" * 5000, '"' * 5000, "\\" * 5001, '\\"' * 3000, ":," * 3000])
def test_text_full_of_structure_is_only_text(text: str) -> None:
    message = seal(header(ALICE), {"text": text, text: [text, {}]}, [ALICE])
    assert verify(read(message.raw)).body == {"text": text, text: [text, {}]}


@pytest.mark.parametrize("count", [17, 100, 900])
def test_too_many_signatures_are_refused_before_any_is_checked(count: int) -> None:
    """All of them good: only their number is wrong."""
    message = sealed(ALICE)
    many = envelope(message.payload, [signature(*message.signatures[0])] * min(count, 300))
    assert reason(read, many) is Reason.BAD_ENVELOPE


def test_a_long_signature_is_refused_before_it_is_decoded() -> None:
    message = sealed(ALICE)
    refused = refusal(read, envelope(message.payload, [signature(ALICE.public.did, "!" * 89)]))
    assert refused.reason is Reason.BAD_ENVELOPE
    assert refused.detail != "not base64"


def test_limits_can_be_lowered_for_envelope_and_payload_both() -> None:
    message = sealed(ALICE)
    small = Limits(max_bytes=len(message.payload) - 1)
    assert reason(read, message.raw, small) is Reason.TOO_LARGE
    assert reason(verify, message, limits=small) is Reason.TOO_LARGE


@given(st.binary(max_size=300))
@settings(max_examples=scaled(500), deadline=None, derandomize=True)
def test_any_bytes_are_refused(data: bytes) -> None:
    fails_closed(data)


@given(st.text(st.sampled_from('{}[]:,"\\ue0123456789.-+Eabtrfnls \t\n\x00\ud83d\ude00\ud800'), max_size=200))
@settings(max_examples=scaled(500), deadline=None, derandomize=True)
def test_any_text_near_json_is_refused(text: str) -> None:
    fails_closed(text.encode("utf-8", "surrogatepass"))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.fixed_dictionaries({}, optional={"payload": JSON, "payloadType": JSON, "signatures": JSON, "x": JSON}))
@settings(max_examples=scaled(300), deadline=None, derandomize=True)
def test_any_envelope_of_the_wrong_shape_is_refused(value: dict[str, object]) -> None:
    fails_closed(
        json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace")
    )


@given(st.dictionaries(st.sampled_from([*json.loads(sealed(ALICE).payload), "x"]), JSON), st.booleans())
@settings(max_examples=scaled(300), deadline=None, derandomize=True)
def test_any_signed_payload_of_the_wrong_shape_is_refused(fields: dict[str, object], replace: bool) -> None:
    whole = {**json.loads(sealed(ALICE).payload), **fields} if replace else fields
    if not fields or (replace and fields == {"body": fields.get("body")} and isinstance(fields["body"], dict)):
        return
    payload = json.dumps(whole, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace")
    sig = ALICE.sign(pre_authentication_encoding(PAYLOAD_TYPE, payload))
    try:
        message = verify(read(envelope(payload, [signature(ALICE.public.did, sig)])))
    except Refused as refused:
        assert refused.reason.box in {Box.TRANSPORT, Box.IDENTITY}
    else:
        assert message.author == ALICE.public.did


@given(st.integers(0, 2**32))
@settings(max_examples=scaled(100), deadline=None, derandomize=True)
def test_damage_upon_damage_is_refused(seed: int) -> None:
    raw = sealed(ALICE).raw
    for step in range(8):
        raw = next(mutations(raw, 1, seed + step))
        if raw != sealed(ALICE).raw:
            fails_closed(raw)


def test_deep_nesting_does_not_depend_on_pythons_own_limit() -> None:
    """Someone may raise our bound beyond what the interpreter recurses; it is still a refusal, not a crash."""
    deep = Limits(max_depth=1 << 20)
    assert reason(canonical.decode, nested(sys.getrecursionlimit() * 2), deep) in {
        Reason.NOT_JSON,
        Reason.NOT_CANONICAL,
    }


@pytest.mark.parametrize("field", ["max_bytes", "max_depth", "max_keys", "max_items"])
def test_bounds_cannot_be_switched_off(field: str) -> None:
    for value in (0, -1, *([HARD_MAX_BYTES + 1] if field == "max_bytes" else [])):
        with pytest.raises(ValueError, match=field):
            Limits(**{field: value}).validate()
    Limits().validate()


def test_a_payload_within_bounds_still_has_to_fit_its_envelope() -> None:
    """Base64 makes three bytes four, and the envelope is what is bounded."""
    body = {"text": "a" * (200 * KIB)}
    assert len(canonical.encode(body)) < LIMITS.max_bytes
    message = seal(header(ALICE), body, [ALICE])
    assert len(message.raw) > len(base64.b64encode(message.payload))
    assert reason(read, message.raw) is Reason.TOO_LARGE
    assert with_fields(message, body={}) != message.payload
