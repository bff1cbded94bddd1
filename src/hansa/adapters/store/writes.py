"""One batch of changes, made within a transaction that somebody else opens, commits or rolls back.

The feed's mark and the ledger's last entry are read when they are first needed and, for the feed, written once at the
end. A `Batch` lives as long as its transaction's savepoint: rolled back together, they can't come apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, case, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from hansa.adapters.store import codec, fts, members, notes
from hansa.adapters.store.mending import mend
from hansa.adapters.store.prepared import Fetched, Prepared, Session, Values, replacing
from hansa.adapters.store.schema import (
    blobs,
    evidence,
    journal,
    ledger,
    meta,
    outbox,
    records,
    skill_tags,
    skills,
    subscriptions,
    tombstones,
)
from hansa.adapters.store.wide import Row, Wide, unnested
from hansa.conduct.ledger import append
from hansa.kernel.errors import Refused
from hansa.kernel.ids import ContentId, chain
from hansa.kernel.verdict import Reason
from hansa.node.rows import (
    AppendJournal,
    AppendLedger,
    Change,
    DropReflections,
    DropSubscription,
    JournalRow,
    Mend,
    PutBlob,
    PutEvidence,
    PutMark,
    PutOutbox,
    PutRecord,
    PutReflection,
    PutSkill,
    PutSubscription,
    PutTombstone,
    RecordRow,
    SetSkillState,
    SkillRow,
    TrimReflections,
    WithholdRecord,
)
from hansa.skills.model import SkillState

_PUT_RECORD = Prepared(insert(records).on_conflict_do_nothing().returning(records.c.number))
# All but the number. A row that is ignored, for whatever reason, is missed when they are counted; where a statement may
# end halfway, SQLite would first put a copy of each page aside that it changes, a quarter of the writer's work.
_PUT_RECORDS = Wide(
    records.c.keys()[1:],
    "INSERT OR IGNORE INTO records ({columns}) VALUES {rows}",
    f"INSERT INTO records ({{columns}}) SELECT * FROM {unnested(list(records.c)[1:])} ON CONFLICT DO NOTHING",  # noqa: S608
)
_IS_RECORD = Prepared(select(records.c.id).where(records.c.id == bindparam("id")))
_same_author = records.alias("same_author")
_lowest = func.min(_same_author.c.seq)
_below_all = (
    select(case((_lowest < 0, _lowest), else_=0) - 1)
    .where(_same_author.c.author == records.c.author)
    .correlate(records)
    .scalar_subquery()
)
_WITHHOLD = Prepared(
    update(records).where(records.c.id == bindparam("record"), records.c.seq >= 0).values(seq=_below_all)
)
_DROP_EVIDENCE = Prepared(
    delete(evidence).where(
        evidence.c.number == select(records.c.number).where(records.c.id == bindparam("record")).scalar_subquery()
    )
)
_DROP_TOMBSTONE = Prepared(delete(tombstones).where(tombstones.c.record == bindparam("record")))
_PUT_SKILL = Prepared(insert(skills).on_conflict_do_nothing().returning(skills.c.number))
_PUT_TAG = Prepared(insert(skill_tags))
_SET_STATE = Prepared(
    update(skills)
    .where(skills.c.id == bindparam("skill"))
    .values(state=bindparam("new_state"), reason=bindparam("new_reason"))
    .returning(skills.c.number, skills.c.intent, skills.c.tags)
)
_SKILL_NUMBER = Prepared(select(skills.c.number).where(skills.c.id == bindparam("skill")))
_IS_TOMBSTONED = Prepared(select(tombstones.c.skill).where(tombstones.c.skill == bindparam("skill")))
_PUT_EVIDENCE = Wide(
    evidence.c.keys()[1:],  # all but the number, which is its record's
    "INSERT INTO evidence (number, {columns}) SELECT records.number, {found}"
    " FROM (VALUES {rows}) AS found CROSS JOIN records"
    " ON records.id = found.column1 AND records.subject = found.column2 AND records.seq >= 0"
    " WHERE true ON CONFLICT DO NOTHING",
    "INSERT INTO evidence (number, {columns}) SELECT records.number, found.*"  # noqa: S608
    f" FROM {unnested(list(evidence.c)[1:])} AS found({{columns}}) JOIN records"
    " ON records.id = found.record AND records.subject = found.skill AND records.seq >= 0"
    " ON CONFLICT DO NOTHING",
)
_LAST_ENTRY = Prepared(select(ledger).order_by(ledger.c.number.desc()).limit(1))
_IS_RECEIPT = Prepared(select(ledger.c.receipt).where(ledger.c.receipt == bindparam("receipt")))
_PUT_LEDGER = Prepared(insert(ledger))
_PUT_TOMBSTONE = Prepared(insert(tombstones).on_conflict_do_nothing())
_PUT_LINE = Prepared(insert(journal).inline())
_TRIM_JOURNAL = Prepared(
    delete(journal).where(journal.c.number <= select(func.max(journal.c.number) - bindparam("bound")).scalar_subquery())
)
_PUT_OUTBOX = Prepared(replacing(outbox, "record", "url"))
_PUT_SUBSCRIPTION = Prepared(replacing(subscriptions, "url"))
_DROP_SUBSCRIPTION = Prepared(delete(subscriptions).where(subscriptions.c.url == bindparam("gone")))
_PUT_BLOB = Prepared(insert(blobs).on_conflict_do_nothing())
_PUT_META = Prepared(replacing(meta, "key"))
_GET_META = Prepared(select(meta.c.value).where(meta.c.key == bindparam("key")))


def get_meta(session: Session, key: str) -> str | None:
    """Returns a single value."""
    found = session.run(_GET_META, {"key": key})
    return found[0]["value"] if found else None


def put_meta(session: Session, key: str, value: str) -> None:
    """Writes a single value."""
    session.run(_PUT_META, {"key": key, "value": value})


class Batch:
    """Makes changes one after the other; what needs no answer from the database is kept for the end, and goes together.

    Args:
        many: keep records for the end too; a refusal then names none, and whoever asks tries again without.
    """

    def __init__(self, session: Session, journal_bound: int, many: bool = False) -> None:
        self._session = session
        self._journal_bound = journal_bound
        self._many = many
        self._records: list[Row] = []
        self._findings: list[Row] = []
        self._named: set[ContentId] = set()  # records that these findings are from
        self._feed: tuple[int, str] | None = None
        self._tags: list[Values] = []
        self._lines: list[Values] = []

    def make(self, changes: Sequence[Change]) -> None:
        """Makes all changes and finishes.

        Raises:
            Refused: a record's id or sequence number is taken; the caller rolls back.
        """
        for change in changes:
            self._make(change)
        self._finish()

    def _make(self, change: Change) -> None:
        match change:
            case PutRecord() | WithholdRecord():
                self._file(change)
            case PutEvidence(record, finding):
                self._findings.append(codec.finding_values(record, finding))
                self._named.add(record)
            case PutSkill(row):
                self._put_skill(row)
            case SetSkillState():
                self._set_state(change)
            case AppendLedger():
                self._append_ledger(change)
            case PutTombstone(row):
                self._run(_PUT_TOMBSTONE, codec.values(row))
                self._hide(row.skill)
            case AppendJournal(row):
                self._append_journal(row)
            case PutOutbox(row):
                self._run(_PUT_OUTBOX, codec.values(row))
            case PutSubscription(row):
                self._run(_PUT_SUBSCRIPTION, codec.values(row))
            case DropSubscription(url):
                self._run(_DROP_SUBSCRIPTION, {"gone": url})
            case PutBlob(digest, data):
                self._run(_PUT_BLOB, {"digest": digest, "data": data})
            case PutReflection() | DropReflections() | TrimReflections():
                notes.make(self._session, change)
            case Mend() | PutMark():
                self._make_right(change)
            case _:
                members.make(self._session, change)

    def _make_right(self, change: Mend | PutMark) -> None:
        if isinstance(change, Mend):
            self._write_waiting()
            mend(self._session, change.change)
        else:
            put_meta(self._session, f"mark {change.name}", change.value)

    def _run(self, statement: Prepared, parameters: Mapping[str, Any]) -> None:
        self._session.run(statement, parameters)

    def _first(self, statement: Prepared, parameters: Mapping[str, Any]) -> Fetched | None:
        found = self._session.run(statement, parameters)
        return found[0] if found else None

    def _is(self, statement: Prepared, **parameters: Any) -> bool:
        return bool(self._session.run(statement, parameters))

    # ---- records and the feed

    def _file(self, change: PutRecord | WithholdRecord) -> None:
        if isinstance(change, PutRecord):
            self._put_record(change.row, change.in_feed)
            return
        self._write_waiting()
        for statement in (_WITHHOLD, _DROP_EVIDENCE, _DROP_TOMBSTONE):
            self._run(statement, {"record": change.record})

    def _put_record(self, row: RecordRow, in_feed: bool) -> None:
        length, head = self._feed_mark() if in_feed else (0, "")
        place = length + 1 if in_feed else None
        if row.id in self._named:
            self._write_waiting()  # a finding of a record that was not there yet: it is not kept
        values = codec.record_values(row, place)
        if self._many:
            self._records.append(values)
        elif not self._first(_PUT_RECORD, dict(zip(_PUT_RECORDS.columns, values, strict=True))):
            if self._is(_IS_RECORD, id=row.id):
                raise Refused(Reason.DUPLICATE, row.id)
            raise Refused(Reason.EQUIVOCATION, f"{row.author} {row.seq}")
        if place:
            self._feed = place, chain(head, row.id)

    def _feed_mark(self) -> tuple[int, str]:
        if self._feed is None:
            self._feed = codec.feed_mark(get_meta(self._session, "feed"))
        return self._feed

    # ---- skills

    def _put_skill(self, row: SkillRow) -> None:
        fresh = self._first(_PUT_SKILL, codec.values(row))
        if not fresh:
            return
        number = fresh["number"]
        self._tags += [{"tag": tag, "skill": number} for tag in dict.fromkeys(row.tags)]
        if self._is_visible(row.id, row.state):
            self._session.put_words(number, fts.tokens(row.intent, row.tags))

    def _set_state(self, change: SetSkillState) -> None:
        parameters = {"skill": change.skill, "new_state": change.state, "new_reason": change.reason}
        held = self._first(_SET_STATE, parameters)
        if not held:
            return
        self._session.drop_words(held["number"])
        if self._is_visible(change.skill, change.state):
            tokens = fts.tokens(held["intent"], codec.strings(held["tags"]))
            self._session.put_words(held["number"], tokens)

    def _is_visible(self, skill: ContentId, state: SkillState) -> bool:
        return state is not SkillState.REMOVED and not self._is(_IS_TOMBSTONED, skill=skill)

    def _hide(self, skill: ContentId) -> None:
        held = self._first(_SKILL_NUMBER, {"skill": skill})
        if held:
            self._session.drop_words(held["number"])

    # ---- ledger and journal

    def _append_ledger(self, change: AppendLedger) -> None:
        if self._is(_IS_RECEIPT, receipt=change.receipt):
            return
        last = self._first(_LAST_ENTRY, {})
        entry = append(codec.entry(last) if last else None, change.receipt)
        row = change.linked(entry)
        self._run(_PUT_LEDGER, codec.ledger_values(row))
        put_meta(self._session, "ledger", codec.feed_text(entry.number, entry.hash))

    def _append_journal(self, row: JournalRow) -> None:
        self._lines.append(codec.line_values(row))

    def _write_waiting(self) -> None:
        """Writes the records, findings and tags that were left for the end: what comes next looks at or undoes them."""
        records, self._records = self._records, []
        findings, self._findings = self._findings, []
        tags, self._tags = self._tags, []
        self._named = set()
        if tags:
            self._session.run_many(_PUT_TAG, tags)
        if records and self._session.run_wide(_PUT_RECORDS, records) != len(records):
            raise Refused(Reason.DUPLICATE, "one of many")
        if findings:
            self._session.run_wide(_PUT_EVIDENCE, findings)

    def _finish(self) -> None:
        self._write_waiting()
        if self._feed is not None:
            put_meta(self._session, "feed", codec.feed_text(*self._feed))
        if self._lines:
            self._session.run_many(_PUT_LINE, self._lines)
            self._run(_TRIM_JOURNAL, {"bound": self._journal_bound})
