"""Every question a store answers, as SQL that SQLite and PostgreSQL share; how it is run is the subclass's business."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Executable, Row, and_, exists, func, select, tuple_

from hansa.adapters.store import codec
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
from hansa.kernel.ids import ContentId, NodeId
from hansa.node.ports import SkillFilter
from hansa.node.rows import (
    JournalRow,
    LedgerRow,
    OutboxRow,
    PeerRow,
    RecordRow,
    SkillRow,
    SubscriptionRow,
    TombstoneRow,
)
from hansa.skills import messages
from hansa.skills.model import Evidence

_LAST = "\U0010ffff"
"""Sorts behind everything that an id starts with (text is compared byte by byte)."""



class SqlReads(ABC):
    """The reading half of `node.ports.Store`."""

    @abstractmethod
    def _rows(self, statement: Executable, parameters: Mapping[str, Any] | None = None) -> Sequence[Row[Any]]:
        """Returns all rows of a statement, in a transaction of its own."""

    def _first(self, statement: Executable) -> Row[Any] | None:
        found = self._rows(statement)
        return found[0] if found else None

    # ---- records

    def record(self, id_: ContentId) -> RecordRow | None:
        """Returns a record."""
        found = self._first(select(records).where(records.c.id == id_))
        return codec.record_row(found) if found else None

    def record_at(self, author: NodeId, seq: int) -> ContentId | None:
        """Returns the id of the record with this author and sequence number."""
        found = self._first(select(records.c.id).where(records.c.author == author, records.c.seq == seq))
        return ContentId(found.id) if found else None

    def last_seq(self, author: NodeId) -> int:
        """Returns the highest sequence number of the author's records; -1 when there are none."""
        found = self._first(select(func.max(records.c.seq).label("seq")).where(records.c.author == author))
        return -1 if found is None or found.seq is None else int(found.seq)

    def records_about(self, skill: ContentId, kind: str = "") -> list[RecordRow]:
        """Returns the records about a skill, oldest first; of one kind when given."""
        wanted = select(records).where(records.c.subject == skill).order_by(records.c.number)
        return [codec.record_row(row) for row in self._rows(wanted.where(records.c.kind == kind) if kind else wanted)]

    def feed(self, after: int, limit: int) -> list[RecordRow]:
        """Returns the feed's records with a place above `after`, in order."""
        wanted = select(records).where(records.c.place > after).order_by(records.c.place).limit(max(0, limit))
        return [codec.record_row(row) for row in self._rows(wanted)]

    def feed_mark(self) -> tuple[int, str]:
        """Returns the feed's length and the head of its hash chain."""
        found = self._first(select(meta.c.value).where(meta.c.key == "feed"))
        return codec.feed_mark(found.value if found else None)

    # ---- skills

    def skill(self, id_: ContentId) -> SkillRow | None:
        """Returns a skill."""
        found = self._first(select(skills).where(skills.c.id == id_))
        return codec.skill_row(found) if found else None

    def skill_ids(self, prefix: str, limit: int = 2) -> list[ContentId]:
        """Returns ids of skills that start with `prefix`, in order."""
        if not prefix.isascii():
            return []
        wanted = select(skills.c.id).where(skills.c.id.between(prefix, prefix + _LAST)).order_by(skills.c.id)
        return [ContentId(row.id) for row in self._rows(wanted.limit(max(0, limit)))]

    def skills(self, wanted: SkillFilter, after: str = "", limit: int = 100) -> list[SkillRow]:
        """Returns skills in the order of (added, id); `after` is the id of the last one of the page before."""
        listing = select(skills).where(*_conditions(wanted)).order_by(skills.c.added, skills.c.id)
        if after:
            start = self._first(select(skills.c.added, skills.c.id).where(skills.c.id == after))
            if start is None:
                return []
            listing = listing.where(tuple_(skills.c.added, skills.c.id) > (start.added, start.id))
        return [codec.skill_row(row) for row in self._rows(listing.limit(max(0, limit)))]

    def count_skills(self, wanted: SkillFilter) -> int:
        """Returns how many skills there are."""
        return int(self._rows(select(func.count()).select_from(skills).where(*_conditions(wanted)))[0][0])

    def evidence(self, skill: ContentId) -> list[Evidence]:
        """Returns the findings about a skill, oldest first."""
        wanted = select(evidence).where(evidence.c.skill == skill).order_by(evidence.c.number)
        return [codec.evidence_row(row) for row in self._rows(wanted)]

    def tombstone(self, skill: ContentId) -> TombstoneRow | None:
        """Returns a skill's tombstone."""
        found = self._first(select(tombstones).where(tombstones.c.skill == skill))
        return codec.tombstone_row(found) if found else None

    def tombstones(self) -> list[TombstoneRow]:
        """Returns all tombstones, oldest first."""
        return [codec.tombstone_row(row) for row in self._rows(select(tombstones).order_by(tombstones.c.number))]

    # ---- ledger, journal, outbox

    def ledger(self, after: int = 0, limit: int = 1000) -> list[LedgerRow]:
        """Returns ledger entries with a number above `after`, in order."""
        wanted = select(ledger).where(ledger.c.number > after).order_by(ledger.c.number).limit(max(0, limit))
        return [codec.ledger_row(row) for row in self._rows(wanted)]

    def receipts_about(self, skill: ContentId) -> list[LedgerRow]:
        """Returns ledger entries about a skill, oldest first."""
        wanted = select(ledger).where(ledger.c.skill == skill).order_by(ledger.c.number)
        return [codec.ledger_row(row) for row in self._rows(wanted)]

    def journal(self, ref: str) -> list[JournalRow]:
        """Returns what happened to one thing, oldest first."""
        wanted = select(journal).where(journal.c.ref == ref).order_by(journal.c.number)
        return [codec.journal_row(row) for row in self._rows(wanted)]

    def journal_refs(self, prefix: str, limit: int = 2) -> list[str]:
        """Returns what the journal has lines about whose id starts with `prefix`, in order."""
        if not prefix.isascii():
            return []
        wanted = select(journal.c.ref).distinct().where(journal.c.ref.between(prefix, prefix + _LAST))
        return [row.ref for row in self._rows(wanted.order_by(journal.c.ref).limit(max(0, limit)))]

    def outbox(self, state: str = "pending", limit: int = 1000) -> list[OutboxRow]:
        """Returns deliveries in a state, oldest first."""
        wanted = select(outbox).where(outbox.c.state == state).order_by(outbox.c.number).limit(max(0, limit))
        return [codec.outbox_row(row) for row in self._rows(wanted)]

    def deliveries_of(self, record: ContentId) -> list[OutboxRow]:
        """Returns all deliveries of one record."""
        wanted = select(outbox).where(outbox.c.record == record).order_by(outbox.c.number)
        return [codec.outbox_row(row) for row in self._rows(wanted)]

    # ---- others and bytes

    def subscriptions(self) -> list[SubscriptionRow]:
        """Returns all subscriptions, by address."""
        return [codec.subscription_row(row) for row in self._rows(select(subscriptions).order_by(subscriptions.c.url))]

    def peer(self, id_: NodeId) -> PeerRow | None:
        """Returns a peer."""
        found = self._first(select(peers).where(peers.c.id == id_))
        return codec.peer_row(found) if found else None

    def peers(self) -> list[PeerRow]:
        """Returns all peers, by id."""
        return [codec.peer_row(row) for row in self._rows(select(peers).order_by(peers.c.id))]

    def blob(self, digest: ContentId) -> bytes | None:
        """Returns a bundle file's bytes."""
        found = self._first(select(blobs.c.data).where(blobs.c.digest == digest))
        return bytes(found.data) if found else None


def _conditions(wanted: SkillFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.states:
        conditions.append(skills.c.state.in_([str(state) for state in wanted.states]))
    if wanted.origin is not None:
        conditions.append(skills.c.origin == str(wanted.origin))
    if wanted.tag:
        conditions.append(exists().where(and_(skill_tags.c.tag == wanted.tag, skill_tags.c.skill == skills.c.number)))
    if wanted.author:
        conditions.append(skills.c.author == wanted.author)
    if wanted.published:
        about = and_(records.c.subject == skills.c.id, records.c.kind == messages.SKILL, records.c.place.is_not(None))
        conditions.append(exists().where(about))
    return conditions
