"""Attack 4: the quick way of reading canonical JSON takes nothing that the slow one, the definition, would refuse."""

from __future__ import annotations

import base64
import copy
import datetime
import decimal
import enum
import fractions
import json
import math
import uuid
from collections import OrderedDict, UserDict, UserList, UserString
from random import Random
from typing import Any

import msgspec
import pytest
import rfc8785
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hansa.identity import dsse
from hansa.identity.envelope import seal_batch
from hansa.kernel import canonical
from hansa.kernel.errors import Refused
from hansa.kernel.limits import Limits
from tests.attacks.specimens import header, key, scaled, sealed

ANYTHING = msgspec.json.Decoder()
SHALLOW = msgspec.json.Decoder(canonical.SHALLOW)
CHARACTERS = st.one_of(
    st.characters(codec="utf-8"),
    st.sampled_from(
        '\x00\x01\b\t\n\f\r\x1f "\\/\x7f\x80\u2028\u2029\ud7ff\ue000\uf8ff\ufffe\uffff\U00010000\U0010ffff'
    ),
)
TEXTS = st.text(CHARACTERS, max_size=6)
NUMBERS = st.one_of(
    st.integers(),
    st.floats(),
    st.sampled_from([2**53 - 1, 2**53, -(2**53), 10**15 - 1, 10**15, 2**64, -0.0, 1e22, 1e-7, 1.0, 10**400]),
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=5)),
    max_leaves=12,
)


def slowly(data: bytes) -> Any:
    """Returns the value, or None for what is refused; null is refused alike."""
    try:
        return canonical.decode_slowly(data)
    except Refused:
        return None


def never_more_than_slowly(data: bytes) -> None:
    """Holds both quick ways against the slow one."""
    for quick in (canonical.decode_quickly(data, ANYTHING), canonical.decode_quickly(data, SHALLOW, typed=True)):
        if quick is not None:
            assert slowly(data) == quick
            assert rfc8785.dumps(quick) == data


def spellings(value: Any, seed: int) -> list[bytes]:
    """Returns the ways in which somebody may write a value, most of them not canonical."""
    found = []
    for options in (
        {"sort_keys": True, "ensure_ascii": False, "separators": (",", ":")},
        {"sort_keys": False, "ensure_ascii": False, "separators": (",", ":")},
        {"sort_keys": True, "ensure_ascii": True, "separators": (",", ":")},
        {"sort_keys": True, "ensure_ascii": False, "indent": 1},
    ):
        text = json.dumps(value, **options)  # type: ignore[arg-type]
        found.append(text.encode("utf-8", "surrogatepass"))
    for make in (rfc8785.dumps, msgspec.json.Encoder(order="sorted").encode):
        try:
            found.append(make(value))
        except (rfc8785.CanonicalizationError, UnicodeEncodeError, ValueError, OverflowError):
            continue
    random = Random(seed)
    for one in list(found):
        at = random.randrange(len(one) + 1)
        found.append(
            one[:at] + random.choice([b"", b" ", b"0", b"\\", b'"', b",", b"\xf0", b"-", b".0"]) + one[at + 1 :]
        )
        found.append(one.replace(b":", random.choice([b":", b": ", b':"":', b":1,"]), 1))
    return found


@given(VALUES, st.integers(0, 2**32))
@example({"\ue000": 1, "\U00010000": 2}, 0)
@example({"\U00010000": 1, "\uffff": 2}, 0)
@example([-0.0, 1e22, 2**53, 10**15], 0)
@settings(max_examples=scaled(400), deadline=None)
def test_the_quick_way_takes_nothing_that_the_slow_one_refuses(value: Any, seed: int) -> None:
    for data in spellings(value, seed):
        never_more_than_slowly(data)


def test_every_character_is_escaped_as_the_definition_says() -> None:
    """All of the BMP, as text and as a key; beyond it the quick way does not go."""
    for start in range(0, 0x10000, 0x80):
        characters = [chr(code) for code in range(start, start + 0x80) if not 0xD800 <= code <= 0xDFFF]
        for value in ("".join(characters), {char: index for index, char in enumerate(characters)}):
            if value:
                data = rfc8785.dumps(value)
                assert canonical.decode_quickly(data, ANYTHING) == value
    assert canonical.decode_quickly(rfc8785.dumps("\U0001f600"), ANYTHING) is None
    assert canonical.decode(rfc8785.dumps("\U0001f600")) == "\U0001f600"


class Colour(enum.StrEnum):
    RED = "red"


class Place(msgspec.Struct):
    name: str


class Count(enum.IntEnum):
    ONE = 1


ODD = st.sampled_from(
    [b"bytes", bytearray(b"a"), Colour.RED, Count.ONE, Place("Visby"), {1, 2}, frozenset({"a"}), {1: 2}, {None: 1},
     {Colour.RED: 1}, {("a",): 1}, UserDict(a=1), UserList([1]), UserString("a"), datetime.date(2026, 11, 22), 1j,
     decimal.Decimal(1), uuid.UUID(int=1), "\ud800", {"\udfff": 1}, object(), msgspec.Raw(b"1"), range(3), (1, 2),
     OrderedDict(b=1, a=2), fractions.Fraction(1, 2), math.nan, math.inf]
)  # fmt: skip
"""What msgspec may write otherwise than rfc8785, or though it is not JSON."""


def written(way: Any, value: Any) -> Any:
    """Returns the bytes, or that it is refused."""
    try:
        return way(value)
    except ValueError:
        return "refused"


@given(
    st.recursive(VALUES | ODD, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3))
)
@example({"\ue000": 1, "\U00010000": 2})
@example([2**53])
@example([b"bytes"])
@example({1: 2})
@settings(max_examples=scaled(400), deadline=None)
def test_what_is_written_quickly_is_what_the_definition_writes(value: Any) -> None:
    quick = canonical.encode_quickly(value)
    assert quick is None or quick == canonical.encode_slowly(value)
    assert written(canonical.encode, value) == written(canonical.encode_slowly, value)


def test_ordinary_values_are_written_quickly() -> None:
    for value in ({"a": [1, -1, True, None, "é\n"], "b": {"c": (2**53 - 1,)}}, "", 0, [], {}):
        assert canonical.encode_quickly(value) == rfc8785.dumps(value)
    for start in range(0, 0x10000, 0x80):
        text = "".join(chr(code) for code in range(start, start + 0x80) if not 0xD800 <= code <= 0xDFFF)
        assert canonical.encode_quickly({text: text}) == rfc8785.dumps({text: text})


class Inner(msgspec.Struct, tag="zz", tag_field="kind"):
    ab: str = ""
    zz: int | float = 0


class Shaped(msgspec.Struct, omit_defaults=True):
    zeta: str = ""
    kind: bool | None = None
    alpha: list[Inner] = []
    names: dict[str, int] = {}


@given(
    st.builds(
        Shaped,
        TEXTS,
        st.none() | st.booleans(),
        st.lists(st.builds(Inner, TEXTS, NUMBERS), max_size=3),
        st.dictionaries(TEXTS, NUMBERS, max_size=3),
    )
)
@example(Shaped("", None, [Inner("", 2**53)]))
@example(Shaped("", None, [Inner("", 1.0)]))
@example(Shaped("1.5e3 and 12345678901234567890", True, [Inner("1234567890123456", 1)], {"b": 1, "a": 2}))
@example(Shaped(names={"": math.inf}))  # type: ignore[dict-item]
@example(Shaped("\ud800"))
@example(Shaped("\U00010000", names={"\ue000": 1, "\U00010000": 2}))
@settings(max_examples=scaled(400), deadline=None)
def test_a_struct_is_written_as_its_plain_form_is(value: Shaped) -> None:
    assert written(canonical.encode_struct, value) == written(canonical.encode_slowly, msgspec.to_builtins(value))


@pytest.mark.parametrize("depth", range(10))
@pytest.mark.parametrize("around", ["[%b]", '{"a":%b}'])
def test_a_shape_takes_what_is_shallow_and_no_odd_number_at_any_depth(depth: int, around: str) -> None:
    def data(inner: bytes) -> bytes:
        for _ in range(depth):
            inner = around.encode() % inner
        return inner

    assert (canonical.decode_quickly(data(b"9007199254740991"), SHALLOW, typed=True) is not None) == (depth <= 6)
    for odd in (b"1.0", b"1e3", b"0.5", b"-0", b"9007199254740992", b"-9007199254740992", b"1e400"):
        assert canonical.decode_quickly(data(odd), SHALLOW, typed=True) is None


@pytest.mark.parametrize("number", ["0", "-1", "999999999999999", "-999999999999999"])
def test_ordinary_numbers_take_the_quick_way(number: str) -> None:
    assert canonical.decode_quickly(f"[{number}]".encode(), ANYTHING) == [int(number)]


@pytest.mark.parametrize("number", ["-0", "1.0", "1e3", "1E3", "0.5", "9007199254740992", "1" * 16, "1" * 400, "1e400"])
def test_odd_numbers_do_not(number: str) -> None:
    assert canonical.decode_quickly(f"[{number}]".encode(), ANYTHING) is None
    assert canonical.decode_quickly(f'{{"a":{number}}}'.encode(), ANYTHING) is None


def test_a_long_number_within_the_range_is_read_slowly() -> None:
    assert canonical.decode(b"[9007199254740991]") == [2**53 - 1]
    assert canonical.decode_quickly(b'{"digest":"%b"}' % (b"1" * 64), ANYTHING) == {"digest": "1" * 64}


@pytest.mark.parametrize("data", [b'"\xed\xa0\x80"', b'"\\ud800"', b'"\xc0\x80"', b'"\xff"', b"", b"[", b'"', b"nul"])
def test_what_is_no_text_is_refused_both_ways(data: bytes) -> None:
    assert canonical.decode_quickly(data, ANYTHING) is None
    assert slowly(data) is None


@given(st.binary(max_size=60) | st.text(st.sampled_from('[]{}",:\\ 1a'), max_size=60).map(str.encode))
@example(b"[[[[")
@example(b"{{{{")
@example(b"[[{{]]}}")
@example(b":::: ")
@example(b",,,,,,,")
@example(b'"[",[[[[')
@settings(max_examples=scaled(500), deadline=None)
def test_the_cheap_bounds_let_nothing_through_that_the_careful_ones_stop(data: bytes) -> None:
    limits = Limits(max_depth=3, max_keys=3, max_items=6)
    try:
        canonical.check_bounds(data, limits)
    except Refused:
        return
    canonical._check_bounds_outside_strings(data, limits)


# The envelope: `dsse.read` against `dsse.read_slowly`, on envelopes that were changed somewhere.

ALICE = key(1)
ALONE = sealed(ALICE).raw
BATCHED = seal_batch([(header(ALICE, seq=number), {}) for number in range(5)], [ALICE])[3].raw


def read(way: Any, data: bytes) -> Any:
    """Returns what is read, or the reason of the refusal."""
    try:
        return way(data)
    except Refused as refusal:
        return refusal.reason


@given(st.sampled_from([ALONE, BATCHED]), st.integers(0, 2**32))
@settings(max_examples=scaled(400), deadline=None)
def test_an_envelope_is_read_the_same_both_ways(raw: bytes, seed: int) -> None:
    random = Random(seed)
    data = bytearray(raw)
    for _ in range(random.randint(0, 2)):
        at = random.randrange(len(data))
        data[at : at + random.randint(0, 2)] = bytes(random.choices(b'AZaz09+/="{}[]:, \x00', k=random.randint(0, 2)))
    assert read(dsse.read, bytes(data)) == read(dsse.read_slowly, bytes(data))


@given(st.integers(0, 2**32))
@settings(max_examples=scaled(400), deadline=None)
def test_fields_of_any_kind_are_read_the_same_both_ways(seed: int) -> None:
    random = Random(seed)
    value = json.loads(random.choice([ALONE, BATCHED]))
    entry = value["signatures"][0]
    path = entry.get("batch", {}).get("path", "")
    places = [{"index": 0, "path": "", "size": 2}, {"index": 0}]
    strange = [None, True, 0, 1, -1, 1024, 1025, 2**60, "", "A", "AA==", "AB==", path[:-4], path + path, [], {},
               [entry], base64.b64encode(bytes(32)).decode(), *places]  # fmt: skip
    for _ in range(random.randint(1, 2)):
        holder = random.choice([value, entry, *(one for one in [entry.get("batch")] if isinstance(one, dict))])
        name = random.choice([*holder, "batch", "index", "size", "path", "more"])
        holder[name] = copy.deepcopy(random.choice(strange))
    try:
        data = canonical.encode(value)
    except ValueError:
        return
    assert read(dsse.read, data) == read(dsse.read_slowly, data)
