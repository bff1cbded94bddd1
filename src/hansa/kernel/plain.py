"""Peers' text made safe to print: nothing in it can move a cursor, colour a line, forge one, or turn its direction."""

from __future__ import annotations

import unicodedata

_SHOWN_AS_IS = frozenset("\u00ad")


def plain(text: str, limit: int = 0) -> str:
    r"""Returns `text` with control, format and surrogate characters written as escapes, on one line.

    Args:
        limit: cut to this many characters, with an ellipsis; 0 means no limit.

    >>> plain("a\x1b[31mb\nc")
    'a\\x1b[31mb c'
    """
    joined = " ".join(text.split("\n")) if "\n" in text else text
    harmless = joined.isascii() and joined.isprintable()  # nearly always, and quick to see
    safe = joined if harmless else "".join(_shown(char) for char in joined)
    if limit and len(safe) > limit:
        return safe[: limit - 1] + "…"
    return safe


def plain_lines(text: str) -> str:
    """Returns `text` made safe line by line: line ends stay, nothing else does."""
    return "\n".join(plain(line) for line in text.split("\n"))


def plain_text(text: str) -> str:
    r"""Returns text of many lines made safe, with its line ends and tabs: for code, where a tab is no blank.

    >>> plain_text("if x:\n\ty\x1b[0m")
    'if x:\n\ty\\x1b[0m'
    """
    return "".join(char if char in "\n\t" else _shown(char) for char in text)


def _shown(char: str) -> str:
    if char == "\t":
        return " "
    if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") and char not in _SHOWN_AS_IS:
        return char.encode("unicode_escape").decode("ascii")
    return char
