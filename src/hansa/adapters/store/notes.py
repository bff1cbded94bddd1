"""Statements on reflections: what `writes` and `reads` say about them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, and_, bindparam, delete, exists, func, select, tuple_
from sqlalchemy.dialects.postgresql import insert

from hansa.adapters.store import codec
from hansa.adapters.store.prepared import Fetched, Prepared, Session
from hansa.adapters.store.schema import reflection_tags, reflections
from hansa.kernel.ids import ContentId
from hansa.node.rows import DropReflections, PutReflection, TrimReflections
from hansa.skills.reflections import Reflection, ReflectionFilter

_ALL = 2**31 - 1

ONE = Prepared(select(reflections).where(reflections.c.id == bindparam("id")))
_PUT = Prepared(insert(reflections).on_conflict_do_nothing().returning(reflections.c.number))
_PUT_TAG = Prepared(insert(reflection_tags))
_NUMBER = Prepared(select(reflections.c.number).where(reflections.c.id == bindparam("gone")))
_DROP_TAGS = Prepared(delete(reflection_tags).where(reflection_tags.c.reflection == bindparam("gone_number")))
_DROP = Prepared(delete(reflections).where(reflections.c.number == bindparam("gone_number")))


_beyond = (
    select(reflections.c.number)
    .order_by(reflections.c.at.desc(), reflections.c.id.desc())
    .limit(_ALL)
    .offset(bindparam("keep", type_=BigInteger))
)
_TRIM_TAGS = Prepared(delete(reflection_tags).where(reflection_tags.c.reflection.in_(_beyond)))
_TRIM = Prepared(delete(reflections).where(reflections.c.number.in_(_beyond)))


def make(session: Session, change: PutReflection | DropReflections | TrimReflections) -> None:
    """Makes a change."""
    match change:
        case PutReflection(reflection):
            _put(session, reflection)
        case DropReflections(ids):
            _drop(session, ids)
        case TrimReflections(keep):
            _trim(session, keep)


def _put(session: Session, reflection: Reflection) -> None:
    fresh = session.run(_PUT, codec.reflection_values(reflection))
    for row in fresh:
        tags = dict.fromkeys(reflection.tags)
        session.run_many(_PUT_TAG, [{"tag": tag, "reflection": row["number"]} for tag in tags])


def _drop(session: Session, ids: Sequence[ContentId]) -> None:
    for id_ in ids:
        for row in session.run(_NUMBER, {"gone": id_}):
            session.run(_DROP_TAGS, {"gone_number": row["number"]})
            session.run(_DROP, {"gone_number": row["number"]})


def _trim(session: Session, keep: int) -> None:
    for statement in (_TRIM_TAGS, _TRIM):
        session.run(statement, {"keep": max(0, keep)})


def listing(wanted: ReflectionFilter, after: Fetched | None) -> Select[Any]:
    """Returns the question for a page, the newest first."""
    asked = select(reflections).where(*_conditions(wanted)).order_by(reflections.c.at.desc(), reflections.c.id.desc())
    if after is not None:
        asked = asked.where(tuple_(reflections.c.at, reflections.c.id) < (after["at"], after["id"]))
    return asked


def count(wanted: ReflectionFilter) -> Select[Any]:
    """Returns the question for a number."""
    return select(func.count().label("number")).select_from(reflections).where(*_conditions(wanted))


def _conditions(wanted: ReflectionFilter) -> list[ColumnElement[bool]]:
    columns = reflections.c
    conditions: list[ColumnElement[bool]] = []
    if wanted.outcome is not None:
        conditions.append(columns.outcome == str(wanted.outcome))
    for name in ("category", "session", "skill"):
        if value := getattr(wanted, name):
            conditions.append(columns[name] == value)
    if wanted.tag:
        tagged = and_(reflection_tags.c.tag == wanted.tag, reflection_tags.c.reflection == columns.number)
        conditions.append(exists().where(tagged))
    if wanted.since:
        conditions.append(columns.at >= wanted.since)
    if wanted.until:
        conditions += [columns.at <= wanted.until, columns.at > 0]
    return conditions
