"""Conformance vectors for canonical JSON: bytes that every implementation must take, and bytes named by their flaw.

The good ones are written by the slow reference, so they can be handed to another implementation as they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.attacks import slow_json

BAD_NUMBERS: dict[str, bytes] = {
    "minus zero": b"-0",
    "a fraction that is whole": b"1.0",
    "zero as a fraction": b"0.0",
    "minus zero as a fraction": b"-0.0",
    "a fraction": b"1.5",
    "an exponent": b"1e2",
    "an exponent in capitals": b"1E2",
    "an exponent with a sign": b"1e+2",
    "a negative exponent": b"100e-2",
    "zero with an exponent": b"0e0",
    "beyond every float": b"1e400",
    "below every float": b"-1e400",
    "too small for a float": b"1e-400",
    "leading zero": b"01",
    "leading zero after a sign": b"-01",
    "two zeros": b"00",
    "plus sign": b"+1",
    "two signs": b"--1",
    "sign alone": b"-",
    "no digit before the point": b".5",
    "no digit after the point": b"1.",
    "no digit in the exponent": b"1e",
    "two points": b"1.2.3",
    "hexadecimal": b"0x10",
    "octal": b"0o17",
    "grouped digits": b"1_000",
    "Arabic digits": "\u0661".encode(),
    "full-width digits": "\uff11".encode(),
    "typographic minus": "\u22121".encode(),
    "NaN": b"NaN",
    "nan": b"nan",
    "Infinity": b"Infinity",
    "minus Infinity": b"-Infinity",
    "inf": b"inf",
    "2^53": b"9007199254740992",
    "-2^53": b"-9007199254740992",
    "2^53 + 1": b"9007199254740993",
    "2^63": b"9223372036854775808",
    "2^64": b"18446744073709551616",
    "2^64 - 1": b"18446744073709551615",
    "-2^63 - 1": b"-9223372036854775809",
    "a googol in digits": b"1" + b"0" * 100,
    "400 digits": b"9" * 400,
    "5,000 digits": b"9" * 5_000,
    "5,000 digits, negative": b"-" + b"9" * 5_000,
    "BigInt suffix": b"1n",
    "float suffix": b"1f",
}
BAD_STRINGS: dict[str, bytes] = {
    **{f"bare control character {n:02x}": b'"' + bytes([n]) + b'"' for n in range(0x20)},
    "escaped letter": rb'"\u0041"',
    "escaped blank": rb'"\u0020"',
    "escaped DEL": rb'"\u007f"',
    "escaped e acute": rb'"\u00e9"',
    "escaped slash": rb'"\/"',
    "slash as a number": rb'"\u002f"',
    "quote as a number": rb'"\u0022"',
    "backslash as a number": rb'"\u005c"',
    "line end as a number": rb'"\u000a"',
    "tab as a number": rb'"\u0009"',
    "escape in capitals": rb'"\u001F"',
    "escape with a capital U": rb'"\U0000001f"',
    "escape of three digits": rb'"\u01f"',
    "escape that is no number": rb'"\u00zz"',
    "escape cut off": rb'"\u00',
    "escape of nothing": b'"\\"',
    "hex escape": rb'"\x1f"',
    "octal escape": rb'"\037"',
    "vertical tab escape": rb'"\v"',
    "bell escape": rb'"\a"',
    "escaped apostrophe": rb'"\'' + b'"',
    "escaped zero": rb'"\0"',
    "escaped pair for one character": rb'"\ud83d\ude00"',
    "lone high surrogate": rb'"\ud800"',
    "lone low surrogate": rb'"\udc00"',
    "surrogates the wrong way round": rb'"\ude00\ud83d"',
    "two high surrogates": rb'"\ud83d\ud83d"',
    "high surrogate and a letter": rb'"\ud83da"',
    "surrogate in UTF-8": b'"\xed\xa0\x80"',
    "surrogate pair in UTF-8": b'"\xed\xa0\xbd\xed\xb8\x80"',
    "overlong slash": b'"\xc0\xaf"',
    "overlong NUL": b'"\xc0\x80"',
    "overlong quote": b'"\xc0\xa2"',
    "beyond Unicode": b'"\xf4\x90\x80\x80"',
    "five-byte UTF-8": b'"\xf8\x88\x80\x80\x80"',
    "stray continuation byte": b'"\x80"',
    "UTF-8 cut off": b'"\xc3"',
    "Latin-1": b'"\xe9"',
    "byte ff": b'"\xff"',
    "single quotes": b"'a'",
    "no quotes": b"a",
    "typographic quotes": "\u201ca\u201d".encode(),
    "no closing quote": b'"a',
    "no opening quote": b'a"',
    "two strings side by side": b'"a""b"',
    "string prefix": b'u"a"',
}
BAD_WORDS: dict[str, bytes] = {
    "True": b"True",
    "TRUE": b"TRUE",
    "False": b"False",
    "None": b"None",
    "NULL": b"NULL",
    "undefined": b"undefined",
    "nul": b"nul",
    "truee": b"truee",
    "yes": b"yes",
    "nothing": b"",
    "block comment": b"/**/1",
    "line comment": b"1//",
    "hash comment": b"1#",
    "blank before": b" 1",
    "tab before": b"\t1",
    "vertical tab before": b"\x0b1",
    "no-break space before": b"\xc2\xa01",
    "byte order mark before": b"\xef\xbb\xbf1",
    "NUL before": b"\x001",
    "NUL after": b"1\x00",
}
BAD_SHAPES: dict[str, bytes] = {
    "blank after": b"1 ",
    "line end after": b"{}\n",
    "CR LF after": b"{}\r\n",
    "blank within an array": b"[1, 2]",
    "blank within an object": b'{"a": 1}',
    "blank in an empty array": b"[ ]",
    "blank in an empty object": b"{ }",
    "line ends for reading": b'{\n"a":1\n}',
    "trailing comma in an array": b"[1,]",
    "trailing comma in an object": b'{"a":1,}',
    "leading comma": b"[,1]",
    "two commas": b"[1,,2]",
    "missing comma": b"[1 2]",
    "missing colon": b'{"a"1}',
    "two colons": b'{"a"::1}',
    "equals sign": b'{"a"=1}',
    "key without value": b'{"a"}',
    "key with nothing": b'{"a":}',
    "value without key": b"{1}",
    "number for a key": b"{1:1}",
    "null for a key": b"{null:1}",
    "bare word for a key": b"{a:1}",
    "array for a key": b'{["a"]:1}',
    "duplicate key": b'{"a":1,"a":2}',
    "duplicate key, same value": b'{"a":1,"a":1}',
    "duplicate key, escaped once": rb'{"a":1,"\u0061":2}',
    "duplicate empty key": b'{"":1,"":2}',
    "duplicate key deep inside": b'{"a":[{"b":{"c":1,"c":1}}]}',
    "three of one key": b'{"a":1,"a":1,"a":1}',
    "duplicate key apart": b'{"a":1,"b":1,"a":1}',
    "keys out of order": b'{"b":1,"a":1}',
    "keys out of order deep inside": b'[{"a":{"d":1,"c":1}}]',
    "keys by length": b'{"b":1,"aa":1}',
    "keys without regard to case": b'{"a":1,"B":1}',
    "keys as numbers": b'{"9":1,"10":1}',
    "keys by code point": '{"\uffff":1,"\U0001f600":1}'.encode(),
    "keys by code point, both in one object": '{"\ue000":1,"\U00010000":1}'.encode(),
    "longer key first": b'{"ab":1,"a":1}',
    "array not closed": b"[1",
    "object not closed": b'{"a":1',
    "array not opened": b"1]",
    "object closed as array": b'{"a":1]',
    "array closed as object": b"[1}",
    "closed twice": b"[1]]",
    "colon in an array": b'["a":1]',
    "two values": b"1,2",
    "two objects": b"{}{}",
    "two lines": b"{}\n{}",
    "a value and a word": b"{}true",
    "comment in an object": b'{"a":1/* */}',
    "spread": b"[...[]]",
    "tuple": b"(1,2)",
    "set": b"{1,2}",
    "UTF-16": '{"a":1}'.encode("utf-16"),
    "UTF-16 without mark": '{"a":1}'.encode("utf-16-le"),
    "UTF-32": '{"a":1}'.encode("utf-32-be"),
    "gzip": b"\x1f\x8b\x08\x00\x00\x00\x00\x00",
    "MessagePack": b"\x81\xa1a\x01",
    "CBOR": b"\xa1aa\x01",
    "JSONP": b"f({})",
    "guard against scripts": b")]}',\n{}",
}
AROUND: dict[str, tuple[bytes, bytes]] = {
    "alone": (b"", b""),
    "in an array": (b"[", b"]"),
    "second in an array": (b"[0,", b"]"),
    "in an object": (b'{"a":', b"}"),
    "deep inside": (b'[{"k":[', b"]}]"),
}


def bad() -> Iterator[tuple[str, bytes]]:
    """Yields (flaw, bytes): none of them may be taken."""
    for flaws in (BAD_NUMBERS, BAD_STRINGS, BAD_WORDS):
        for flaw, data in flaws.items():
            for where, (before, after) in AROUND.items():
                if data or where not in ("in an array", "deep inside"):  # an array of nothing is an array
                    yield f"{flaw}, {where}", before + data + after
    yield from BAD_SHAPES.items()


def good() -> Iterator[bytes]:
    """Yields canonical bytes of values with a history of being written in more than one way."""
    values: list[Any] = [None, True, False, [], {}, "", [[]], [{}], {"": ""}, {"a": []}, [[], [[]]]]
    values += [sign * (2**bits - less) for bits in range(0, 54, 3) for less in (0, 1) for sign in (1, -1)]
    values += [2**53 - 1, -(2**53) + 1, *range(-11, 12), 10**15, 99_999_999_999]
    values += [chr(n) for n in range(0x80)]
    values += [chr(n) for n in (0xA0, 0xAD, 0xE9, 0x300, 0x2028, 0x2029, 0xD7FF, 0xE000, 0xFEFF, 0xFFFE, 0xFFFF)]
    values += [chr(n) for n in (0x10000, 0x1F600, 0x10FFFF)]
    values += ["e\u0301", "\u00e9", "\\", '\\"', "\\\\", '"', "/", "</script>", "{[,:]}", "\\u0041", "\\n", "\x1b[31m"]
    values += [dict.fromkeys(names, 1) for names in ("ab", "aA", "\u00e9e", "\U0001f600\uffff", "\U00010000\ue000")]
    values += [{"9": 1, "10": 1, "1": 1}, {"a": 1, "aa": 1, "": 1, " ": 1}, {"\r": 1, "1": 1, "\u20ac": 1, "\ufb33": 1}]
    for value in values:
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**53:
            continue
        for shaped in (value, [value, value], {"k": value}):
            yield slow_json.write(shaped)
