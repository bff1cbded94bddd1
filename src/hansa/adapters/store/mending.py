"""Writing a damaged row anew, under the id and in the place that it has (goal L8)."""

from __future__ import annotations

from sqlalchemy import Table, bindparam, delete, select, update

from hansa.adapters.store import codec, fts
from hansa.adapters.store.prepared import Prepared, Session, Values
from hansa.adapters.store.schema import blobs, evidence, records, skill_tags, skills, tombstones
from hansa.node.rows import PutBlob, PutEvidence, PutRecord, PutSkill, RecordRow, SkillRow
from hansa.skills.model import Evidence, SkillState

_RECORD = ("kind", "author", "seq", "subject", "created", "envelope")
_SKILL = ("intent", "body", "media_type", "license", "tags", "has_checks")
_FINDING = ("skill", "prover", "harness", "sandbox", "outcome", "trials", "successes", "passed", "total", "digest",
            "reason")  # fmt: skip
"""Columns that follow from signed or named bytes; the others are this node's own and stay as they are."""


def _updating(table: Table, key: str, *names: str) -> Prepared:
    return Prepared(
        update(table)
        .where(table.c[key] == bindparam("held"))
        .values({name: bindparam(f"new_{name}") for name in names})
    )


_MEND_RECORD = _updating(records, "id", *_RECORD)
_MEND_SKILL = _updating(skills, "id", *_SKILL)
_MEND_FINDING = Prepared(
    update(evidence)
    .where(evidence.c.number == select(records.c.number).where(records.c.id == bindparam("held")).scalar_subquery())
    .values({name: bindparam(f"new_{name}") for name in _FINDING})
)
_MEND_BLOB = _updating(blobs, "digest", "data")
_STANDING = Prepared(
    select(skills.c.number, skills.c.state, tombstones.c.skill.label("tombstone"))
    .select_from(skills.outerjoin(tombstones, tombstones.c.skill == skills.c.id))
    .where(skills.c.id == bindparam("held"))
)
_DROP_TAGS = Prepared(delete(skill_tags).where(skill_tags.c.skill == bindparam("number")))
_PUT_TAG = Prepared(skill_tags.insert())


def mend(session: Session, change: PutRecord | PutSkill | PutEvidence | PutBlob) -> None:
    """Makes the change in place of what is held; nothing changes when nothing is."""
    match change:
        case PutRecord(row):
            session.run(_MEND_RECORD, _new(row, _RECORD) | {"held": row.id})
        case PutSkill(row):
            _mend_skill(session, row)
        case PutEvidence(record, finding):
            session.run(_MEND_FINDING, _new(finding, _FINDING) | {"held": record})
        case PutBlob(digest, data):
            session.run(_MEND_BLOB, {"new_data": data, "held": digest})


def _mend_skill(session: Session, row: SkillRow) -> None:
    found = session.run(_STANDING, {"held": row.id})
    if not found:
        return
    number = found[0]["number"]
    fresh = codec.values(row)
    session.run(_MEND_SKILL, {f"new_{name}": fresh[name] for name in _SKILL} | {"held": row.id})
    session.run(_DROP_TAGS, {"number": number})
    session.run_many(_PUT_TAG, [{"tag": tag, "skill": number} for tag in dict.fromkeys(row.tags)])
    session.drop_words(number)
    if found[0]["state"] != SkillState.REMOVED and found[0]["tombstone"] is None:
        session.put_words(number, fts.tokens(row.intent, row.tags))


def _new(row: RecordRow | Evidence, names: tuple[str, ...]) -> Values:
    return {f"new_{name}": getattr(row, name) for name in names}
