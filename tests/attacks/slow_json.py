r"""JSON read one character at a time, and RFC 8785 written by hand: the references for `kernel.canonical`.

Nothing here is shared with the code under test, neither its parser nor its encoder. The grammar is RFC 8259's; what
canonical means is RFC 8785, narrowed to integers within ±(2^53 - 1).

    >>> Slow.read(b'{"a": [1, {}]}')
    Slow(value={'a': [1, {}]}, depth=3, keys=1, items=2)
    >>> write({"b": 1, "a": "\n"})
    b'{"a":"\\n","b":1}'
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

BLANKS = " \t\r\n"
SHORT = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
WORDS = {"true": True, "false": False, "null": None}


class Wrong(Exception):
    """These bytes are not JSON in UTF-8."""


@dataclass
class Slow:
    """A value with its measures: levels of nesting, object keys and array elements in all of it."""

    value: Any
    depth: int
    keys: int
    items: int

    @staticmethod
    def read(data: bytes) -> Slow:
        """Returns the value in `data`, or raises Wrong."""
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise Wrong(str(error)) from None
        reader = _Reader(text)
        value = reader.value(0)
        reader.blanks()
        if reader.at != len(text):
            raise Wrong("something after the value")
        return Slow(value, reader.depth, reader.keys, reader.items)


def is_canonical(data: bytes) -> bool:
    """Says whether `data` is a value written in the one way it may be."""
    try:
        return write(Slow.read(data).value) == data
    except Wrong:
        return False


def write(value: Any) -> bytes:
    """Returns the canonical bytes of a value, or raises Wrong."""
    try:
        return _text(value).encode("utf-8")
    except UnicodeEncodeError:
        raise Wrong("a lone surrogate") from None


def _text(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        if abs(value) >= 2**53:
            raise Wrong("too large an integer")
        return str(value)
    if isinstance(value, str):
        return '"' + "".join(_escaped(char) for char in value) + '"'
    if isinstance(value, list):
        return "[" + ",".join(_text(item) for item in value) + "]"
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be", "surrogatepass"))
        return "{" + ",".join(f"{_text(name)}:{_text(value[name])}" for name in names) + "}"
    raise Wrong(f"{type(value).__name__} has no place")


def _escaped(char: str) -> str:
    for letter, meant in SHORT.items():
        if char == meant and char != "/":
            return "\\" + letter
    return f"\\u{ord(char):04x}" if char < " " else char


class _Reader:
    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0
        self.depth = self.keys = self.items = 0

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def take(self, expected: str) -> None:
        if not self.text.startswith(expected, self.at):
            raise Wrong(f"no {expected!r} at {self.at}")
        self.at += len(expected)

    def blanks(self) -> None:
        while self.peek() and self.peek() in BLANKS:
            self.at += 1

    def value(self, level: int) -> Any:
        self.blanks()
        match self.peek():
            case "{":
                return self.object(level + 1)
            case "[":
                return self.array(level + 1)
            case '"':
                return self.string()
            case "t" | "f" | "n":
                for word, meant in WORDS.items():
                    if self.text.startswith(word, self.at):
                        self.take(word)
                        return meant
                raise Wrong(f"no word at {self.at}")
            case _:
                return self.number()

    def object(self, level: int) -> dict[str, Any]:
        self.take("{")
        self.depth = max(self.depth, level)
        found: dict[str, Any] = {}
        self.blanks()
        while self.peek() != "}":
            self.blanks()
            name = self.string()
            self.blanks()
            self.take(":")
            self.keys += 1
            if name in found:
                raise Wrong(f"{name!r} twice")
            found[name] = self.value(level)
            self.blanks()
            if self.peek() != "}":
                self.take(",")
                self.blanks()
                if self.peek() == "}":
                    raise Wrong("a comma and nothing after it")
        self.take("}")
        return found

    def array(self, level: int) -> list[Any]:
        self.take("[")
        self.depth = max(self.depth, level)
        found: list[Any] = []
        self.blanks()
        while self.peek() != "]":
            found.append(self.value(level))
            self.items += 1
            self.blanks()
            if self.peek() != "]":
                self.take(",")
                self.blanks()
                if self.peek() == "]":
                    raise Wrong("a comma and nothing after it")
        self.take("]")
        return found

    def string(self) -> str:
        self.take('"')
        units = ""
        while (char := self.peek()) != '"':
            if char < " ":  # also the end of the text
                raise Wrong("a string that ends nowhere, or a bare control character")
            self.at += 1
            units += self.escape() if char == "\\" else char
        self.take('"')
        return units.encode("utf-16-be", "surrogatepass").decode("utf-16-be", "surrogatepass")

    def escape(self) -> str:
        letter = self.peek()
        self.at += 1
        if letter in SHORT:
            return SHORT[letter]
        digits = self.text[self.at : self.at + 4]
        if letter != "u" or len(digits) != 4 or not all(digit in "0123456789abcdefABCDEF" for digit in digits):
            raise Wrong(f"no escape at {self.at}")
        self.at += 4
        return chr(int(digits, 16))

    def number(self) -> int | float:
        start = self.at
        if self.peek() == "-":
            self.take("-")
        whole = self.digits()
        if not whole or (whole[0] == "0" and len(whole) > 1):
            raise Wrong(f"no value at {start}")
        fraction = False
        if self.peek() == ".":
            fraction = True
            self.take(".")
            if not self.digits():
                raise Wrong("a point and nothing after it")
        if self.peek() in ("e", "E"):
            fraction = True
            self.at += 1
            if self.peek() in ("+", "-"):
                self.at += 1
            if not self.digits():
                raise Wrong("an exponent and nothing in it")
        text = self.text[start : self.at]
        if fraction or text == "-0":
            return float(text)
        if len(text) > 1000:
            raise Wrong("an integer nobody reads")
        return int(text)

    def digits(self) -> str:
        start = self.at
        while self.peek() and self.peek() in "0123456789":
            self.at += 1
        return self.text[start : self.at]
