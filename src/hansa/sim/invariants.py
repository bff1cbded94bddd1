"""The promises of the node, as checkers over a run. Each has a planted bug in the tests that it must find.

- L1 acknowledged is durable: what a node acknowledged is in its store, once, byte for byte, whenever it was killed;
  and what it did not acknowledge is there whole or not at all.
- L3 convergence: after the faults all nodes hold the same records.
- L4 effects once: nothing is kept, entered in the ledger or counted twice, however often it came.
- L6 no zombies: what was taken back does not come back.
- L7 no silent drop: every message that came in, and every frame that was sent, has exactly one fate.
- L8 no bad data served: nothing leaves a node that is not what its author signed.

L2 (quorum) and L5 (one decision) speak of votes, which nodes do not hold yet.

After each commit and each frame what is cheap is looked at; at each crash, heal and end, everything.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hansa.identity import envelope
from hansa.kernel.errors import HansaError, Refused
from hansa.kernel.ids import ContentId
from hansa.node.accounts import Accounts
from hansa.node.rows import (
    AppendLedger,
    Change,
    PutRecord,
    PutSkill,
    PutTombstone,
    RecordRow,
    SetSkillState,
    WithholdRecord,
)
from hansa.overlay import frames
from hansa.overlay.frames import Packet, Word
from hansa.sim.clock import true_now
from hansa.skills.messages import SKILL, TOMBSTONE
from hansa.skills.model import SkillState

if TYPE_CHECKING:
    from hansa.admission.counters import Counters
    from hansa.sim.net import Host
    from hansa.sim.world import Resident, World

MOST = 20
"""Violations that are kept; one is enough to look into a run."""

ALL = 1_000_000


@dataclass(frozen=True, slots=True)
class Violation:
    """A promise that was broken: which, when (virtual ms), at which node, and how."""

    promise: str
    at_ms: int
    node: int
    what: str

    def __str__(self) -> str:
        """Says it in one line."""
        return f"{self.promise} at {self.at_ms / 1000:.3f} s, node {self.node}: {self.what}"


@dataclass(slots=True)
class Books:
    """What the checkers know of one node's disk, from its commits."""

    kept: dict[ContentId, None] = field(default_factory=dict)
    entered: dict[ContentId, None] = field(default_factory=dict)
    buried: dict[ContentId, None] = field(default_factory=dict)
    damaged: dict[ContentId, None] = field(default_factory=dict)
    sum: int = 0


class Checker:
    """Watches a world."""

    def __init__(self, world: World) -> None:
        """Begins with nothing seen."""
        self._world = world
        self.violations: list[Violation] = []
        self._books = [Books() for _ in world.residents]
        self._ahead: dict[str, None] = {}
        self._good: dict[bytes, None] = {}

    def books(self, number: int) -> Books:
        """Returns what is known of a node's disk."""
        return self._books[number]

    def found(self, promise: str, node: int, what: str) -> None:
        """Writes a violation down."""
        if len(self.violations) < MOST:
            self.violations.append(Violation(promise, self._world.loop.now_ms, node, what))
            self._world.journal.note(node, f"violation {promise} {what}")

    # ---- after each event

    def on_commit(self, number: int) -> Callable[[Sequence[Change]], None]:
        """Returns who is told of what a node's disk has kept."""

        def committed(changes: Sequence[Change]) -> None:
            self._committed(number, changes)

        return committed

    def _committed(self, number: int, changes: Sequence[Change]) -> None:
        books, touched = self._books[number], []
        for change in changes:
            if isinstance(change, PutRecord):
                self._record(number, books, change.row)
            elif isinstance(change, AppendLedger):
                if change.receipt in books.entered:
                    self.found("L4", number, f"receipt {change.receipt[:12]} was entered twice")
                books.entered[change.receipt] = None
            elif isinstance(change, PutTombstone):
                books.buried[change.row.skill] = None
                touched.append(change.row.skill)
            elif isinstance(change, PutSkill):
                touched.append(change.row.id)
            elif isinstance(change, SetSkillState):
                touched.append(change.skill)
            elif isinstance(change, WithholdRecord) and change.record in books.kept:
                del books.kept[change.record]
                books.sum ^= self._weight(change.record)
        for skill in touched:
            self._still_buried(number, skill)
        self._no_more_fates_than_messages(number)

    def _record(self, number: int, books: Books, row: RecordRow) -> None:
        world = self._world
        world.journal.note(number, f"keep {row.kind} {row.id[:16]}")
        if row.id in books.kept:
            self.found("L4", number, f"record {row.id[:12]} was kept twice")
            return
        if row.id not in world.history.bytes_of:
            world.history.bytes_of[row.id] = row.envelope
            window = 300_000
            if row.created > true_now(world.loop) + window or row.subject in self._ahead:
                self._ahead[row.id] = None  # of a clock that was ahead: nobody takes it before its time has come
                if row.kind == SKILL:
                    self._ahead[row.subject] = None
        books.kept[row.id] = None
        if world.workshop.shared(row.kind) and row.id not in self._ahead:
            books.sum ^= self._weight(row.id)

    @staticmethod
    def _weight(id_: ContentId) -> int:
        return int(id_, 16)

    def _still_buried(self, number: int, skill: ContentId) -> None:
        if skill in self._books[number].buried:
            state = self._world.residents[number].store.skill_state(skill)
            if state not in (SkillState.REMOVED, None):
                self.found("L6", number, f"skill {skill[:12]} was taken back and is {state} again")

    def _no_more_fates_than_messages(self, number: int) -> None:
        inhabitant = self._world.residents[number].inhabitant
        if inhabitant is not None:
            counters = inhabitant.node.core.counters
            if counters.received < counters.admitted + counters.refused.total():
                self.found("L7", number, f"more fates than messages: {counters.table()}")

    def on_frame(self, host: Host, data: bytes) -> None:
        """Looks at what a node puts on the net: a word carries what its author signed, or the node serves bad data."""
        if data[1:6] != b"\xa4word" and data[1:8] != b"\xa6packet":
            return
        frame = frames.decode(data)
        if isinstance(frame, Word | Packet) and frame.raw not in self._good:
            try:
                signed = envelope.read(frame.raw)
                envelope.as_signed(signed)
            except Refused as refusal:
                self.found("L8", host.number, f"it sent bytes that nobody signed: {refusal.reason.code}")
            else:
                known = self._world.history.bytes_of.get(signed.id)
                if known is None or known == frame.raw:
                    self._good[frame.raw] = None

    # ---- what was done to a node

    def on_crash(self, number: int) -> None:
        """Checks what is durable at a node that was just killed."""
        self._check_disk(number)

    def on_restore(self, number: int) -> None:
        """Forgets what was learnt of a node's disk: another one is in its place."""
        store = self._world.residents[number].store
        books = self._books[number] = Books()
        for id_ in store.record_ids("", ALL):
            row = store.record(id_)
            if row is not None and not row.withheld:
                books.kept[id_] = None
                if self._world.workshop.shared(row.kind) and id_ not in self._ahead:
                    books.sum ^= self._weight(id_)
        books.entered = {one.entry.receipt: None for one in store.ledger(0, ALL)}
        books.buried = {one.skill: None for one in store.tombstones()}
        self._world.history.excuse(number, books.kept)

    def on_damage(self, number: int, id_: str) -> None:
        """Remembers which bytes were damaged on purpose."""
        self._books[number].damaged[ContentId(id_)] = None

    # ---- everything

    def check(self) -> None:
        """Checks all that must hold at any time."""
        for one in self._world.residents:
            self._check_disk(one.number)
            self._check_counts(one.number)
        if not self._world.net.counts.balanced:
            self.found("L7", -1, f"frames do not add up: {self._world.net.counts}")
        for what in self._world.loop.unhandled:
            self.found("fault", -1, what)

    def check_end(self) -> None:
        """Checks all that must hold once everything is quiet."""
        self.check()
        if not self.converged():
            self._tell_apart()
        self._no_zombies_anywhere()
        for one in self._undecided():
            self.found("L7", one.number, f"messages without a fate: {_counters(one).table()}")

    def undecided(self) -> bool:
        """Says whether some node has messages on which it has not decided yet, or never will (L7)."""
        return bool(self._undecided())

    def _undecided(self) -> list[Resident]:
        up = [one for one in self._world.residents if one.inhabitant is not None]
        return [one for one in up if not _counters(one).balanced]

    def converged(self) -> bool:
        """Says whether all nodes are up and hold the same records (L3)."""
        return len({books.sum for books in self._books}) <= 1 and all(one.up for one in self._world.residents)

    def missing(self, number: int) -> list[ContentId]:
        """Returns the shared records that some node holds and this one does not, by id."""
        world = self._world
        mine = self._books[number].kept
        found = {id_: None for books in self._books for id_ in books.kept if id_ not in mine}
        return sorted(id_ for id_ in found if id_ not in self._ahead and world.workshop.shared(self._kind(id_)))

    def _kind(self, id_: ContentId) -> str:
        rows = (one.store.record(id_) for one in self._world.residents)
        return next((row.kind for row in rows if row is not None), "")

    def _tell_apart(self) -> None:
        for one in self._world.residents:
            lacking = self.missing(one.number)
            if lacking or not one.up:
                kinds = sorted({self._kind(id_) for id_ in lacking})
                self.found("L3", one.number, f"lacks {len(lacking)} records ({', '.join(kinds)}), {lacking[:1]}")

    def _check_disk(self, number: int) -> None:
        world, books, store = self._world, self._books[number], self._world.residents[number].store
        for id_ in world.history.promised.get(number, ()):
            row = store.record(id_)
            if row is None:
                self.found("L1", number, f"record {id_[:12]} was acknowledged and is gone")
            elif row.envelope != world.history.bytes_of.get(id_) and id_ not in books.damaged:
                self.found("L1", number, f"record {id_[:12]} was acknowledged and is another one")
            elif not row.withheld and store.record_at(row.author, row.seq) != id_:
                self.found("L1", number, f"record {id_[:12]} was acknowledged and its number is another's")
        for id_ in books.kept:
            row = store.record(id_)
            if row is None:
                self.found("L1", number, f"record {id_[:12]} was durable and is gone")
            elif row.kind in (SKILL, TOMBSTONE) and store.skill_state(ContentId(row.subject)) is None:
                self.found("L1", number, f"record {id_[:12]} was kept without its skill: half of a batch")
        for skill in books.buried:
            self._still_buried(number, skill)

    def _check_counts(self, number: int) -> None:
        """L4: what counts of everybody is what the ledger says, each receipt once."""
        one = self._world.residents[number]
        entries = [row.entry.receipt for row in one.store.ledger(0, ALL)]
        if len(entries) != len(dict.fromkeys(entries)):
            self.found("L4", number, "a receipt stands in the ledger twice")
        if one.inhabitant is None:
            return
        core = one.inhabitant.node.core
        fresh = Accounts(core.store, core.me, core.ring, core.settings.conduct)
        for subject in core.store.subjects():
            try:
                said, counted = core.accounts.account(subject), fresh.account(subject)
            except HansaError:
                continue
            if (said.good, said.bad) != (counted.good, counted.bad):
                what = f"{subject[-8:]} counts {said.good} good and {said.bad} bad, the ledger says {counted.good}"
                self.found("L4", number, f"{what} and {counted.bad}")

    def _no_zombies_anywhere(self) -> None:
        """L6 at the end: what was taken back anywhere is gone everywhere."""
        stones = (row for one in self._world.residents for row in one.store.tombstones())
        buried = {row.skill: None for row in stones if row.record not in self._ahead}
        for one in self._world.residents:
            for skill in buried:
                state = one.store.skill_state(skill)
                if state not in (SkillState.REMOVED, None) and skill not in self._ahead:
                    self.found("L6", one.number, f"skill {skill[:12]} was taken back elsewhere and is {state} here")


def _counters(one: Resident) -> Counters:
    assert one.inhabitant is not None  # noqa: S101 - only asked of nodes that run
    return one.inhabitant.node.core.counters
