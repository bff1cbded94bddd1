"""Cases of bytes: bounds and canonical JSON, of the envelope (check 1) and of a signed payload (check 5)."""

from __future__ import annotations

from collections.abc import Iterator

from hansa.kernel import canonical
from tests.vectors.case import ALICE, Case, fields, message, payload, payload_with, sealed

KEPT = '{"a":[{"é":"\\n\\u001f\\"\\\\/"},0,-1,9007199254740991,-9007199254740991,true,false,null]}'
BY_UTF16 = '{"\U00010000":1,"\ue000":2}'
BY_CODE_POINT = '{"\ue000":2,"\U00010000":1}'


def _skill_text(text: str) -> dict[str, object]:
    result = {"media_type": "text/plain", "text": text}
    return {"skill": {"intent": "Hold a text.", "reasoning_path": [], "result": result}, "claim": {}}


def _largest() -> bytes:
    """Returns a message of exactly 262,144 bytes: base64 grows by fours, more signatures by one key do the rest."""
    for signers in range(1, 5):
        bare = sealed(payload("skill", body=_skill_text("€" * 64_000)), *[ALICE] * signers)
        spare = 262_144 - len(bare)
        for letters in range(spare * 3 // 4 - 3, spare * 3 // 4 + 3):
            whole = sealed(payload("skill", body=_skill_text("€" * 64_000 + "a" * letters)), *[ALICE] * signers)
            if len(whole) == 262_144:
                return whole
    raise AssertionError("one of four lengths modulo 4 must fit")


GOOD_TEXTS = {
    "text-with-every-short-escape": (rb'"\b\t\n\f\r\"\\"', "control characters with a short escape use it"),
    "text-with-long-escapes": (rb'"\u0000\u001f"', "other control characters are four small hexadecimal digits"),
    "text-with-del-and-line-separators": (b'"\x7f\xe2\x80\xa8\xe2\x80\xa9"', "DEL, U+2028 and U+2029 are not escaped"),
    "text-beyond-the-bmp": ('"\U0001f600\U0010ffff"'.encode(), "characters beyond the BMP stand as UTF-8"),
    "text-with-noncharacters": ('"\ufffe\uffff\ufdd0"'.encode(), "noncharacters are characters to JSON"),
    "text-with-byte-order-mark": ('"\ufeff"'.encode(), "U+FEFF inside a text is a character like any other"),
    "text-not-normalised": ('"e\u0301\u00e9"'.encode(), "no Unicode normalisation is asked for, nor done"),
    "text-of-64-astral-characters": (
        ('"' + "\U0001f600" * 64 + '"').encode(),
        "a name has at most 64 code points; counted in UTF-16 units these would be 128",
    ),
}
BAD_TEXTS: dict[str, tuple[bytes, str, str]] = {
    "lone-high-surrogate": (rb'"\ud800"', "not_json", "half a surrogate pair stands for no character"),
    "lone-low-surrogate": (rb'"\udc00"', "not_json", "half a surrogate pair stands for no character"),
    "surrogates-swapped": (rb'"\ude00\ud83d"', "not_json", "a pair begins with its high half"),
    "surrogate-in-utf-8": (b'"\xed\xa0\x80"', "not_json", "UTF-8 has no surrogates"),
    "overlong-utf-8": (b'"\xc0\xaf"', "not_json", "UTF-8 has one form for each character"),
    "beyond-unicode": (b'"\xf4\x90\x80\x80"', "not_json", "the last character is U+10FFFF"),
    "latin-1": (b'"\xe9"', "not_json", "text is UTF-8"),
    "bare-control-character": (b'"\x01"', "not_json", "control characters must be escaped"),
    "unknown-escape": (rb'"\x41"', "not_json", "JSON knows no such escape"),
    "escaped-pair": (rb'"\ud83d\ude00"', "not_canonical", "a character that needs no escape has none"),
    "escaped-letter": (rb'"\u0041"', "not_canonical", "a character that needs no escape has none"),
    "escaped-slash": (rb'"\/"', "not_canonical", "the slash is not escaped"),
    "escaped-del": (rb'"\u007f"', "not_canonical", "DEL is not escaped"),
    "escape-in-capitals": (rb'"\u001F"', "not_canonical", "hexadecimal digits are small"),
    "long-escape-of-line-end": (rb'"\u000a"', "not_canonical", "where there is a short escape it is used"),
    "payload-minus-zero": (b"-0", "not_canonical", "zero has one spelling"),
    "payload-fraction": (b"1.5", "not_canonical", "numbers are integers"),
    "payload-whole-fraction": (b"1.0", "not_canonical", "an integer has no point"),
    "payload-exponent": (b"1e2", "not_canonical", "an integer has no exponent"),
    "payload-two-to-the-53": (b"9007199254740992", "not_canonical", "integers lie within 2^53 - 1 either way"),
    "payload-beyond-64-bits": (b"-9223372036854775809", "not_canonical", "integers lie within 2^53 - 1 either way"),
    "payload-4300-digits": (b"9" * 4300, "not_canonical", "an integer, only far too large"),
    "payload-4301-digits": (b"9" * 4301, "not_json", "integers of more than 4,300 characters are not read at all"),
    "payload-1e400": (b"1e400", "not_json", "no double holds it"),
    "payload-1e-400": (b"1e-400", "not_canonical", "it rounds to zero, and is no integer as it stands"),
    "payload-leading-zero": (b"01", "not_json", "JSON has no leading zeros"),
    "payload-nan": (b"NaN", "not_json", "JSON has no NaN"),
    "payload-plus-sign": (b"+1", "not_json", "JSON has no plus sign"),
    "duplicate-key": (b'{"a":1,"a":1}', "not_canonical", "a key stands once, even with the same value"),
    "duplicate-key-escaped": (rb'{"a":1,"\u0061":2}', "not_canonical", "a key stands once, however it is spelt"),
    "keys-out-of-order": (b'{"b":1,"a":2}', "not_canonical", "keys stand in order, at every depth"),
    "keys-by-code-point": (
        BY_CODE_POINT.encode(),
        "not_canonical",
        "keys are ordered by UTF-16 code units, which beyond the BMP is not the order of code points",
    ),
    "keys-as-numbers": (b'{"9":1,"10":2}', "not_canonical", "keys that look like numbers are ordered as text"),
    "blank-after-comma": (b"[1, 2]", "not_canonical", "no blanks between tokens"),
    "trailing-comma": (b"[1,]", "not_json", "JSON has no trailing comma"),
    "comment": (b"[1/**/]", "not_json", "JSON has no comments"),
    "single-quotes": (b"'a'", "not_json", "texts stand in double quotes"),
}
BOUNDS: dict[str, tuple[bytes, str, str]] = {
    "33-levels": (b"[" * 31 + b"]" * 31, "too_deep", "32 levels: this list is the third and goes down to the 33rd"),
    "1001-keys": (
        b"{" + b",".join(b'"%04d":0' % n for n in range(990)) + b"}",
        "too_many_keys",
        "1,000 keys in the whole message: 990, and 9 of the header and 2 of the body",
    ),
    "10001-items": (b"[" + b"0," * 9_999 + b"0]", "too_many_keys", "10,000 items: these and one version"),
    "levels-behind-escaped-quote": (
        b'["\\"",' + b"[" * 31 + b"]" * 31 + b"]",
        "too_deep",
        "an escaped quotation mark does not end a text, so what follows is counted",
    ),
    "too-deep-and-broken": (b"[" * 33, "too_deep", "nesting is counted before anything is parsed, closed or not"),
    "too-wide-and-too-deep": (b":" * 1001 + b"[" * 40, "too_many_keys", "keys and items are asked before nesting"),
}
BAD_WHOLES: dict[str, tuple[bytes, str, str]] = {
    "empty": (b"", "not_json", "no bytes are no JSON"),
    "byte-order-mark": (b"\xef\xbb\xbf" + message(), "not_json", "a byte order mark is not part of JSON"),
    "line-end-after": (
        message() + b"\n",
        "not_canonical",
        "nothing stands after the last bracket, not even a line end",
    ),
    "blank-before": (b" " + message(), "not_canonical", "nothing stands before the first bracket"),
    "two-envelopes": (message() * 2, "not_json", "one message at a time"),
    "utf-16": (message().decode().encode("utf-16-le"), "not_json", "text is UTF-8"),
    "envelope-keys-out-of-order": (
        message().replace(b'{"payload":', b'{"payloadType":"x","payload":', 1),
        "not_canonical",
        "the envelope is canonical JSON too; a type before the payload, and another after it",
    ),
    "escaped-slash-in-base64": (
        message(body={"versions": ["1.0"], "name": "???"}).replace(b"/", b"\\/", 1),
        "not_canonical",
        "the slash is not escaped, in base64 either",
    ),
    "262145-bytes": (b'"' + b"a" * 262_143 + b'"', "too_large", "one byte more than 256 KiB"),
    "too-large-and-broken": (b"[" * 262_145, "too_large", "the size is asked before anything else"),
    "list-for-envelope": (b"[]", "bad_envelope", "canonical JSON, and no envelope"),
    "null-for-envelope": (b"null", "bad_envelope", "canonical JSON, and no envelope"),
    "text-for-envelope": (b'"{}"', "bad_envelope", "canonical JSON, and no envelope"),
}


def cases() -> Iterator[Case]:
    """Yields the cases of bytes."""
    for name, (raw, why) in GOOD_TEXTS.items():
        yield Case(name, sealed(payload_with(raw)), why)
    yield Case("largest-message", _largest(), "exactly 262,144 bytes")
    for name, (raw, reason, why) in {**BAD_TEXTS, **BOUNDS}.items():
        yield Case(name, sealed(payload_with(raw)), why, reason, "envelope 5")
    for name, (raw, reason, why) in BAD_WHOLES.items():
        yield Case(name, raw, why, reason, "envelope 1")
    for name, raw, reason, why in _payloads():
        yield Case(name, sealed(raw), why, reason, "envelope 5")
    yield from _not_a_body()


def _payloads() -> Iterator[tuple[str, bytes, str, str]]:
    yield "payload-line-end-after", payload() + b"\n", "not_canonical", "the payload is canonical JSON as well"
    yield "payload-not-json", b"hello", "not_json", "the payload is JSON"
    yield "payload-empty", b"", "not_json", "the payload is JSON"
    whole = fields()
    turned = b"{" + b",".join(_member(name, whole[name]) for name in sorted(whole, reverse=True)) + b"}"
    yield "payload-keys-reversed", turned, "not_canonical", "keys stand in order"


def _member(name: str, value: object) -> bytes:
    return canonical.encode(name) + b":" + canonical.encode(value)  # type: ignore[arg-type]


def _not_a_body() -> Iterator[Case]:
    """Yields canonical values that pass every check of bytes, and are then no name: what is refused is the body."""
    for name, raw, why in (
        ("keys-by-utf-16", BY_UTF16, "in the right order beyond the BMP, so only the body's shape is wrong"),
        ("canonical-everything", KEPT, "one of everything that JSON has, each canonical: only no name"),
        ("32-levels", "[" * 30 + "]" * 30, "32 levels are within the bound: only no name"),
        ("largest-integers", "[9007199254740991,-9007199254740991]", "2^53 - 1 either way is an integer: only no name"),
    ):
        yield Case(name, sealed(payload_with(raw.encode())), why, "bad_body", "body")
