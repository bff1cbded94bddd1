"""Full-text search over skills with SQLite's FTS5. A store on another database brings its own.

Words are cut and stemmed here (`index.words`) and handed over as plain ASCII tokens, so what a word is does not depend
on the tables that SQLite was built with, and a query can hold nothing that FTS5 would take for an operator.
"""

from __future__ import annotations

from sqlalchemy import text

from hansa.adapters.index.words import words
from hansa.adapters.store.prepared import Prepared

MAX_QUERY_WORDS = 256
"""Distinct words of a query that are looked for; the rest of a very long text is left out."""

PUT = Prepared(text("INSERT INTO skill_text (rowid, tokens) VALUES (:number, :tokens)"))
DROP = Prepared(text("DELETE FROM skill_text WHERE rowid = :number"))
SEARCH = Prepared(
    text(
        "SELECT skills.id AS id, -bm25(skill_text) AS score"
        " FROM skill_text JOIN skills ON skills.number = skill_text.rowid"
        " WHERE skill_text MATCH :query ORDER BY bm25(skill_text), skills.id LIMIT :limit"
    )
)


def tokens(intent: str, tags: tuple[str, ...]) -> str:
    """Returns what is kept of a skill's words."""
    return " ".join(_tokens(" ".join((intent, *tags))))


def query(prose: str) -> str:
    """Returns the FTS5 expression that finds any of the words of `prose`; "" when it has none."""
    return " OR ".join(f'"{token}"' for token in list(dict.fromkeys(_tokens(prose)))[:MAX_QUERY_WORDS])


def _tokens(prose: str) -> list[str]:
    return [stem if stem.isascii() else "u" + stem.encode().hex() for stem in words(prose)]
