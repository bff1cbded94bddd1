"""Every question a store answers, as SQL that SQLite and PostgreSQL share; how it is run is the subclass's business."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    ClauseElement,
    LargeBinary,
    bindparam,
    func,
    select,
    tuple_,
)

from hansa.adapters.store import codec, filters, lists, members, notes
from hansa.adapters.store.prepared import Fetched, Prepared
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
from hansa.node.membership import RequestRow
from hansa.node.ports import SkillFilter
from hansa.node.rows import (
    ALL,
    JournalRow,
    LedgerRow,
    OutboxRow,
    PeerRow,
    RecordRow,
    SkillRow,
    SubscriptionRow,
    TombstoneRow,
)
from hansa.overlay.invitation import Invitation
from hansa.skills.model import SOME_FILES, Evidence, Origin, SkillState, bytes_of_files
from hansa.skills.reflections import Reflection, ReflectionFilter

_LAST = "\U0010ffff"
"""Sorts behind everything that an id starts with (text is compared byte by byte)."""

_limit = bindparam("limit", type_=BigInteger)

_RECORD = Prepared(select(records).where(records.c.id == bindparam("id")))
_RECORD_AT = Prepared(
    select(records.c.id).where(records.c.author == bindparam("author"), records.c.seq == bindparam("seq"))
)
_LAST_SEQ = Prepared(select(func.max(records.c.seq).label("seq")).where(records.c.author == bindparam("author")))
_about = select(records).where(records.c.subject == bindparam("subject"), records.c.seq >= 0).order_by(records.c.number)
_ABOUT = Prepared(_about)
ABOUT_OF_KIND = Prepared(_about.where(records.c.kind == bindparam("kind")))
_AFTER_SEQ = Prepared(
    select(records)
    .where(records.c.author == bindparam("author"), records.c.seq > bindparam("after"))
    .order_by(records.c.seq)
    .limit(_limit)
)
_TRAVELLING = Prepared(
    select(records.c.id, records.c.kind)
    .where(records.c.seq >= 0, (records.c.author != bindparam("me")) | records.c.place.is_not(None))
    .order_by(records.c.number)
)
_FEED = Prepared(select(records).where(records.c.place > bindparam("after")).order_by(records.c.place).limit(_limit))
_META = Prepared(select(meta.c.value).where(meta.c.key == bindparam("key")))
_SKILL = Prepared(select(skills).where(skills.c.id == bindparam("id")))
_SKILL_STATE = Prepared(select(skills.c.state).where(skills.c.id == bindparam("id")))
_RECORD_IDS = Prepared(
    select(records.c.id)
    .where(records.c.id.between(bindparam("first"), bindparam("last")))
    .order_by(records.c.id)
    .limit(_limit)
)
_SKILL_IDS = Prepared(
    select(skills.c.id)
    .where(skills.c.id.between(bindparam("first"), bindparam("last")))
    .order_by(skills.c.id)
    .limit(_limit)
)
_EVIDENCE = Prepared(
    select(evidence)
    .join(records, records.c.number == evidence.c.number)
    .where(records.c.subject == bindparam("skill"))
    .order_by(records.c.number)
)
_TOMBSTONE = Prepared(select(tombstones).where(tombstones.c.skill == bindparam("skill")))
_TOMBSTONES = Prepared(
    select(tombstones).where(tombstones.c.number > bindparam("after")).order_by(tombstones.c.number).limit(_limit)
)
_LEDGER = Prepared(select(ledger).where(ledger.c.number > bindparam("after")).order_by(ledger.c.number).limit(_limit))
_RECEIPTS_OF = Prepared(
    select(ledger)
    .where(ledger.c.subject == bindparam("subject"), ledger.c.number > bindparam("after"))
    .where(~select(records.c.id).where(records.c.id == ledger.c.receipt, records.c.seq < 0).exists())
    .order_by(ledger.c.number)
    .limit(_limit)
)
_SUBJECTS = Prepared(
    select(ledger.c.subject)
    .where(ledger.c.subject > bindparam("after"))
    .distinct()
    .order_by(ledger.c.subject)
    .limit(_limit)
)
_RECEIPTS = Prepared(select(ledger).where(ledger.c.skill == bindparam("skill")).order_by(ledger.c.number))
_JOURNAL = Prepared(select(journal).where(journal.c.ref == bindparam("ref")).order_by(journal.c.number))
_JOURNAL_REFS = Prepared(
    select(journal.c.ref)
    .distinct()
    .where(journal.c.ref.between(bindparam("first"), bindparam("last")))
    .order_by(journal.c.ref)
    .limit(_limit)
)
_OUTBOX = Prepared(select(outbox).where(outbox.c.state == bindparam("state")).order_by(outbox.c.number).limit(_limit))
_DELIVERIES = Prepared(select(outbox).where(outbox.c.record == bindparam("record")).order_by(outbox.c.number))
_SUBSCRIPTIONS = Prepared(select(subscriptions).order_by(subscriptions.c.url))
_PEER = Prepared(select(peers).where(peers.c.id == bindparam("id")))
_PEERS = Prepared(select(peers).where(peers.c.id > bindparam("after")).order_by(peers.c.id).limit(_limit))
_SIZES = Prepared(
    select(records.c.author, func.sum(func.length(records.c.envelope)).label("size")).group_by(records.c.author)
)
_BUNDLES = Prepared(
    select(skills.c.author, skills.c.body).where(
        skills.c.origin == str(Origin.PEER), filters.holds(skills.c.body, bindparam("mark", type_=LargeBinary))
    )
)
_COUNT_RECORDS = Prepared(select(func.count().label("number")).select_from(records))
_COUNT_LEDGER = Prepared(select(func.count().label("number")).select_from(ledger))
_COUNT_OUTBOX = Prepared(select(outbox.c.state, func.count().label("number")).group_by(outbox.c.state))
_BLOB = Prepared(select(blobs.c.data).where(blobs.c.digest == bindparam("digest")))


class SqlReads(ABC):
    """The reading half of `node.ports.Store`."""

    @abstractmethod
    def _rows(self, statement: Prepared | ClauseElement, **parameters: Any) -> Sequence[Fetched]:
        """Returns all rows of a statement, in a transaction of its own."""

    def _first(self, statement: Prepared | ClauseElement, **parameters: Any) -> Fetched | None:
        found = self._rows(statement, **parameters)
        return found[0] if found else None

    # ---- records

    def record(self, id_: ContentId) -> RecordRow | None:
        """Returns a record."""
        found = self._first(_RECORD, id=id_)
        return codec.record_row(found) if found else None

    def record_ids(self, prefix: str, limit: int = 2) -> list[ContentId]:
        """Returns ids of records that start with `prefix`, in order."""
        return [ContentId(row["id"]) for row in self._starting_with(_RECORD_IDS, prefix, limit)]

    def held(self, records: Sequence[ContentId]) -> list[ContentId]:
        """Returns those of the ids that are records here."""
        found = self._rows(lists.HELD, ids=list(records)) if records else ()
        return [ContentId(row["id"]) for row in found]

    def records_at(self, places: Sequence[tuple[NodeId, int]]) -> dict[tuple[NodeId, int], ContentId]:
        """Returns the ids of the records that have one of these authors and sequence numbers."""
        numbers: dict[NodeId, list[int]] = {}
        for author, seq in places:
            numbers.setdefault(author, []).append(seq)
        return {
            (author, row["seq"]): ContentId(row["id"])
            for author, wanted in numbers.items()
            for row in self._rows(lists.NUMBERED, author=author, numbers=wanted)
        }

    def record_at(self, author: NodeId, seq: int) -> ContentId | None:
        """Returns the id of the record with this author and sequence number."""
        found = self._first(_RECORD_AT, author=author, seq=seq)
        return ContentId(found["id"]) if found else None

    def last_seq(self, author: NodeId) -> int:
        """Returns the highest sequence number of the author's records; -1 when there are none."""
        found = self._first(_LAST_SEQ, author=author)
        return -1 if found is None or found["seq"] is None else int(found["seq"])

    def records_about(self, subject: str, kind: str = "") -> list[RecordRow]:
        """Returns the records about a skill or a node, oldest first; of one kind when given. None that is withheld."""
        found = self._rows(ABOUT_OF_KIND, subject=subject, kind=kind) if kind else self._rows(_ABOUT, subject=subject)
        return [codec.record_row(row) for row in found]

    def records_after(self, author: NodeId, seq: int, limit: int = 500) -> list[RecordRow]:
        """Returns the author's records with higher sequence numbers, in their order."""
        found = self._rows(_AFTER_SEQ, author=author, after=max(seq, -1), limit=max(0, limit))
        return [codec.record_row(row) for row in found]

    def travelling(self, me: NodeId) -> list[tuple[ContentId, str]]:
        """Returns id and kind of what may be told to anybody, as it came."""
        return [(ContentId(row["id"]), row["kind"]) for row in self._rows(_TRAVELLING, me=me)]

    def feed(self, after: int, limit: int) -> list[RecordRow]:
        """Returns the feed's records with a place above `after`, in order."""
        return [codec.record_row(row) for row in self._rows(_FEED, after=after, limit=max(0, limit))]

    def feed_mark(self) -> tuple[int, str]:
        """Returns the feed's length and the head of its hash chain."""
        found = self._first(_META, key="feed")
        return codec.feed_mark(found["value"] if found else None)

    # ---- skills

    def skill(self, id_: ContentId) -> SkillRow | None:
        """Returns a skill."""
        found = self._first(_SKILL, id=id_)
        return codec.skill_row(found) if found else None

    def skill_state(self, id_: ContentId) -> SkillState | None:
        """Returns a skill's state alone."""
        found = self._first(_SKILL_STATE, id=id_)
        return SkillState(found["state"]) if found else None

    def owners(self, ids: Sequence[ContentId]) -> dict[ContentId, tuple[NodeId, SkillState]]:
        """Returns author and state of those skills that are held, in no order."""
        found = self._rows(lists.OWNERS, ids=list(ids)) if ids else ()
        return dict(codec.owner_row(row) for row in found)

    def skill_ids(self, prefix: str, limit: int = 2) -> list[ContentId]:
        """Returns ids of skills that start with `prefix`, in order."""
        return [ContentId(row["id"]) for row in self._starting_with(_SKILL_IDS, prefix, limit)]

    def ids_of_skills(self, states: Sequence[SkillState]) -> list[ContentId]:
        """Returns the ids of all skills in some states, in the order in which they came in."""
        conditions = filters.conditions(SkillFilter(states=tuple(states)))
        listing = select(skills.c.id).where(*conditions).order_by(skills.c.number)
        return [ContentId(row["id"]) for row in self._rows(listing)] if states else []

    def skills(self, wanted: SkillFilter, after: str = "", limit: int = 100) -> list[SkillRow]:
        """Returns skills in the order of (added, id), with a tag as they came; `after` is the last id of a page."""
        listing = select(skills).where(*filters.conditions(wanted))
        start = self._first(_SKILL, id=after) if after else None
        if after and start is None:
            return []
        if wanted.tag:  # in the order of the tag's own index, so that a rare one is not looked for in all skills
            number = skills.c.number if wanted.author else skill_tags.c.skill
            listing = listing.where(number > (start["number"] if start else 0)).order_by(number)
        else:
            listing = listing.order_by(skills.c.added, skills.c.id)
            if start:
                listing = listing.where(tuple_(skills.c.added, skills.c.id) > (start["added"], start["id"]))
        return [codec.skill_row(row) for row in self._rows(listing.limit(max(0, limit)))]

    def count_skills(self, wanted: SkillFilter) -> int:
        """Returns how many skills there are."""
        counted = select(func.count().label("number")).select_from(skills).where(*filters.conditions(wanted))
        return int(self._rows(counted)[0]["number"])

    def evidence(self, skill: ContentId) -> list[Evidence]:
        """Returns the findings about a skill, oldest first."""
        return [codec.evidence_row(row) for row in self._rows(_EVIDENCE, skill=skill)]

    def tombstone(self, skill: ContentId) -> TombstoneRow | None:
        """Returns a skill's tombstone."""
        found = self._first(_TOMBSTONE, skill=skill)
        return codec.tombstone_row(found) if found else None

    def tombstones(self, after: str = "", limit: int = ALL) -> list[TombstoneRow]:
        """Returns tombstones, oldest first; `after` is the skill of the last one of the page before."""
        start = self._first(_TOMBSTONE, skill=after) if after else {"number": 0}
        if start is None:
            return []
        return [codec.tombstone_row(row) for row in self._rows(_TOMBSTONES, after=start["number"], limit=limit)]

    # ---- ledger, journal, outbox

    def ledger(self, after: int = 0, limit: int = 1000) -> list[LedgerRow]:
        """Returns ledger entries with a number above `after`, in order."""
        return [codec.ledger_row(row) for row in self._rows(_LEDGER, after=after, limit=max(0, limit))]

    def ledger_mark(self) -> tuple[int, str]:
        """Returns how many links the ledger has, and the hash of the last."""
        found = self._first(_META, key="ledger")
        return codec.feed_mark(found["value"] if found else None)

    def receipts_of(self, subject: NodeId, after: int = 0, limit: int = 1000) -> list[LedgerRow]:
        """Returns ledger entries about a node, with a number above `after`, in order."""
        rows = self._rows(_RECEIPTS_OF, subject=subject, after=after, limit=max(0, limit))
        return [codec.ledger_row(row) for row in rows]

    def subjects(self, after: str = "", limit: int = 1000) -> list[NodeId]:
        """Returns the nodes that the ledger has links about, by id; those above `after`."""
        return [NodeId(row["subject"]) for row in self._rows(_SUBJECTS, after=after, limit=max(0, limit))]

    def receipts_about(self, skill: ContentId) -> list[LedgerRow]:
        """Returns ledger entries about a skill, oldest first."""
        return [codec.ledger_row(row) for row in self._rows(_RECEIPTS, skill=skill)]

    def journal(self, ref: str) -> list[JournalRow]:
        """Returns what happened to one thing, oldest first."""
        return [codec.journal_row(row) for row in self._rows(_JOURNAL, ref=ref)]

    def journal_refs(self, prefix: str, limit: int = 2) -> list[str]:
        """Returns what the journal has lines about whose id starts with `prefix`, in order."""
        return [row["ref"] for row in self._starting_with(_JOURNAL_REFS, prefix, limit)]

    def outbox(self, state: str = "pending", limit: int = 1000) -> list[OutboxRow]:
        """Returns deliveries in a state, oldest first."""
        return [codec.outbox_row(row) for row in self._rows(_OUTBOX, state=state, limit=max(0, limit))]

    def deliveries_of(self, record: ContentId) -> list[OutboxRow]:
        """Returns all deliveries of one record."""
        return [codec.outbox_row(row) for row in self._rows(_DELIVERIES, record=record)]

    # ---- others and bytes

    def subscriptions(self) -> list[SubscriptionRow]:
        """Returns all subscriptions, by address."""
        return [codec.subscription_row(row) for row in self._rows(_SUBSCRIPTIONS)]

    def peer(self, id_: NodeId) -> PeerRow | None:
        """Returns a peer."""
        found = self._first(_PEER, id=id_)
        return codec.peer_row(found) if found else None

    def peers(self, after: str = "", limit: int = ALL) -> list[PeerRow]:
        """Returns peers, by id; those above `after`."""
        return [codec.peer_row(row) for row in self._rows(_PEERS, after=after, limit=limit)]

    def invitations(self) -> list[Invitation]:
        """Returns all invitations, oldest first."""
        return [codec.invitation_row(row) for row in self._rows(members.INVITATIONS)]

    def requests(self) -> list[RequestRow]:
        """Returns those who asked to be let in, oldest first."""
        return [codec.request_row(row) for row in self._rows(members.REQUESTS)]

    def blob(self, digest: ContentId) -> bytes | None:
        """Returns a bundle file's bytes."""
        found = self._first(_BLOB, digest=digest)
        return bytes(found["data"]) if found else None

    def reflection(self, id_: ContentId) -> Reflection | None:
        """Returns a reflection."""
        found = self._first(notes.ONE, id=id_)
        return codec.reflection(found) if found else None

    def reflections(self, wanted: ReflectionFilter, after: str = "", limit: int = 100) -> list[Reflection]:
        """Returns reflections, the newest first (by time, then id); `after` is the id of the page's last before."""
        start = self._first(notes.ONE, id=after) if after else None
        if after and start is None:
            return []
        return [codec.reflection(row) for row in self._rows(notes.listing(wanted, start).limit(max(0, limit)))]

    def count_reflections(self, wanted: ReflectionFilter) -> int:
        """Returns how many reflections there are."""
        return int(self._rows(notes.count(wanted))[0]["number"])

    def mark(self, name: str) -> str:
        """Returns what is kept under a name; "" for nothing."""
        found = self._first(_META, key=f"mark {name}")
        return str(found["value"]) if found else ""

    def sizes(self) -> dict[NodeId, int]:
        """Returns how many bytes each author has: of its records, and of the files that a peer's skills name."""
        found = Counter({NodeId(row["author"]): int(row["size"]) for row in self._rows(_SIZES)})
        for row in self._rows(_BUNDLES, mark=SOME_FILES):
            found[NodeId(row["author"])] += bytes_of_files(bytes(row["body"]))
        return dict(found)

    def totals(self) -> tuple[int, int, dict[str, int]]:
        """Returns the numbers of records and of receipts, and deliveries by state."""
        found, receipts = (int(self._rows(one)[0]["number"]) for one in (_COUNT_RECORDS, _COUNT_LEDGER))
        return found, receipts, {row["state"]: int(row["number"]) for row in self._rows(_COUNT_OUTBOX)}

    def _starting_with(self, statement: Prepared, prefix: str, limit: int) -> Sequence[Fetched]:
        if not prefix.isascii():  # no id does, and not all text can be asked for
            return []
        return self._rows(statement, first=prefix, last=prefix + _LAST, limit=max(0, limit))
