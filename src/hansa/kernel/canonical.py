r"""Which bytes are a message: canonical JSON, or refused.

RFC 8785 (JCS) is the definition, narrowed to integers within ±(2^53 - 1): no fractions, no exponents, no -0. Fractions
are written as integers of a stated unit (a confidence of 0.98 is 980000 millionths). Receiving is: bound, scan, decode,
encode again, compare. Duplicate keys, unordered keys, spare blanks, other escapes and lone surrogates all fail the last
step, whatever the decoder did with them.

There are two ways to do the last step. The slow one (`decode_slowly`) is the definition: rfc8785 writes the value
again. The fast one (`decode_quickly`) has msgspec write it, which is the same for the values that it takes, and only
ever says yes: what it does not take goes the slow way, so that every refusal is the slow one's. A test holds the two
together. A refusal is cheap on both: rfc8785, which is slow on long texts, only writes what msgspec would write alike.

    >>> encode({"b": 1, "a": "é"})
    b'{"a":"\xc3\xa9","b":1}'
    >>> decode(b'{"a":1}')
    {'a': 1}
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, TypeVar

import msgspec
import rfc8785

from hansa.kernel.errors import Refused
from hansa.kernel.limits import MAX_SAFE_INTEGER, Limits
from hansa.kernel.verdict import Reason

Json = None | bool | int | str | Sequence["Json"] | Mapping[str, "Json"]
"""What a payload may hold: no floats."""

T = TypeVar("T")


def _nested(levels: int) -> Any:
    """Returns the type of JSON without fractions, and of at most that many levels, as msgspec checks it."""
    plain = None | bool | Annotated[int, msgspec.Meta(ge=-MAX_SAFE_INTEGER, le=MAX_SAFE_INTEGER)] | str
    found: Any = plain
    for _ in range(levels):
        found = plain | list[found] | dict[str, found]
    return found


SHALLOW: Any = _nested(6)
"""JSON of at most six levels, each number an integer within bounds. A level more takes twice as long to set up."""

_OPEN, _CLOSE = frozenset(b"[{"), frozenset(b"]}")
_ANYTHING = msgspec.json.Decoder()
_SORTED = msgspec.json.Encoder(order="sorted")
_WRITER = msgspec.json.Encoder()
_BY_KIND = bytes(48 if chr(byte).isdecimal() else 46 if chr(byte) in ".eE" else 32 for byte in range(128)) + b" " * 128
"""Each byte of JSON as one of three: a digit as "0", a point or exponent as ".", any other as a blank."""
_FLAT = bytes(byte for byte in range(256) if byte not in b"[]{}")
_BEYOND_BMP = re.compile(rb"[\xf0-\xff]")


def encode(value: Json) -> bytes:
    """Returns the canonical bytes of `value`.

    Raises:
        ValueError: `value` holds a float, an integer out of range, a lone surrogate or something that is not JSON.
    """
    written = encode_quickly(value)
    return encode_slowly(value) if written is None else written


def encode_slowly(value: Json) -> bytes:
    """Does `encode` by the definition; the same errors."""
    _refuse_floats(value)
    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError, RecursionError) as error:
        raise ValueError(f"not canonical JSON: {error}") from None


def encode_quickly(value: Json) -> bytes | None:
    """Returns the canonical bytes of a value as msgspec writes them; None when it takes the slow way to tell.

    As in `decode_quickly`: msgspec writes what RFC 8785 writes, for integers within bounds and no character beyond the
    BMP. It also writes what is not JSON, and keys that are no strings; so each item is looked at first.
    """
    stack: list[Any] = [value]
    while stack:
        item = stack.pop()
        kind = type(item)
        if kind is dict:
            if not all(type(key) is str for key in item):
                return None
            stack.extend(item.values())
        elif kind is list or kind is tuple:
            stack.extend(item)
        elif kind is int:
            if not -MAX_SAFE_INTEGER <= item <= MAX_SAFE_INTEGER:
                return None
        elif kind is not str and kind is not bool and item is not None:
            return None
    try:
        written = _SORTED.encode(value)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    return None if not written.isascii() and _BEYOND_BMP.search(written) else written


def encode_struct(value: msgspec.Struct) -> bytes:
    """Returns the canonical bytes of a struct, as `encode` does of its plain form, without making that.

    msgspec writes fields, tags and texts of a struct as it writes a dictionary's; what it wrote is looked at as in
    `decode_quickly`, and where it may differ from RFC 8785 the plain form is written instead.

    Args:
        value: texts, integers, booleans, None, and lists, structs and dictionaries of them whose keys are texts.

    Raises:
        ValueError: as `encode`.
    """
    try:
        written = _SORTED.encode(value)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return encode(msgspec.to_builtins(value))
    if _has_odd_number(written) and _has_odd_number(_outside_strings(written)):  # most have none in a string either
        return encode(msgspec.to_builtins(value))
    if b"null" in written:  # msgspec writes an infinite number so
        return encode(msgspec.to_builtins(value))
    if not written.isascii() and _BEYOND_BMP.search(written):
        return encode(msgspec.to_builtins(value))
    return written


def decode(data: bytes, limits: Limits | None = None) -> Json:
    """Returns the value of canonical bytes, or refuses them.

    Checks, in order: 1 size · 2 nesting, keys and items (one scan, before parsing) · 3 JSON at all · 4 integers only
    · 5 canonical.

    Raises:
        Refused: TOO_LARGE, TOO_DEEP, TOO_MANY_KEYS, NOT_JSON or NOT_CANONICAL.
    """
    limits = limits or Limits()
    check_bounds(data, limits)  # 1, 2
    value: Json = decode_quickly(data, _ANYTHING)
    return decode_slowly(data) if value is None else value


def decode_slowly(data: bytes) -> Json:
    """Does checks 3 to 5 of `decode` by the definition."""
    try:
        value: Json = msgspec.json.decode(data)  # 3
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refused(Reason.NOT_JSON, str(error)[:120]) from None
    try:
        _refuse_floats(value)  # 4
        same = _written(value, data) == data and encode(value) == data  # 5
    except (ValueError, RecursionError) as error:
        raise Refused(Reason.NOT_CANONICAL, str(error)[:120]) from None
    if not same:
        raise Refused(Reason.NOT_CANONICAL)
    return value


def _written(value: Json, data: bytes) -> bytes:
    """Returns what msgspec writes for the value in `data`: a value without fractions in the order of RFC 8785."""
    if data.isascii() or not _BEYOND_BMP.search(data):  # then that order is the order of bytes
        return _SORTED.encode(value)
    return _WRITER.encode(_in_order(value))


def _in_order(value: Json) -> Json:
    """Returns `value` with the keys of each object in RFC 8785's order, that of UTF-16 code units."""
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
        return {key: _in_order(value[key]) for key in keys}
    return [_in_order(item) for item in value] if isinstance(value, list) else value


def decode_quickly(data: bytes, shape: msgspec.json.Decoder[T], typed: bool = False) -> T | None:
    """Returns the value of canonical bytes in a shape; None when it takes the slow way to tell.

    Whoever calls has checked the bounds. msgspec writes what RFC 8785 writes, when

    1. numbers are integers of at most fifteen digits: no fractions, and all within ±(2^53 - 1)
    2. no character lies beyond the BMP: up to there the order of bytes is that of UTF-16 code units

    and then equal bytes are canonical bytes; what a shape would drop is missed in the comparison. That msgspec escapes
    as RFC 8785 does is tested for every character.

    Args:
        typed: every number in the shape is an integer with bounds of its own, so that 1 needs no look.
    """
    try:
        value = shape.decode(data)
        if _SORTED.encode(value) != data:
            return None
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    if not typed and _has_odd_number(_outside_strings(data)):  # 1
        return None
    if not data.isascii() and _BEYOND_BMP.search(data):  # 2
        return None
    return value


def _has_odd_number(outside: bytes) -> bool:
    """Says whether there is a number with a fraction, an exponent, or more than fifteen digits outside of strings."""
    kinds = outside.translate(_BY_KIND)
    return b"0" * 16 in kinds or b"0." in kinds


def check_bounds(data: bytes, limits: Limits) -> None:
    """Refuses bytes that are too large, too deep or too wide, in one pass and without parsing.

    Raises:
        Refused: TOO_LARGE, TOO_DEEP or TOO_MANY_KEYS.
    """
    if len(data) > limits.max_bytes:
        raise Refused(Reason.TOO_LARGE, f"{len(data)} bytes, at most {limits.max_bytes}")
    opened = data.count(b"[") + data.count(b"{")
    if len(data) <= min(limits.max_keys, limits.max_items) and opened <= limits.max_depth:
        return  # too short to hold more
    inside_too = data.count(b":"), opened + data.count(b",")  # with those in strings: never fewer than there are
    if inside_too[0] > limits.max_keys or inside_too[1] > limits.max_items or opened > limits.max_depth:
        _check_bounds_outside_strings(data, limits)


def _check_bounds_outside_strings(data: bytes, limits: Limits) -> None:
    outside = _outside_strings(data)
    keys = outside.count(b":")
    # n items have n - 1 commas and one bracket; so have n keys, which are taken off again
    items = outside.count(b",") + outside.count(b"[") + outside.count(b"{") - keys
    if keys > limits.max_keys or items > limits.max_items:
        raise Refused(Reason.TOO_MANY_KEYS, f"at most {limits.max_keys} keys and {limits.max_items} items")
    depth = 0
    for byte in outside.translate(None, _FLAT):
        if byte in _OPEN:
            depth += 1
            if depth > limits.max_depth:
                raise Refused(Reason.TOO_DEEP, f"at most {limits.max_depth} levels")
        elif byte in _CLOSE:
            depth -= 1


def _outside_strings(data: bytes) -> bytes:
    """Returns what lies outside JSON strings.

    Escaped backslashes and quotes are blanked first; after that every second piece between quotes is a string.
    """
    plain = data.replace(b"\\\\", b"").replace(b'\\"', b"") if b"\\" in data else data
    return b"".join(plain.split(b'"')[::2])


def _refuse_floats(value: Json) -> None:
    stack: list[object] = [value]
    while stack:
        item = stack.pop()
        if type(item) is int:  # the common ones first: asking for a Mapping is slow
            if not -MAX_SAFE_INTEGER <= item <= MAX_SAFE_INTEGER:
                raise ValueError("an integer beyond 2^53 - 1")
        elif type(item) is str:
            continue
        elif isinstance(item, float):
            raise ValueError("a fraction: write it as an integer of a smaller unit")
        elif isinstance(item, Mapping):
            stack.extend(item.values())
        elif isinstance(item, list | tuple):
            stack.extend(item)
