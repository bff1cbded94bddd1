"""One batch of changes, made within a transaction that somebody else opens, commits or rolls back.

The feed's mark and the ledger's last entry are read when they are first needed and, for the feed, written once at the
end. A `Batch` lives as long as its transaction's savepoint: rolled back together, they can't come apart.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, delete, exists, func, select, update
from sqlalchemy.dialects.sqlite import Insert, insert

from hansa.adapters.store import codec, fts
from hansa.adapters.store.schema import (
    blobs,
    evidence,
    journal,
    ledger,
    meta,
    outbox,
    peers,
    records,
    skill_tags,
    skills,
    subscriptions,
    tombstones,
)
from hansa.conduct.ledger import Entry, append
from hansa.kernel.errors import Refused
from hansa.kernel.ids import ContentId, chain
from hansa.kernel.verdict import Reason
from hansa.node.rows import (
    AppendJournal,
    AppendLedger,
    Change,
    DropSubscription,
    JournalRow,
    LedgerRow,
    PutBlob,
    PutEvidence,
    PutOutbox,
    PutPeer,
    PutRecord,
    PutSkill,
    PutSubscription,
    PutTombstone,
    RecordRow,
    SetSkillState,
    SkillRow,
)
from hansa.skills.model import SkillState


def _replacing(statement: Insert, *key: str) -> Insert:
    fresh = {column.name: column for column in statement.excluded if column.name not in {*key, "number"}}
    return statement.on_conflict_do_update(index_elements=key, set_=fresh)


_PUT_RECORD = insert(records).on_conflict_do_nothing().returning(records.c.number)
_IS_RECORD = select(exists().where(records.c.id == bindparam("id")))
_PUT_SKILL = insert(skills).on_conflict_do_nothing().returning(skills.c.number)
_PUT_TAGS = insert(skill_tags)
_SET_STATE = (
    update(skills)
    .where(skills.c.id == bindparam("skill"))
    .values(state=bindparam("new_state"), reason=bindparam("new_reason"))
    .returning(skills.c.number, skills.c.intent, skills.c.tags)
)
_SKILL_NUMBER = select(skills.c.number).where(skills.c.id == bindparam("skill"))
_IS_TOMBSTONED = select(exists().where(tombstones.c.skill == bindparam("skill")))
_PUT_EVIDENCE = insert(evidence).on_conflict_do_nothing()
_LAST_ENTRY = select(ledger).order_by(ledger.c.number.desc()).limit(1)
_IS_RECEIPT = select(exists().where(ledger.c.receipt == bindparam("receipt")))
_PUT_LEDGER = insert(ledger)
_PUT_TOMBSTONE = insert(tombstones).on_conflict_do_nothing()
_PUT_JOURNAL = insert(journal)
_LAST_LINE = select(func.max(journal.c.number))
_TRIM_JOURNAL = delete(journal).where(journal.c.number <= bindparam("last"))
_PUT_OUTBOX = _replacing(insert(outbox), "record", "url")
_PUT_SUBSCRIPTION = _replacing(insert(subscriptions), "url")
_DROP_SUBSCRIPTION = delete(subscriptions).where(subscriptions.c.url == bindparam("gone"))
_PUT_PEER = _replacing(insert(peers), "id")
_PUT_BLOB = insert(blobs).on_conflict_do_nothing()
_PUT_META = _replacing(insert(meta), "key")
_GET_META = select(meta.c.value).where(meta.c.key == bindparam("key"))


def get_meta(connection: Connection, key: str) -> str | None:
    """Returns a single value."""
    value: str | None = connection.execute(_GET_META, {"key": key}).scalar()
    return value


def put_meta(connection: Connection, key: str, value: str) -> None:
    """Writes a single value."""
    connection.execute(_PUT_META, {"key": key, "value": value})


class Batch:
    """Makes changes one after the other; `finish` comes last."""

    def __init__(self, connection: Connection, journal_bound: int) -> None:
        self._connection = connection
        self._journal_bound = journal_bound
        self._feed: tuple[int, str] | None = None
        self._lines: list[codec.Values] = []

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
            case PutRecord(row, in_feed):
                self._put_record(row, in_feed)
            case PutSkill(row):
                self._put_skill(row)
            case SetSkillState():
                self._set_state(change)
            case PutEvidence(record, finding):
                self._run(_PUT_EVIDENCE, codec.values(finding) | {"record": record})
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
            case PutPeer(row):
                self._run(_PUT_PEER, codec.values(row))
            case PutBlob(digest, data):
                self._run(_PUT_BLOB, {"digest": digest, "data": data})

    def _run(self, statement: Any, parameters: Any) -> None:
        self._connection.execute(statement, parameters)

    def _scalar(self, statement: Any, **parameters: Any) -> Any:
        return self._connection.execute(statement, parameters).scalar()

    # ---- records and the feed

    def _put_record(self, row: RecordRow, in_feed: bool) -> None:
        length, head = self._feed_mark() if in_feed else (0, "")
        place = length + 1 if in_feed else None
        if self._scalar(_PUT_RECORD, **codec.values(row) | {"place": place}) is None:
            known = self._scalar(_IS_RECORD, id=row.id)
            if known:
                raise Refused(Reason.DUPLICATE, row.id)
            raise Refused(Reason.EQUIVOCATION, f"{row.author} {row.seq}")
        if place:
            self._feed = place, chain(head, row.id)

    def _feed_mark(self) -> tuple[int, str]:
        if self._feed is None:
            self._feed = codec.feed_mark(get_meta(self._connection, "feed"))
        return self._feed

    # ---- skills

    def _put_skill(self, row: SkillRow) -> None:
        number = self._scalar(_PUT_SKILL, **codec.values(row))
        if number is None:
            return
        if row.tags:
            self._run(_PUT_TAGS, [{"tag": str(tag), "skill": number} for tag in dict.fromkeys(row.tags)])
        if row.state is not SkillState.REMOVED and not self._scalar(_IS_TOMBSTONED, skill=row.id):
            fts.put(self._connection, number, row.intent, row.tags)

    def _set_state(self, change: SetSkillState) -> None:
        parameters = {"skill": change.skill, "new_state": str(change.state), "new_reason": change.reason}
        held = self._connection.execute(_SET_STATE, parameters).first()
        if held is None:
            return
        fts.drop(self._connection, held.number)
        if change.state is not SkillState.REMOVED and not self._scalar(_IS_TOMBSTONED, skill=change.skill):
            fts.put(self._connection, held.number, held.intent, tuple(json.loads(held.tags)))

    def _hide(self, skill: ContentId) -> None:
        number = self._scalar(_SKILL_NUMBER, skill=skill)
        if number is not None:
            fts.drop(self._connection, number)

    # ---- ledger and journal

    def _append_ledger(self, change: AppendLedger) -> None:
        if self._scalar(_IS_RECEIPT, receipt=change.receipt):
            return
        last = self._connection.execute(_LAST_ENTRY).first()
        entry = append(Entry(last.number, last.receipt, last.previous, last.hash) if last else None, change.receipt)
        row = LedgerRow(entry, change.subject, change.skill, change.dealing, change.at)
        self._run(_PUT_LEDGER, codec.ledger_values(row))

    def _append_journal(self, row: JournalRow) -> None:
        self._lines.append(codec.values(row))

    def _finish(self) -> None:
        if self._feed is not None:
            put_meta(self._connection, "feed", codec.feed_text(*self._feed))
        if self._lines:
            self._run(_PUT_JOURNAL, self._lines)
            last = self._scalar(_LAST_LINE)
            if last > self._journal_bound:
                self._run(_TRIM_JOURNAL, {"last": last - self._journal_bound})
