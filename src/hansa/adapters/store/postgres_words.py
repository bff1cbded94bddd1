"""Full-text search over skills in PostgreSQL: the same words as SQLite's, and the same scores.

PostgreSQL's own text search ranks by what it finds in one text alone; BM25 weighs how rare a word is among all. So the
words that this program makes itself (`fts.tokens`) are kept one by one, as integers: how often each stands in which
skill, how many words a skill has, and both sums. Scores are computed by the server in billionths, as integers, so that
equals are equal and come in the order of their ids.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from copy import copy
from hashlib import sha256
from math import log
from typing import Any

from hansa.adapters.store.bm25 import K1, MIN_IDF, B

BILLION = 1_000_000_000

LONGEST = 64
"""Characters of a word that are kept as they are. A longer one is kept as its digest: no index takes a long text."""

TABLES = """
CREATE TABLE skill_text (number BIGINT PRIMARY KEY, length BIGINT NOT NULL);
CREATE TABLE skill_words (
  word TEXT COLLATE "C" NOT NULL, number BIGINT NOT NULL, count BIGINT NOT NULL, PRIMARY KEY (word, number)
);
CREATE INDEX ix_skill_words_number ON skill_words (number);
CREATE TABLE skill_totals (one BIGINT PRIMARY KEY CHECK (one = 1), skills BIGINT NOT NULL, length BIGINT NOT NULL);
INSERT INTO skill_totals VALUES (1, 0, 0);
"""

DROP = (
    "WITH words AS (DELETE FROM skill_words WHERE number = $1::bigint)"
    " DELETE FROM skill_text WHERE number = $1::bigint RETURNING length"
)
_PUT = "INSERT INTO skill_text (number, length) SELECT * FROM unnest($1::bigint[], $2::bigint[])"
_PUT_WORDS = (
    "INSERT INTO skill_words (word, number, count) SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[])"
)
_ADD = "UPDATE skill_totals SET skills = skills + $1::bigint, length = length + $2::bigint WHERE one = 1"

HITS = (
    "SELECT count(*) AS found FROM"
    " (SELECT DISTINCT number FROM skill_words WHERE word = ANY($1::text[]) LIMIT $2::bigint) AS hits"
)
COUNT = (
    "SELECT asked.word, totals.skills, totals.length,"
    " (SELECT count(*) FROM skill_words WHERE skill_words.word = asked.word) AS having"
    " FROM unnest($1::text[]) AS asked(word), skill_totals AS totals"
)
SEARCH = f"""
SELECT skills.id AS id, scores.score AS score
FROM (
  SELECT hits.number, sum(
    round(asked.weight * hits.count / (hits.count + {K1 * (1 - B)!r} + skill_text.length * $3::float8))::bigint
  )::bigint AS score
  FROM unnest($1::text[], $2::float8[]) AS asked(word, weight)
  CROSS JOIN LATERAL (
    SELECT number, count FROM skill_words WHERE skill_words.word = asked.word ORDER BY number LIMIT $4::bigint
  ) AS hits
  JOIN skill_text ON skill_text.number = hits.number
  GROUP BY hits.number
) AS scores
JOIN skills ON skills.number = scores.number
ORDER BY scores.score DESC, skills.id
LIMIT $5::bigint
"""  # noqa: S608


class Waiting:
    """Words of skills that are written with the commit, all with a few statements."""

    def __init__(self) -> None:
        """Holds nothing."""
        self._put: dict[int, Counter[str]] = {}
        self._gone = [0, 0]

    def put(self, number: int, words: Counter[str]) -> None:
        """Adds the words of a skill."""
        self._put[number] = Counter({key(word): count for word, count in words.items()})

    def taken_back(self, number: int) -> bool:
        """Forgets the words of a skill; says whether it held them."""
        return self._put.pop(number, None) is not None

    def dropped(self, length: int) -> None:
        """Counts a skill whose words were taken away."""
        self._gone[0] += 1
        self._gone[1] += length

    def copied(self) -> Waiting:
        """Returns a copy."""
        made = Waiting()
        made._put, made._gone = copy(self._put), copy(self._gone)
        return made

    def statements(self) -> Iterator[tuple[str, list[Any]]]:
        """Yields the statements that write what waits."""
        if self._put:
            numbers = list(self._put)
            yield _PUT, [numbers, [self._put[one].total() for one in numbers]]
            words = [(word, number, count) for number in numbers for word, count in self._put[number].items()]
            yield _PUT_WORDS, [list(column) for column in zip(*words, strict=True)] or [[], [], []]
        added = len(self._put) - self._gone[0], sum(one.total() for one in self._put.values()) - self._gone[1]
        if self._put or self._gone[0]:
            yield _ADD, list(added)


def key(word: str) -> str:
    """Returns what a word is kept under."""
    return word if len(word) <= LONGEST else "-" + sha256(word.encode()).hexdigest()


def asked(tokens: Sequence[str], counted: Sequence[Any], most: int, limit: int) -> list[Any] | None:
    """Returns the parameters of `SEARCH`; None when nothing can be found.

    BM25 as in `bm25`: a word that n of N skills have weighs ln((N - n + 0.5) / (n + 0.5)); the length of a skill counts
    against the mean. What is the same for all hits of a word is computed here.

    Args:
        counted: the answer to `COUNT`.
        most: hits of one word that are scored at most.
        limit: how many skills to return.
    """
    having = {row["word"]: row["having"] for row in counted}
    if not any(having.values()):
        return None
    skills, length = counted[0]["skills"], counted[0]["length"]
    weights = [
        BILLION * (K1 + 1) * max(MIN_IDF, log((skills - having[one] + 0.5) / (having[one] + 0.5))) for one in tokens
    ]
    return [list(tokens), weights, K1 * B * skills / length, most, limit]
