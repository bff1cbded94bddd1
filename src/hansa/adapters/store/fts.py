"""Full-text search over skills with SQLite's FTS5. A store on another database brings its own.

Words are cut and stemmed here (`index.words`) and handed over as plain ASCII tokens, so what a word is does not depend
on the tables that SQLite was built with, and a query can hold nothing that FTS5 would take for an operator.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, text

from hansa.adapters.index.words import words

CREATE = "CREATE VIRTUAL TABLE skill_text USING fts5(tokens, tokenize = 'ascii')"

MAX_QUERY_WORDS = 256
"""Distinct words of a query that are looked for; the rest of a very long text is left out."""

_INSERT = text("INSERT INTO skill_text (rowid, tokens) VALUES (:number, :tokens)")
_DELETE = text("DELETE FROM skill_text WHERE rowid = :number")

SEARCH = text(
    "SELECT skills.id, -bm25(skill_text) AS score FROM skill_text JOIN skills ON skills.number = skill_text.rowid"
    " WHERE skill_text MATCH :query ORDER BY bm25(skill_text), skills.id LIMIT :limit"
)


def tokens(prose: str) -> list[str]:
    """Returns the stems of `prose`, those outside ASCII spelled in hexadecimal."""
    return [stem if stem.isascii() else "u" + stem.encode().hex() for stem in words(prose)]


def query(prose: str) -> str:
    """Returns the FTS5 expression that finds any of the words of `prose`; "" when it has none."""
    return " OR ".join(f'"{token}"' for token in list(dict.fromkeys(tokens(prose)))[:MAX_QUERY_WORDS])


def put(connection: Connection, number: int, intent: str, tags: tuple[str, ...]) -> None:
    """Makes the skill with this number findable."""
    connection.execute(_INSERT, {"number": number, "tokens": " ".join(tokens(" ".join((intent, *tags))))})


def drop(connection: Connection, number: int) -> None:
    """Makes the skill with this number unfindable; nothing changes when it is already."""
    connection.execute(_DELETE, {"number": number})


def arguments(prose: str, limit: int) -> dict[str, Any] | None:
    """Returns the parameters of `SEARCH`, or None when there is nothing to look for."""
    expression = query(prose)
    return {"query": expression, "limit": limit} if expression and limit > 0 else None
