"""Text from outside: what is kept of it, what is dropped, and how it is named in a message.

Prose (intents, steps, tags) loses control characters and bidirectional overrides and has its white space squeezed, as
it is shown to people (threat 24). Code and documents are kept exactly or refused.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

MAX_LINE = 4_000
"""Characters of an intent or of a step's action (`model.Line`)."""

MAX_WORD = 64
MAX_TAGS = 32

BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that change the direction of what follows: text can look different from what it is."""


def prose(text: str, limit: int = MAX_LINE) -> str:
    r"""Returns `text` on one line: white space squeezed, control and direction characters dropped, cut to `limit`.

    >>> prose("  two\n lines\x1b[0m ")
    'two lines[0m'
    """
    kept = (c for c in text if c.isspace() or (unicodedata.category(c) != "Cc" and c not in BIDI))
    return cut(" ".join("".join(kept).split()), limit)


def cut(text: str, limit: int) -> str:
    """Returns `text`, or its beginning with an ellipsis when it is longer than `limit`.

    >>> cut("abcdef", 4)
    'abc…'
    """
    return text if len(text) <= limit else text[: limit - 1] + "…"


def label(text: str, limit: int = 200) -> str:
    r"""Returns `text` fit to be named in a message: whatever isn't printable is escaped, and it is cut to `limit`.

    >>> label("a\x1b[1m.py")
    'a\\x1b[1m.py'
    """
    return cut("".join(c if c.isprintable() else ascii(c)[1:-1] for c in text[: limit + 1]), limit)


def unfit(text: str) -> str | None:
    """Returns why `text` can't be part of a skill, or None: a NUL, or a lone surrogate, which UTF-8 can't hold."""
    if "\0" in text:
        return "holds a NUL character"
    if any("\ud800" <= c <= "\udfff" for c in text):
        return "holds half of a surrogate pair, which UTF-8 can't write"
    return None


def plain_newlines(text: str) -> str:
    """Returns `text` without a byte order mark and with line feeds as its only line ends."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def tags_of(words: Iterable[str]) -> tuple[str, ...]:
    """Returns `words` as tags: lower case, each once, in order, as many as a skill may have."""
    tags = (prose(word, MAX_WORD).lower() for word in words)
    return tuple(dict.fromkeys(tag for tag in tags if tag))[:MAX_TAGS]
