"""Looks a store through and names what is damaged: pages, records, chains, references, files, words (goal L8).

What is checked, in order; those marked * only when asked for everything:

1. every page of the file, and every index against its table* (SQLite's quick_check and integrity_check)
2. records: columns that can be read; the bytes against id, author, number, kind and signature*
3. the feed: places without a gap, and the chain over them against the mark
4. skills: the body against the id, the columns against the body
5. words: what full-text search finds against what there is; each skill's words*
6. findings: each has its record, and says what the record says*
7. the ledger: the chain; each link has its receipt, and says what the receipt says*
8. tombstones and deliveries: each has its record
9. files of bundles against their digests*

What no signed or named bytes speak for can't be checked: when something came in, the states and reasons that this node
has settled, the journal, what is known of peers.

It only reads, on a connection of its own, so a node may be up meanwhile: all of it sees one moment.
"""

from __future__ import annotations

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol, TypeVar

import msgspec
from msgspec import structs

from hansa.adapters.store import codec, connections, fts
from hansa.adapters.store.prepared import Fetched, Prepared
from hansa.adapters.store.reads import ABOUT_OF_KIND
from hansa.conduct.ledger import KIND as RECEIPT
from hansa.conduct.ledger import Entry, Receipt, append
from hansa.identity import envelope
from hansa.identity.envelope import Verified
from hansa.kernel.errors import Fault, HansaError, Refused
from hansa.kernel.ids import chain, content_id
from hansa.kernel.wire import parse
from hansa.node.receipts import entered
from hansa.node.ring import KeyRing
from hansa.node.rows import RecordRow
from hansa.node.vault import open_record, open_skill, subject_of
from hansa.skills.messages import EVIDENCE, TOMBSTONE, EvidenceBody
from hansa.skills.model import SkillState

RESTORE = "restore a backup: hansa store restore"
REPAIR = "hansa store repair asks your sources for it again"
REBUILD = "hansa store repair makes it anew from what is here"
MOST_PAGES = 20
"""Damaged pages that are named; one is enough to restore a backup."""

_DAMAGED = (sqlite3.Error, UnicodeDecodeError)
"""What SQLite raises over damage; the second where it quotes a damaged name in its message."""

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Damage:
    """A damaged thing: what kind, which one, what is wrong with it, and what to do."""

    what: str
    id: str
    problem: str
    remedy: str


@dataclass(slots=True)
class Findings:
    """What a check came to."""

    full: bool
    counts: dict[str, int] = field(default_factory=dict)
    damage: list[Damage] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Says whether nothing is damaged."""
        return not self.damage

    def ids(self, what: str) -> list[str]:
        """Returns the ids of the damaged things of a kind."""
        return list(dict.fromkeys(one.id for one in self.damage if one.what == what))

    def view(self) -> dict[str, Any]:
        """Returns the findings for people and programs."""
        return {
            "full": self.full,
            "checked": self.counts,
            "damage": [asdict(one) for one in self.damage],
            "ok": self.ok,
        }


Tell = Callable[[int, int, str], None]
"""Told how far the work is: done, total, what is done now."""


def check(path: Path, full: bool, tell: Tell = lambda *_: None) -> Findings:
    """Returns what is damaged in the store at `path`, which may be open elsewhere.

    Raises:
        Fault: the file is a database, but no store of Hansa's.
    """
    try:
        session = connections.open_reading(path)
        try:
            if not connections.version(session, path):
                return unreadable(path, full, "it is empty")
            return _FileCheck(session, full, tell).run()
        finally:
            session.close()
    except _DAMAGED as error:
        return unreadable(path, full, error)


def unreadable(path: Path, full: bool, why: object) -> Findings:
    """Returns the findings for a file that can't be looked through at all."""
    return Findings(full, {}, [Damage("file", path.name, f"it can't be read: {why}", RESTORE)])


class Looking(Protocol):
    """What a check needs of a connection."""

    def run(self, statement: Prepared, parameters: Mapping[str, Any]) -> list[Fetched]:
        """Runs a statement and returns the rows of its answer."""
        ...

    def raw(self, sql: str) -> list[Fetched]:
        """Runs a statement given as text, and returns the rows of its answer."""
        ...

    def walk(self, sql: str) -> Iterator[Fetched]:
        """Yields the rows of a statement's answer one by one."""
        ...


class _Records:
    """The root metadata in the store that is looked through."""

    def __init__(self, session: Looking) -> None:
        self._session = session

    def records_about(self, subject: str, kind: str = "") -> list[RecordRow]:
        found = self._session.run(ABOUT_OF_KIND, {"subject": subject, "kind": kind})
        return [codec.record_row(row) for row in found]


class Check(ABC):
    """Looks one moment of a store through. What a database adds is in the subclasses.

    Attributes:
        DAMAGED: what the database raises over damage.
    """

    DAMAGED: tuple[type[Exception], ...]

    def __init__(self, session: Looking, full: bool, tell: Tell) -> None:
        """Takes a connection that is in no transaction."""
        self._session = session
        self._full = full
        self._tell = tell
        self._ring = KeyRing(_Records(session))
        self._found = Findings(full)
        self._kinds: dict[str, tuple[str, str, int]] = {}  # of each good record: kind, subject and number
        self._opened: dict[str, Verified] = {}
        self._done = self._total = 0

    def run(self) -> Findings:
        """Does all steps of the list above."""
        self._begin()
        steps = [
            ("records", self._records), ("skills", self._skills), ("evidence", self._evidence),
            ("ledger", self._ledger), ("tombstones", self._tombstones), ("outbox", self._outbox),
        ]  # fmt: skip
        if self._full:
            steps.append(("blobs", self._blobs))
        self._total = sum(self._count(table) for table, _ in steps)
        self._tell(0, self._total, "pages")
        self._pages()
        for table, step in [*steps, ("words", self._words)]:
            try:
                step()
            except self.DAMAGED as error:
                self._name("file", table, str(error), RESTORE)
        return self._found

    def _count(self, table: str) -> int:
        try:
            count = int(self._session.raw(f"SELECT count(*) AS count FROM {table}")[0]["count"])  # noqa: S608
        except self.DAMAGED:
            return 0
        self._found.counts[table] = count
        return count

    def _name(self, what: str, id_: object, problem: object, remedy: str) -> None:
        self._found.damage.append(Damage(what, str(id_), str(problem)[:300], remedy))

    def _rows(self, table: str, order: str, make: Callable[[Fetched], Row]) -> Iterator[tuple[Fetched, Row]]:
        """Yields the rows of a table that can be read, and names the others."""
        for number, fetched in enumerate(self._session.walk(f"SELECT * FROM {table} ORDER BY {order}")):  # noqa: S608
            self._done += 1
            if number % 100 == 0:
                self._tell(self._done, self._total, table)
            try:
                made = make(fetched)
            except HansaError as error:
                self._name(_NAMES[table], fetched[_IDS[table]], error, RESTORE)
            else:
                yield fetched, made

    @abstractmethod
    def _begin(self) -> None:
        """Holds one moment of the store."""

    @abstractmethod
    def _pages(self) -> None:
        """Has the database look at what is below its tables."""

    @abstractmethod
    def _words(self) -> None:
        """Compares what full-text search finds with what there is."""

    # ---- records and the feed

    def _records(self) -> None:
        places: dict[int, str] = {}
        for fetched, row in self._rows("records", "number", codec.record_row):
            if row.place is not None:
                places[row.place] = row.id
            if self._full and not self._fits(row):
                continue
            self._kinds[row.id] = row.kind, row.subject, fetched["number"]
        self._feed(places)

    def _fits(self, row: RecordRow) -> bool:
        try:
            if row.withheld:  # it counts for nothing, and keeps its place in the feed
                return envelope.read(row.envelope).id == row.id
            message = open_record(row, self._ring)
        except Refused as refusal:
            self._name("record", row.id, refusal.detail, REPAIR)
            return False
        try:
            subject = subject_of(message)
        except Refused:
            subject = ""
        wrong = (message.header.created, subject) != (row.created, row.subject)
        if wrong:
            self._name("record", row.id, "its columns do not say what its bytes say", REPAIR)
        if row.kind in _KEPT:
            self._opened[row.id] = structs.replace(message, raw=b"")
        return not wrong

    def _feed(self, places: dict[int, str]) -> None:
        try:
            length, head = codec.feed_mark(self._meta("feed"))
        except Fault as fault:
            self._name("feed", "mark", fault, RESTORE)
            return
        link = ""
        for number, place in enumerate(sorted(places), 1):
            if place != number:
                self._name("feed", number, "the record at this place is missing", RESTORE)
                return
            link = chain(link, places[place])
        if (len(places), link) != (length, head):
            problem = f"{len(places)} records whose chain does not end in the mark, which counts {length}"
            self._name("feed", "chain", problem, RESTORE)

    # ---- skills

    def _skills(self) -> None:
        for _, row in self._rows("skills", "number", codec.skill_row):
            try:
                skill = open_skill(row)
            except (Refused, msgspec.MsgspecError) as error:
                self._name("skill", row.id, error, REPAIR)
                continue
            said = (skill.intent, skill.result.media_type, skill.license, skill.tags, bool(skill.checks))
            if said != (row.intent, row.media_type, row.license, row.tags, row.has_checks):
                self._name("skill", row.id, "its columns do not say what its body says", REBUILD)

    def _visible(self) -> dict[int, Fetched]:
        """Returns the skills that are to be found by words."""
        asked = (
            f"SELECT number, id, intent, tags FROM skills WHERE state != '{SkillState.REMOVED.value}'"  # noqa: S608
            " AND id NOT IN (SELECT skill FROM tombstones)"
        )
        return {row["number"]: row for row in self._session.raw(asked)}

    # ---- what rests on records

    def _evidence(self) -> None:
        for fetched, row in self._rows("evidence", "number", codec.evidence_row):
            id_ = fetched["record"]
            if not self._is(id_, EVIDENCE):
                self._name("finding", id_, "its record is missing or damaged", REPAIR)
            elif self._kinds[id_][1:] != (row.skill, fetched["number"]):
                self._name("finding", id_, "it is not filed with its record, and is not found", RESTORE)
            elif self._full:
                message = self._opened[id_]
                said = parse(message.body, EvidenceBody).as_evidence(message.author, row.at)
                if said != row:
                    self._name("finding", id_, "it does not say what its record says", REBUILD)

    def _ledger(self) -> None:
        last: Entry | None = None
        for _, row in self._rows("ledger", "number", codec.ledger_row):
            id_ = row.entry.receipt
            if row.entry != append(last, id_):
                self._name("ledger", row.entry.number, "the chain is broken here", RESTORE)
            last = row.entry
            if not self._is(id_, RECEIPT):
                self._name("receipt", id_, f"link {row.entry.number}: its record is missing or damaged", REPAIR)
            elif self._full:
                receipt = parse(self._opened[id_].body, Receipt)
                message = self._opened[id_]
                said = entered(message.id, message.author, message.header.created, receipt, receipt.subject)
                if row not in (said.linked(row.entry), replace(said.linked(row.entry), skill=receipt.skill)):
                    self._name("ledger", row.entry.number, "it does not say what its receipt says", RESTORE)
        self._ledger_end(last)

    def _ledger_end(self, last: Entry | None) -> None:
        end = (last.number, last.hash) if last else (0, "")
        mark = codec.feed_mark(self._meta("ledger"))
        if mark != end:
            self._name("ledger", end[0] + 1, f"it ends at link {end[0]}, where it was written up to {mark[0]}", RESTORE)

    def _meta(self, key: str) -> str | None:
        found = self._session.raw(f"SELECT value FROM meta WHERE key = '{key}'")  # noqa: S608
        return found[0]["value"] if found else None

    def _tombstones(self) -> None:
        for _, row in self._rows("tombstones", "number", codec.tombstone_row):
            if not self._is(row.record, TOMBSTONE, row.skill):
                self._name("tombstone", row.skill, f"its record {row.record[:12]} is missing or damaged", REPAIR)
            elif self._full and self._opened[row.record].body.get("why", "") != row.why:
                self._name("tombstone", row.skill, "it does not say what its record says", RESTORE)

    def _outbox(self) -> None:
        for _, row in self._rows("outbox", "number", codec.outbox_row):
            if row.state == "pending" and row.record not in self._kinds:
                self._name("delivery", row.record, f"its record is missing or damaged, for {row.url}", REPAIR)

    def _blobs(self) -> None:
        for fetched, data in self._rows("blobs", "digest", lambda row: row["data"]):
            if type(data) is not bytes or content_id(data) != fetched["digest"]:
                self._name("blob", fetched["digest"], "its bytes do not fit its digest", REPAIR)

    def _is(self, id_: str, kind: str, subject: str = "") -> bool:
        held = self._kinds.get(id_)
        return held is not None and held[0] == kind and (not subject or held[1] == subject)


class _FileCheck(Check):
    """Looks an SQLite file through."""

    DAMAGED = _DAMAGED

    def _begin(self) -> None:
        self._session.raw("BEGIN")

    def _pages(self) -> None:
        pragma = "integrity_check" if self._full else "quick_check"
        try:
            found = [row[pragma] for row in self._session.raw(f"PRAGMA {pragma}({MOST_PAGES})")]
        except _DAMAGED as error:
            found = [str(error)]
        for one in found:
            if one != "ok":
                self._name("file", "pages", one, RESTORE)

    def _words(self) -> None:
        visible = self._visible()
        held = {row["rowid"]: row["tokens"] for row in self._session.raw("SELECT rowid, tokens FROM skill_text")}
        for number, row in visible.items():
            try:
                right = number in held and (
                    not self._full or held[number] == fts.tokens(row["intent"], codec.strings(row["tags"]))
                )
            except ValueError:
                continue  # its columns were named above
            if not right:
                self._name("words", row["id"], "full-text search does not find it", REBUILD)
        ids = {row["number"]: row["id"] for row in self._session.raw("SELECT number, id FROM skills")}
        for number in sorted(held.keys() - visible.keys()):
            remedy = REBUILD if number in ids else RESTORE
            self._name("words", ids.get(number, number), "full-text search finds what is not to be found", remedy)


_NAMES = {"records": "record", "skills": "skill", "evidence": "finding", "ledger": "ledger",
          "tombstones": "tombstone", "outbox": "delivery", "blobs": "blob"}  # fmt: skip
_IDS = {"records": "id", "skills": "id", "evidence": "record", "ledger": "number", "tombstones": "skill",
        "outbox": "record", "blobs": "digest"}  # fmt: skip
_KEPT = frozenset({EVIDENCE, RECEIPT, TOMBSTONE})
