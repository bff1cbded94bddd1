"""Questions about many things at once, the list in one parameter: SQLite reads it as JSON, PostgreSQL as an array.

A statement with a placeholder for each item would have to be put together anew for each length of the list, which takes
longer than the answer.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Text, any_, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY

from hansa.adapters.store.prepared import Either, Prepared
from hansa.adapters.store.schema import records, skills


def _one_of(column: ColumnElement[Any], name: str, kind: type[Text | BigInteger] = Text) -> Either:
    as_json = select(func.json_each(bindparam(name)).table_valued("value").c.value)
    return Either(column.in_(as_json), column == any_(bindparam(name, type_=ARRAY(kind))))


HELD = Prepared(select(records.c.id).where(_one_of(records.c.id, "ids")), lists=("ids",))
OWNERS = Prepared(
    select(skills.c.id, skills.c.author, skills.c.state).where(_one_of(skills.c.id, "ids")), lists=("ids",)
)
NUMBERED = Prepared(
    select(records.c.id, records.c.seq).where(
        records.c.author == bindparam("author"), _one_of(records.c.seq, "numbers", BigInteger)
    ),
    lists=("numbers",),
)
