"""JSON written in every way but the canonical one: the spellings that readers differ in.

>>> from random import Random
>>> write({"b": 1, "a": [2]}, Random(1), 0.0)
b'{"a":[2],"b":1}'
"""

from __future__ import annotations

import json
from random import Random
from typing import Any

NUMBERS = [
    *b"-0 0.0 -0.0 1.0 1e0 1E0 1e+0 10e-1 1e400 -1e400 1e-400 01 -01 00 +1 -- - .5 1. 1e 1e+ 0x10 1_000".split(),
    *b"NaN nan Infinity -Infinity 9007199254740991 -9007199254740991 9007199254740992 9007199254740993".split(),
    *b"-9007199254740992 9223372036854775807 9223372036854775808 18446744073709551615 18446744073709551616".split(),
    *b"1e21 1e308 1.7976931348623157e308 1.7976931348623159e308 123456789012345678901234567890".split(),
    *b"5e-324 2e-324 0e400 1n".split(),
    *(b"9" * digits for digits in (400, 4300, 4301)),
    *(b"-" + b"9" * digits for digits in (4299, 4300)),
    b"9" * 400 + b".0",
    b"0." + b"1" * 50,
]
STRINGS = [
    *rb'"\u0041" "\u0020" "\u007f" "\u00e9" "\/" "\u002f" "\u0022" "\u005c" "\u000a" "\u001F"'.split(),
    *rb'"\u001f" "\b" "\f" "\n" "\u01f" "\u00zz" "\u00 "\" "\x1f" "\v" "\a" "\0" "\ud83d\ude00" "\ud800"'.split(),
    *rb'"\udc00" "\ude00\ud83d" "\ud83da" "\ud83d\ud83d" "\uD83D\uDE00" "\ud83d\u0041" "\\ud800"'.split(),
    *(b'"' + bad + b'"' for bad in (b"\xed\xa0\x80", b"\xc0\xaf", b"\xf4\x90\x80\x80", b"\x80", b"\xc3", b"\xff")),
    *(b'"' + bytes([low]) + b'"' for low in b"\x00\t\n\x1f\x7f"),
    *(f'"{char}"'.encode() for char in "\u2028\ufeff\ufffd\U0010ffff"),
    *rb'"\u0000" "\uDBFF\uDFFF"'.split(),
    b"'a'",
    b'"',
]
WORDS = [
    *b"True FALSE null true false None nul truee undefined /**/1 [1,] [,1] [1,,2] {} []".split(),
    *b'{"a":1,} {"a":1,"a":1}'.split(),
    b"",
]
BLANKS = [*(bytes([one]) for one in b" \n\t\x0b\x0c\x00,]}[{"), b"\r\n", b"\xc2\xa0", b"\xef\xbb\xbf", b"//\n"]


def write(value: Any, random: Random, chance: float) -> bytes:
    """Returns `value` as JSON; each part of it is, with that chance, written in some other way, or is another value."""
    if random.random() < chance:
        return random.choice(random.choice((NUMBERS, STRINGS, WORDS)))
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be", "surrogatepass"))
        if random.random() < chance:
            random.shuffle(names)
        if random.random() < chance:
            names = sorted(names)  # by code points, which is another order beyond the BMP
        if names and random.random() < chance:
            names.insert(random.randrange(len(names) + 1), random.choice(names))
        members = [_text(name, random, chance) + b":" + write(value[name], random, chance) for name in names]
        return b"{" + _joined(members, random, chance) + b"}"
    if isinstance(value, list | tuple):
        return b"[" + _joined([write(item, random, chance) for item in value], random, chance) + b"]"
    if isinstance(value, str):
        return _text(value, random, chance)
    return _blank(random, chance) + json.dumps(value).encode()


def _joined(parts: list[bytes], random: Random, chance: float) -> bytes:
    return _blank(random, chance) + (b"," + _blank(random, chance)).join(parts) + _blank(random, chance)


def _blank(random: Random, chance: float) -> bytes:
    return random.choice(BLANKS) if random.random() < chance / 2 else b""


def _text(text: str, random: Random, chance: float) -> bytes:
    plain = json.dumps(text, ensure_ascii=False).encode("utf-8", "surrogatepass")
    if random.random() >= chance:
        return plain
    match random.randrange(4):
        case 0:
            return json.dumps(text).encode()
        case 1:
            return plain.replace(b"/", rb"\/")
        case 2 if text:
            at = random.randrange(len(text))
            escaped = "".join(f"\\u{ord(char) & 0xFFFF:04x}" if n == at else char for n, char in enumerate(text))
            return b'"' + escaped.encode("utf-8", "surrogatepass") + b'"'
        case _:
            return random.choice(STRINGS)
