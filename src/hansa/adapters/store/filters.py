"""Which skills a listing holds, as conditions that both databases understand."""

from __future__ import annotations

from sqlalchemy import ColumnElement, LargeBinary, and_, exists, func, literal

from hansa.adapters.store.prepared import Either
from hansa.adapters.store.schema import records, skill_tags, skills
from hansa.node.ports import SkillFilter
from hansa.skills import messages
from hansa.skills.model import SOME_PARENTS


def holds(column: ColumnElement[bytes], part: ColumnElement[bytes]) -> Either:
    """Returns the condition that bytes have a part."""
    return Either(func.instr(column, part) > 0, func.pg_catalog.position(column, part) > 0)


def conditions(wanted: SkillFilter) -> list[ColumnElement[bool]]:
    """Returns what must hold of a skill; nothing where all are wanted."""
    found: list[ColumnElement[bool]] = []
    if wanted.states:
        found.append(skills.c.state.in_([str(state) for state in wanted.states]))
    if wanted.origin is not None:
        found.append(skills.c.origin == str(wanted.origin))
    if wanted.tag:
        tagged = and_(skill_tags.c.tag == wanted.tag, skill_tags.c.skill == skills.c.number)
        found.append(exists().where(tagged) if wanted.author else tagged)
    if wanted.author:
        found.append(skills.c.author == wanted.author)
    if wanted.published:
        about = and_(records.c.subject == skills.c.id, records.c.kind == messages.SKILL, records.c.place.is_not(None))
        found.append(exists().where(about, records.c.seq >= 0))
    if wanted.derived:
        found.append(holds(skills.c.body, literal(SOME_PARENTS, LargeBinary)))
    return found
