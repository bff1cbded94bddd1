"""Finding skills by the meaning of their intent."""

from __future__ import annotations

from collections.abc import Iterable

from benchmarks.measure import Row, against
from hansa.adapters.index.sparse import SparseIndex
from hansa.kernel.ids import ContentId

SKILLS = 2_000
WORDS = "parse date table list sort merge count text number file record group split join path time word".split()


def rows() -> Iterable[Row]:
    """The index's scan, against comparing with each text in turn."""
    index = SparseIndex()
    texts = [f"{WORDS[n % 17]} the {WORDS[n // 17 % 17]} of a {WORDS[n // 289 % 17]} {n}" for n in range(SKILLS)]
    for number, text in enumerate(texts):
        index.add(ContentId(f"{number:064x}"), text)

    def scan() -> int:
        for _ in range(20):
            index.nearest("merge the date of a record", 10)
        return 20

    def in_turn() -> int:
        sorted(texts, key=lambda text: -index.similarity("merge the date of a record", text))[:10]
        return 1

    yield against(f"search {SKILLS:,} skills by meaning", scan, "comparing with each in turn", in_turn, rounds=3)
