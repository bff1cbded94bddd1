"""Attack 4: bytes that two readers understand differently. One value has one spelling; every other one is refused."""

from __future__ import annotations

import json
from typing import Any, NoReturn

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hansa.kernel.canonical import check_bounds, decode, encode
from hansa.kernel.errors import Refused
from hansa.kernel.limits import MAX_SAFE_INTEGER, Limits
from hansa.kernel.verdict import Reason
from hansa.kernel.wire import Id, Wire, parse
from hansa.overlay.messages import Index
from tests.attacks import json_vectors, slow_json
from tests.attacks.forgeries import mutations
from tests.attacks.slow_json import Slow, Wrong
from tests.attacks.specimens import BODIES, DIGEST, reason, scaled

often = settings(max_examples=scaled(300), deadline=None, derandomize=True)

TRICKY = st.text(st.sampled_from('{}[]:,"\\/ \n\x00\x1f\x7f0aéß\u2028\ue000\uffff\U0001f600'), max_size=8)
TEXTS = TRICKY | st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
INTEGERS = st.integers(-MAX_SAFE_INTEGER, MAX_SAFE_INTEGER) | st.integers(-3, 3)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | INTEGERS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=25,
)


class Specimen(Wire, frozen=True):
    head: Id


def taken(data: bytes) -> bool:
    try:
        decode(data)
    except Refused as refused:
        assert refused.reason in {Reason.NOT_JSON, Reason.NOT_CANONICAL}
        return False
    return True


def strict_json(data: bytes) -> Any:
    """Reads with Python's own json module, its leniences taken away one by one."""

    def refuse(what: str) -> NoReturn:
        raise Wrong(what)

    def distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in pairs]
        return dict(pairs) if len(set(names)) == len(names) else refuse("a key twice")

    def safe(text: str) -> int:
        fits = len(text) <= 17 and abs(int(text)) <= MAX_SAFE_INTEGER and text != "-0"
        return int(text) if fits else refuse("an integer that floats cannot hold")

    hooks: dict[str, Any] = {"parse_float": refuse, "parse_constant": refuse, "parse_int": safe}
    try:
        return json.loads(data.decode("utf-8"), object_pairs_hook=distinct, **hooks)
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise Wrong(str(error)) from None


def test_there_are_vectors_enough() -> None:
    bad = dict(json_vectors.bad())
    assert len(bad) >= 300
    assert len(bad) == len(list(json_vectors.bad())), "two flaws have one name"
    assert len(set(json_vectors.good())) >= 300


@pytest.mark.parametrize(("flaw", "data"), list(json_vectors.bad()), ids=[flaw for flaw, _ in json_vectors.bad()])
def test_a_flawed_spelling_is_refused(flaw: str, data: bytes) -> None:
    assert not taken(data)


def test_the_reference_refuses_every_flawed_spelling_too() -> None:
    """Else the flaw is none."""
    assert [flaw for flaw, data in json_vectors.bad() if slow_json.is_canonical(data)] == []


def test_every_good_spelling_is_taken_and_written_again_alike() -> None:
    assert [data for data in json_vectors.good() if encode(decode(data)) != data] == []
    assert [data for data in json_vectors.good() if strict_json(data) != decode(data)] == []


def test_the_example_of_the_standard() -> None:
    """RFC 8785, section 3.2.3: sorting is by UTF-16 code units."""
    names = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]
    expected = ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]
    assert list(json.loads(encode(dict.fromkeys(names, 0)))) == expected


@given(VALUES)
@often
def test_what_is_written_is_read_back(value: Any) -> None:
    assert decode(encode(value)) == value


@given(VALUES)
@often
def test_writing_agrees_with_the_reference(value: Any) -> None:
    assert encode(value) == slow_json.write(value)


@given(VALUES, st.sampled_from([None, 1, "\t"]), st.booleans(), st.booleans())
@often
def test_only_the_written_bytes_are_read(value: Any, indent: int | str | None, ascii_only: bool, ordered: bool) -> None:
    data = json.dumps(value, indent=indent, ensure_ascii=ascii_only, sort_keys=ordered).encode()
    assert taken(data) is (data == encode(value))


@given(VALUES, st.integers(0, 2**32))
@often
def test_damaged_bytes_are_read_as_the_reference_reads_them(value: Any, seed: int) -> None:
    for damaged in mutations(encode(value), 5, seed):
        assert taken(damaged) is slow_json.is_canonical(damaged)


@given(st.binary(max_size=40) | st.text(st.sampled_from('{}[]:,"\\u0d8 1-.e+ntrufalse'), max_size=20).map(str.encode))
@often
def test_any_bytes_are_read_as_the_reference_reads_them(data: bytes) -> None:
    assert taken(data) is slow_json.is_canonical(data)


@given(VALUES, st.integers(0, 2**32))
@often
def test_whatever_is_taken_means_the_same_to_the_json_module(value: Any, seed: int) -> None:
    for data in (encode(value), *mutations(encode(value), 5, seed)):
        if taken(data):
            assert strict_json(data) == decode(data)


@given(st.floats() | st.integers(2**53) | st.integers(max_value=-(2**53)), st.sampled_from(["alone", "list", "dict"]))
@often
def test_what_has_no_one_spelling_is_not_written(number: float, where: str) -> None:
    value: Any = {"alone": number, "list": [0, [number]], "dict": {"a": {"b": number}}}[where]
    with pytest.raises(ValueError, match=r"fraction|beyond"):
        encode(value)


@pytest.mark.parametrize("value", ["\ud800", {"\udc00": 1}, ["a", "\ud83d"], {1: 1}, {None: 1}, {1}, b"a", object()])
def test_what_is_not_json_is_not_written(value: Any) -> None:
    with pytest.raises(ValueError, match="not canonical JSON"):
        encode(value)


# The bounds are found by one scan without parsing; here it is held against the parser.

JSON_TEXTS = st.builds(
    lambda value, indent, ascii_only: json.dumps(value, indent=indent, ensure_ascii=ascii_only).encode(),
    VALUES,
    st.sampled_from([None, 1]),
    st.booleans(),
)


def empty(value: Any) -> int:
    """Returns how many arrays and objects in `value` hold nothing."""
    if isinstance(value, dict | list):
        inside = value.values() if isinstance(value, dict) else value
        return sum(map(empty, inside)) if value else 1
    return 0


def bounded(data: bytes, **limits: int) -> Reason | None:
    generous = {"max_bytes": 1 << 20, "max_depth": 1 << 20, "max_keys": 1 << 20, "max_items": 1 << 20}
    try:
        check_bounds(data, Limits(**{**generous, **limits}))
    except Refused as refused:
        return refused.reason
    return None


@given(JSON_TEXTS)
@often
def test_the_scan_finds_the_depth_that_the_parser_finds(data: bytes) -> None:
    depth = Slow.read(data).depth
    assert bounded(data, max_depth=depth) is None
    assert depth == 0 or bounded(data, max_depth=depth - 1) is Reason.TOO_DEEP


@given(JSON_TEXTS)
@often
def test_the_scan_counts_the_keys_that_the_parser_counts(data: bytes) -> None:
    keys = Slow.read(data).keys
    assert bounded(data, max_keys=keys) is None
    assert keys == 0 or bounded(data, max_keys=keys - 1) is Reason.TOO_MANY_KEYS


@given(JSON_TEXTS)
@often
def test_the_scan_never_refuses_what_is_within_the_bounds(data: bytes) -> None:
    slow = Slow.read(data)
    items = slow.items + empty(slow.value)
    assert bounded(data, max_depth=slow.depth, max_keys=slow.keys, max_items=items) is None


@given(JSON_TEXTS)
@often
def test_the_scan_counts_the_items_that_the_parser_counts(data: bytes) -> None:
    """And one for each empty array or object, which commas and brackets do not tell from one with an item."""
    slow = Slow.read(data)
    items = slow.items + empty(slow.value)
    assert bounded(data, max_items=items) is None
    assert items == 0 or bounded(data, max_items=items - 1) is Reason.TOO_MANY_KEYS


@pytest.mark.parametrize("escapes", range(6))
@pytest.mark.parametrize("inside", ["", "[", "]" * 40, "{" * 40, ":" * 40, "," * 40, '\\"' * 3 + "[" * 40])
def test_the_scan_is_not_led_astray_by_backslashes(escapes: int, inside: str) -> None:
    r"""However many backslashes stand before a quote, it ends the string or it does not."""
    value = ["\\" * escapes + inside, "\\" * escapes, inside + '"' + "\\" * escapes, [1, {"a": "]"}]]
    data = encode(value)
    assert Slow.read(data).depth == 3
    assert bounded(data, max_depth=3, max_keys=1, max_items=6) is None
    assert bounded(data, max_depth=2) is Reason.TOO_DEEP


MANY = {
    "flat": [0] * 11,
    "lone": [[0]] * 6,
    "nested": [[[[[0]]]]] * 3,
    "under keys": {name: [0, 0, 0] for name in "abcd"},
    "lone under keys": {name: [[[0]]] for name in "abcd"},
    "behind keys": [{"a": 0, "b": 0}, *[0] * 10],
    "one down": [[[[[[[[[[[0]]]]]]]]]]],
}


@pytest.mark.parametrize("value", MANY.values(), ids=MANY)
def test_the_scan_refuses_more_items_than_allowed(value: Any) -> None:
    data = encode(value)
    assert 10 < Slow.read(data).items < 20
    assert bounded(data, max_items=10) is Reason.TOO_MANY_KEYS
    assert bounded(data, max_items=20) is None


@pytest.mark.parametrize("shape", [Index, Specimen], ids=lambda shape: shape.__name__)
@pytest.mark.parametrize("after", ["\n", "\r", "\r\n", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\n\n", " ", "\0"])
def test_an_id_in_a_body_has_one_spelling(shape: type[Index | Specimen], after: str) -> None:
    """An id with a line end after it would be another text, and the same to whoever reads it."""
    body = {"length": 1} if shape is Index else {}
    assert parse({"head": DIGEST, **body}, shape).head == DIGEST
    assert reason(parse, {"head": DIGEST + after, **body}, shape) is Reason.BAD_BODY


@pytest.mark.parametrize("after", ["\n", " ", "\0"])
def test_the_head_of_an_empty_feed_has_one_spelling(after: str) -> None:
    assert parse({"head": "", "length": 0}, Index).head == ""
    assert reason(parse, {"head": after, "length": 0}, Index) is Reason.BAD_BODY


@pytest.mark.parametrize("kind", BODIES)
def test_bodies_of_every_kind_have_one_spelling(kind: str) -> None:
    data = encode(BODIES[kind])
    assert decode(data) == BODIES[kind]
    assert reason(decode, data + b"\n") is Reason.NOT_CANONICAL
