"""A store in memory, for tests and the simulator: the contract in its obvious form.

It behaves like the real one: batches are atomic, orders and refusals are the same, rows are frozen values and every
answer is a fresh list. It keeps nothing when the process ends. Set `full` to see how a caller bears a full disk.
"""

from __future__ import annotations

from asyncio import sleep
from collections import Counter
from collections.abc import Awaitable, Sequence

from msgspec import structs

from hansa.adapters.store import bm25
from hansa.adapters.store.memory_ledger import MemoryLedger
from hansa.adapters.store.memory_members import MemoryMembers
from hansa.kernel.errors import DiskFull, Fault, HansaError, Refused
from hansa.kernel.ids import ContentId, NodeId, chain
from hansa.kernel.verdict import Reason
from hansa.node.ports import SkillFilter, StoreCounts
from hansa.node.rows import (
    ALL,
    AppendJournal,
    AppendLedger,
    Change,
    DropReflections,
    DropSubscription,
    JournalRow,
    Mend,
    OutboxRow,
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
    SubscriptionRow,
    TombstoneRow,
    TrimReflections,
    WithholdRecord,
)
from hansa.skills import messages
from hansa.skills.model import SOME_PARENTS, Evidence, Origin, SkillState, bytes_of_files
from hansa.skills.reflections import Reflection, ReflectionFilter

_OURS = ("origin", "author", "state", "added", "source", "reason", "claimed_pass")
"""What this node has settled about a skill, which its body does not say."""


class MemoryStore(MemoryMembers, MemoryLedger):
    """Implements `node.ports.Store` with dictionaries."""

    def __init__(self, *, journal_bound: int = 100_000) -> None:
        """Makes an empty store whose journal keeps the last `journal_bound` lines."""
        super().__init__()
        self.full = False
        self._journal_bound = journal_bound
        self._closed = False
        self._applied = 0
        self._records: dict[ContentId, RecordRow] = {}
        self._by_seq: dict[tuple[NodeId, int], ContentId] = {}
        self._about: dict[str, tuple[ContentId, ...]] = {}  # by subject, oldest first
        self._feed: list[ContentId] = []
        self._head = ""
        self._skills: dict[ContentId, SkillRow] = {}
        self._evidence: dict[ContentId, Evidence] = {}
        self._tombstones: dict[ContentId, TombstoneRow] = {}
        self._journal: list[JournalRow] = []
        self._outbox: dict[tuple[ContentId, str], OutboxRow] = {}
        self._subscriptions: dict[str, SubscriptionRow] = {}
        self._blobs: dict[ContentId, bytes] = {}
        self._reflections: dict[ContentId, Reflection] = {}
        self._marks: dict[str, str] = {}

    # ---- changes

    async def apply(self, changes: Sequence[Change]) -> None:
        """Makes all changes or none: what can be refused is looked at before the first change is made."""
        if error := self._applied_or(changes):
            raise error

    def apply_each(self, batches: Sequence[Sequence[Change]]) -> Awaitable[list[HansaError | None]]:
        """Makes the changes of each batch, or none of that batch."""
        return sleep(0, [self._applied_or(changes) for changes in batches])

    def _applied_or(self, changes: Sequence[Change]) -> HansaError | None:
        if self._closed:
            return Fault("the store is closed")
        if self.full and changes:
            return DiskFull("the disk is full: free some space; nothing was written")
        if refusal := self._refusal([change.row for change in changes if isinstance(change, PutRecord)]):
            return refusal
        for change in changes:
            self._make(change)
        self._applied += bool(changes)
        del self._journal[: max(0, len(self._journal) - self._journal_bound)]
        return None

    def _refusal(self, rows: Sequence[RecordRow]) -> Refused | None:
        ids: dict[ContentId, None] = {}
        places: dict[tuple[NodeId, int], None] = {}
        for row in rows:
            place = row.author, row.seq
            if row.id in self._records or row.id in ids:
                return Refused(Reason.DUPLICATE, row.id)
            if place in self._by_seq or place in places:
                return Refused(Reason.EQUIVOCATION, f"{row.author} {row.seq}")
            ids[row.id] = places[place] = None
        return None

    def _make(self, change: Change) -> None:
        match change:
            case PutRecord() | WithholdRecord() | PutEvidence():
                self._file(change)
            case PutSkill(row):
                self._skills.setdefault(row.id, row)
            case SetSkillState(skill, state, reason):
                if held := self._skills.get(skill):
                    self._skills[skill] = structs.replace(held, state=state, reason=reason)
            case AppendLedger():
                self._append_ledger(change)
            case PutTombstone(row):
                self._tombstones.setdefault(row.skill, row)
            case AppendJournal(row):
                self._journal.append(row)
            case PutOutbox(row):
                self._outbox[row.record, row.url] = row
            case PutSubscription(row):
                self._subscriptions[row.url] = row
            case DropSubscription(url):
                self._subscriptions.pop(url, None)
            case PutReflection() | DropReflections() | TrimReflections():
                self._note(change)
            case PutBlob() | Mend() | PutMark():
                self._put(change)
            case _:
                self._change_members(change)

    def _note(self, change: PutReflection | DropReflections | TrimReflections) -> None:
        match change:
            case PutReflection(reflection):
                self._reflections.setdefault(reflection.id, reflection)
            case DropReflections(ids):
                for id_ in ids:
                    self._reflections.pop(id_, None)
            case TrimReflections(keep):
                for one in self._newest()[max(0, keep) :]:
                    del self._reflections[one.id]

    def _file(self, change: PutRecord | WithholdRecord | PutEvidence) -> None:
        match change:
            case PutRecord(row, in_feed):
                self._put_record(row, in_feed)
            case WithholdRecord(record):
                self._withhold(record)
            case PutEvidence(record, evidence) if record in {row.id for row in self.records_about(evidence.skill)}:
                self._evidence.setdefault(record, evidence)

    def _put(self, change: PutBlob | Mend | PutMark) -> None:
        match change:
            case PutBlob(digest, data):
                self._blobs.setdefault(digest, data)
            case PutMark(name, value):
                self._marks[name] = value
            case Mend(PutRecord(row)) if held := self._records.get(row.id):
                self._records[row.id] = structs.replace(row, place=held.place, received=held.received, came=held.came)
                if row.subject != held.subject:
                    self._file_all()
            case Mend(PutSkill(row)) if skill := self._skills.get(row.id):
                self._skills[row.id] = structs.replace(row, **{name: getattr(skill, name) for name in _OURS})
            case Mend(PutEvidence(record, evidence)) if finding := self._evidence.get(record):
                self._evidence[record] = structs.replace(evidence, at=finding.at)
            case Mend(PutBlob(digest, data)) if digest in self._blobs:
                self._blobs[digest] = data

    def _put_record(self, row: RecordRow, in_feed: bool) -> None:
        if in_feed:
            self._feed.append(row.id)
            self._head = chain(self._head, row.id)
        self._records[row.id] = structs.replace(row, place=len(self._feed) if in_feed else None)
        self._by_seq[row.author, row.seq] = row.id
        self._about[row.subject] = (*self._about.get(row.subject, ()), row.id)

    def _file_all(self) -> None:
        self._about.clear()
        for row in self._records.values():
            self._about[row.subject] = (*self._about.get(row.subject, ()), row.id)

    def _withhold(self, id_: ContentId) -> None:
        row = self._records.get(id_)
        if row is None or row.withheld:
            return
        below = min(0, *(seq for author, seq in self._by_seq if author == row.author)) - 1
        del self._by_seq[row.author, row.seq]
        self._records[id_] = structs.replace(row, seq=below)
        self._by_seq[row.author, below] = id_
        self._evidence.pop(id_, None)
        self._tombstones = {skill: one for skill, one in self._tombstones.items() if one.record != id_}

    # ---- records

    def record(self, id_: ContentId) -> RecordRow | None:
        """Returns a record."""
        return self._records.get(id_)

    def record_ids(self, prefix: str, limit: int = 2) -> list[ContentId]:
        """Returns ids of records that start with `prefix`, in order."""
        return sorted(id_ for id_ in self._records if id_.startswith(prefix))[: max(0, limit)]

    def held(self, records: Sequence[ContentId]) -> list[ContentId]:
        """Returns those of the ids that are records here."""
        return [one for one in dict.fromkeys(records) if one in self._records]

    def records_at(self, places: Sequence[tuple[NodeId, int]]) -> dict[tuple[NodeId, int], ContentId]:
        """Returns the ids of the records that have one of these authors and sequence numbers."""
        return {place: self._by_seq[place] for place in places if place in self._by_seq}

    def record_at(self, author: NodeId, seq: int) -> ContentId | None:
        """Returns the id of the record with this author and sequence number."""
        return self._by_seq.get((author, seq))

    def last_seq(self, author: NodeId) -> int:
        """Returns the highest sequence number of the author's records; -1 when there are none."""
        return max((seq for name, seq in self._by_seq if name == author), default=-1)

    def records_about(self, subject: str, kind: str = "") -> list[RecordRow]:
        """Returns the records about a skill or a node, oldest first; of one kind when given. None that is withheld."""
        about = [self._records[id_] for id_ in self._about.get(subject, ())]
        return [row for row in about if not row.withheld and (not kind or row.kind == kind)]

    def records_after(self, author: NodeId, seq: int, limit: int = 500) -> list[RecordRow]:
        """Returns the author's records with higher sequence numbers, in their order."""
        rows = [row for row in self._records.values() if row.author == author and row.seq > max(seq, -1)]
        return sorted(rows, key=lambda row: row.seq)[: max(0, limit)]

    def travelling(self, me: NodeId) -> list[tuple[ContentId, str]]:
        """Returns id and kind of what may be told to anybody, as it came."""
        rows = self._records.values()
        return [(row.id, row.kind) for row in rows if row.seq >= 0 and (row.author != me or row.place is not None)]

    def feed(self, after: int, limit: int) -> list[RecordRow]:
        """Returns the feed's records with a place above `after`, in order."""
        return [self._records[id_] for id_ in self._feed[max(0, after) :][: max(0, limit)]]

    def feed_mark(self) -> tuple[int, str]:
        """Returns the feed's length and the head of its hash chain."""
        return len(self._feed), self._head

    # ---- skills

    def skill(self, id_: ContentId) -> SkillRow | None:
        """Returns a skill."""
        return self._skills.get(id_)

    def skill_state(self, id_: ContentId) -> SkillState | None:
        """Returns a skill's state alone."""
        row = self._skills.get(id_)
        return row.state if row else None

    def owners(self, ids: Sequence[ContentId]) -> dict[ContentId, tuple[NodeId, SkillState]]:
        """Returns author and state of those skills that are held, in no order."""
        return {row.id: (row.author, row.state) for row in map(self._skills.get, ids) if row}

    def skill_ids(self, prefix: str, limit: int = 2) -> list[ContentId]:
        """Returns ids of skills that start with `prefix`, in order."""
        return sorted(id_ for id_ in self._skills if id_.startswith(prefix))[: max(0, limit)]

    def ids_of_skills(self, states: Sequence[SkillState]) -> list[ContentId]:
        """Returns the ids of all skills in some states, in the order in which they came in."""
        return [row.id for row in self._skills.values() if row.state in states]

    def skills(self, wanted: SkillFilter, after: str = "", limit: int = 100) -> list[SkillRow]:
        """Returns skills in the order of (added, id), with a tag as they came; `after` is the last id of a page."""
        came = {id_: number for number, id_ in enumerate(self._skills)}

        def place(row: SkillRow) -> tuple[int, str]:
            return (came[row.id], "") if wanted.tag else (row.added, row.id)

        start = self._skills.get(ContentId(after))
        if after and start is None:
            return []
        rows = sorted(self._wanted(wanted), key=place)
        return [row for row in rows if start is None or place(row) > place(start)][: max(0, limit)]

    def count_skills(self, wanted: SkillFilter) -> int:
        """Returns how many skills there are."""
        return len(self._wanted(wanted))

    def _wanted(self, wanted: SkillFilter) -> list[SkillRow]:
        published = {row.subject for row in self.feed(0, ALL) if row.kind == messages.SKILL and not row.withheld}
        return [
            row
            for row in self._skills.values()
            if (not wanted.states or row.state in wanted.states)
            and (wanted.origin is None or row.origin is wanted.origin)
            and (not wanted.tag or wanted.tag in row.tags)
            and (not wanted.author or row.author == wanted.author)
            and (not wanted.published or row.id in published)
            and (not wanted.derived or SOME_PARENTS in row.body)
        ]

    def evidence(self, skill: ContentId) -> list[Evidence]:
        """Returns the findings about a skill, oldest first."""
        kept = (self._evidence.get(id_) for id_ in self._records)
        return [one for one in kept if one is not None and one.skill == skill]

    def tombstone(self, skill: ContentId) -> TombstoneRow | None:
        """Returns a skill's tombstone."""
        return self._tombstones.get(skill)

    def tombstones(self, after: str = "", limit: int = ALL) -> list[TombstoneRow]:
        """Returns tombstones, oldest first; `after` is the skill of the last one of the page before."""
        start = list(self._tombstones).index(ContentId(after)) + 1 if after in self._tombstones else 0
        return list(self._tombstones.values())[start:][:limit] if start or not after else []

    def lexical(self, text: str, limit: int) -> list[tuple[ContentId, float]]:
        """Returns skills whose intent or tags share words with `text`, best first, with BM25 scores."""
        texts = {
            row.id: " ".join((row.intent, *row.tags))
            for row in self._skills.values()
            if row.state is not SkillState.REMOVED and row.id not in self._tombstones
        }
        return bm25.ranked(text, texts)[: max(0, limit)]

    # ---- the rest

    def journal(self, ref: str) -> list[JournalRow]:
        """Returns what happened to one thing, oldest first."""
        return [row for row in self._journal if row.ref == ref]

    def journal_refs(self, prefix: str, limit: int = 2) -> list[str]:
        """Returns what the journal has lines about whose id starts with `prefix`, in order."""
        return sorted({row.ref for row in self._journal if row.ref.startswith(prefix)})[: max(0, limit)]

    def outbox(self, state: str = "pending", limit: int = 1000) -> list[OutboxRow]:
        """Returns deliveries in a state, oldest first."""
        return [row for row in self._outbox.values() if row.state == state][: max(0, limit)]

    def deliveries_of(self, record: ContentId) -> list[OutboxRow]:
        """Returns all deliveries of one record."""
        return [row for row in self._outbox.values() if row.record == record]

    def subscriptions(self) -> list[SubscriptionRow]:
        """Returns all subscriptions, by address."""
        return [self._subscriptions[url] for url in sorted(self._subscriptions)]

    def reflection(self, id_: ContentId) -> Reflection | None:
        """Returns a reflection."""
        return self._reflections.get(id_)

    def reflections(self, wanted: ReflectionFilter, after: str = "", limit: int = 100) -> list[Reflection]:
        """Returns reflections, the newest first (by time, then id); `after` is the id of the page's last before."""
        start = self._reflections.get(ContentId(after))
        if after and start is None:
            return []
        found = [one for one in self._newest() if wanted.takes(one)]
        return [one for one in found if start is None or (one.at, one.id) < (start.at, start.id)][: max(0, limit)]

    def count_reflections(self, wanted: ReflectionFilter) -> int:
        """Returns how many reflections there are."""
        return sum(wanted.takes(one) for one in self._reflections.values())

    def _newest(self) -> list[Reflection]:
        return sorted(self._reflections.values(), key=lambda one: (one.at, one.id), reverse=True)

    def blob(self, digest: ContentId) -> bytes | None:
        """Returns a bundle file's bytes."""
        return self._blobs.get(digest)

    def mark(self, name: str) -> str:
        """Returns what is kept under a name; "" for nothing."""
        return self._marks.get(name, "")

    def sizes(self) -> dict[NodeId, int]:
        """Returns how many bytes each author has: of its records, and of the files that a peer's skills name."""
        found: Counter[NodeId] = Counter()
        for row in self._records.values():
            found[row.author] += len(row.envelope)
        for skill in self._skills.values():
            if skill.origin is Origin.PEER and (size := bytes_of_files(skill.body)):
                found[skill.author] += size
        return dict(found)

    def counts(self) -> StoreCounts:
        """Returns how much it holds; each batch is a commit of its own."""
        states = Counter(row.state for row in self._outbox.values())
        return StoreCounts(len(self._records), len(self._ledger), dict(states), self._applied, self._applied)

    def close(self) -> None:
        """Takes no more changes."""
        self._closed = True
