"""Questions about many things at once, the list in one parameter: SQLite reads it as JSON.

A statement with a placeholder for each item would have to be put together anew for each length of the list, which takes
longer than the answer.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import bindparam, func, select

from hansa.adapters.store.prepared import Prepared
from hansa.adapters.store.schema import records, skills


def _one_of(name: str) -> object:
    return select(func.json_each(bindparam(name)).table_valued("value").c.value)


HELD = Prepared(select(records.c.id).where(records.c.id.in_(_one_of("ids"))))  # type: ignore[arg-type]
OWNERS = Prepared(
    select(skills.c.id, skills.c.author, skills.c.state).where(skills.c.id.in_(_one_of("ids")))  # type: ignore[arg-type]
)
NUMBERED = Prepared(
    select(records.c.id, records.c.seq).where(
        records.c.author == bindparam("author"),
        records.c.seq.in_(_one_of("numbers")),  # type: ignore[arg-type]
    )
)


def listed(items: Sequence[str | int]) -> str:
    """Returns the parameter that holds a list."""
    return msgspec.json.encode(items).decode()
