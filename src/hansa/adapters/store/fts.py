"""Full-text search over skills with SQLite's FTS5. `postgres_words` is how PostgreSQL does it.

Words are cut and stemmed here (`index.words`) and handed over as plain ASCII tokens, so what a word is does not depend
on the tables that SQLite was built with, and a query can hold nothing that FTS5 would take for an operator.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import text

from hansa.adapters.index.words import words
from hansa.adapters.store.prepared import Prepared

MAX_QUERY_WORDS = 256
"""Distinct words of a query that are looked for; the rest of a very long text is left out."""

MAX_COUNTED_WORDS = 32
"""Words of a query that are looked at where there are too many hits."""

MOST_HITS = 8_000
"""Hits of a query that are scored, at about a microsecond each."""

PUT = Prepared(text("INSERT INTO skill_text (rowid, tokens) VALUES (:number, :tokens)"))
DROP = Prepared(text("DELETE FROM skill_text WHERE rowid = :number"))
COUNT = Prepared(
    text("SELECT count(*) AS found FROM (SELECT 1 FROM skill_text WHERE skill_text MATCH :query LIMIT :most)")
)
SEARCH = Prepared(
    text(
        "WITH found AS MATERIALIZED"
        " (SELECT rowid AS number, bm25(skill_text) AS score"
        "  FROM skill_text WHERE skill_text MATCH :query LIMIT :most),"
        " least AS (SELECT score FROM found ORDER BY score LIMIT 1 OFFSET :limit - 1)"
        " SELECT skills.id AS id, -found.score AS score FROM found JOIN skills ON skills.number = found.number"
        " WHERE found.score <= coalesce((SELECT score FROM least), found.score)"
        " ORDER BY found.score, skills.id LIMIT :limit"
    )
)
"""Only what is among the best is looked up: with thousands of hits, that took longer than all the rest.

Of a word that more than `:most` skills have, and that stands alone, only the first of them are scored."""


def tokens(intent: str, tags: tuple[str, ...]) -> str:
    """Returns what is kept of a skill's words."""
    return " ".join(_tokens(" ".join((intent, *tags))))


def chosen(prose: str, count: Callable[[Sequence[str]], int]) -> list[str]:
    """Returns the tokens of `prose` that are looked for.

    Every hit is scored, so where there are more than `MOST_HITS`, the most common words are left out: they say least,
    and the search by meaning knows them too. One word always stays.

    Args:
        count: how many skills have any of some tokens, counted up to one more than `MOST_HITS`.
    """
    found = list(dict.fromkeys(_tokens(prose)))[:MAX_QUERY_WORDS]
    if not found or count(found) <= MOST_HITS:
        return found
    counted = sorted((count([token]), place, token) for place, token in enumerate(found[:MAX_COUNTED_WORDS]))
    present = [one for one in counted if one[0]]
    total = 0
    kept: list[tuple[int, str]] = []
    for hits, place, token in present:
        total += hits
        if kept and total > MOST_HITS:
            break
        kept.append((place, token))
    return [token for _, token in sorted(kept)]


def query(tokens: Sequence[str]) -> str:
    """Returns the FTS5 expression that finds any of some tokens; "" for none."""
    return " OR ".join(f'"{token}"' for token in tokens)


def _tokens(prose: str) -> list[str]:
    return [stem if stem.isascii() else "u" + stem.encode().hex() for stem in words(prose)]
