"""Letters: records for one node that go over the overlay, along a route, until it says that they came.

Acknowledgements go to whoever took a skill back; what is said of leases goes to their other end.

1. they lie in the outbox, for an address that names a node (`outbox.over_links`), and so survive a restart
2. acknowledgements are sent each at a moment of its own, for all holders of a skill hear of its recall at once
3. one that nobody says has come is sent again, ever more rarely, and given up in the end (`MANNERS`)
4. none goes round by gossip where no route is known: it is for one node, and would go to all
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from hansa.identity import envelope, peek
from hansa.kernel.errors import HansaError
from hansa.kernel.ids import ContentId, NodeId
from hansa.kernel.instant import DAY, HOUR, MINUTE, SECOND, Instant
from hansa.kernel.verdict import BY_CODE, Box, Reason, Verdict
from hansa.market.messages import ACT, ASK, LEASE
from hansa.node.core import Core
from hansa.node.driver import Effects
from hansa.node.events import AFTER_DELIVERY, Kind
from hansa.node.outbox import node_in, over_links
from hansa.node.rows import OutboxRow, PutOutbox, RecordRow
from hansa.node.vault import open_record
from hansa.overlay.doing import Doing, Happened
from hansa.overlay.gossip import LATER
from hansa.overlay.routes import Routes
from hansa.skills.messages import ACKNOWLEDGEMENT
from hansa.skills.work import WORK, WORKED
from hansa.swarm.messages import TASK, TASK_SAID, TASK_STOP

ALONE = frozenset({WORK, WORKED, TASK, TASK_SAID, TASK_STOP})
"""Kinds that are no letters, and for one node all the same."""

LONGEST_MS = HOUR
LOOK_MS = MINUTE
"""How often the outbox is read: the operator may have put something back."""

AT_ONCE = 32
"""Letters that are sent in one turn."""

FATES = ("delivered", "refused")
"""What `Routes` says of an envelope that came."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How a kind is sent: within which time first, after which again, and when it is given up; in milliseconds."""

    spread_ms: int
    again_ms: int
    give_up_ms: int


MANNERS = {
    ACKNOWLEDGEMENT: Manner(5 * SECOND, 30 * SECOND, 7 * DAY),
    ASK: Manner(1, 4 * SECOND, 20 * SECOND),
    LEASE: Manner(1, 4 * SECOND, DAY),
    ACT: Manner(1, 4 * SECOND, DAY),
}
"""The kinds that are letters. An ask that is not answered soon is asked of somebody else."""


@dataclass(slots=True)
class _Letter:
    row: OutboxRow
    whom: NodeId
    due: Instant
    manner: Manner


class Answering:
    """Brings letters along routes."""

    def __init__(
        self,
        core: Core,
        routes: Routes,
        perform: Callable[[Effects], None],
        told: Callable[[ContentId, Reason | None], None] | None = None,
    ) -> None:
        """Works for one node.

        Args:
            perform: has effects performed.
            told: hears of each letter that is refused, and why.
        """
        self._told = told
        self._core = core
        self._routes = routes
        self._perform = perform
        self._letters: dict[tuple[ContentId, str], _Letter] = {}  # by record and address
        self._looked_at: Instant | None = None

    def kept(self, row: RecordRow, now: Instant) -> None:
        """Notes a letter that this node has just written."""
        if row.kind == LEASE and row.author == self._core.me:
            self._looked_at = None  # copies may come with it, or come no more
        if row.kind in MANNERS and row.author == self._core.me:
            for one in self._core.store.deliveries_of(row.id):
                self._note(one, row.kind, now)

    def _note(self, row: OutboxRow, kind: str, now: Instant) -> None:
        whom, manner = node_in(row.url), MANNERS.get(kind, MANNERS[ACKNOWLEDGEMENT])
        if whom is not None and row.state == "pending" and (row.record, row.url) not in self._letters:
            due = Instant(now + int(row.record[:8], 16) % manner.spread_ms)
            self._letters[row.record, row.url] = _Letter(row, whom, due, manner)

    @property
    def due(self) -> Instant:
        """Before then nothing comes of `tick`."""
        return Instant(0 if self._letters or self._looked_at is None else self._looked_at + LOOK_MS)

    def tick(self, now: Instant) -> Doing:
        """Sends what is due."""
        if self._looked_at is None or now >= self._looked_at + LOOK_MS:
            self._looked_at = now
            pending = [one for one in self._core.store.outbox("pending", limit=10_000) if node_in(one.url)]
            held = dict.fromkeys((one.record, one.url) for one in pending)
            self._letters = {name: one for name, one in self._letters.items() if name in held}
            for row in pending:
                if (row.record, row.url) not in self._letters:
                    written = self._core.store.record(row.record)
                    self._note(row, written.kind if written is not None else "", now)
        doing = Doing()
        for one in [one for one in self._letters.values() if now >= one.due][:AT_ONCE]:
            doing.add(self._send(one, now))
        return doing

    def _send(self, one: _Letter, now: Instant) -> Doing:
        if self._core.now() >= one.row.at + one.manner.give_up_ms:
            self._end(one, "dropped", "nobody said that it came")
            return Doing()
        raw = self._raw(one.row.record)
        if raw is None:
            self._end(one, "refused", "the record is gone or damaged", Reason.CORRUPT)
            return Doing()
        one.due = Instant(now + min(one.manner.again_ms << min(one.row.tries, 16), LONGEST_MS))
        one.row = replace(one.row, tries=one.row.tries + 1)
        return self._routes.carry(raw, one.whom, now)

    def _raw(self, id_: ContentId) -> bytes | None:
        record = self._core.store.record(id_)
        try:
            return open_record(record, self._core.ring).raw if record is not None else None
        except HansaError:
            return None

    def came(self, event: Happened) -> None:
        """Takes what became of an envelope that was carried; those of others are let be."""
        id_, _, code = event.detail.partition(" ")
        one = self._letters.get((ContentId(id_), over_links(NodeId(event.about))))
        if event.name in FATES and one is not None:
            reason = BY_CODE.get(code)
            if reason not in LATER and reason is not Reason.RESTORED:
                self._end(one, event.name, code, reason)

    def goes_alone(self, raw: bytes) -> bool:
        """Says whether an envelope is one that gossip does not carry, although no way for it is known."""
        signed = envelope.read(raw)
        kind = peek.named_kind(signed)
        return kind in MANNERS or kind in ALONE or any(id_ == signed.id for id_, _ in self._letters)

    def _end(self, one: _Letter, state: str, detail: str, reason: Reason | None = None) -> None:
        row, core = one.row, self._core
        if self._told is not None and state == "refused":
            self._told(row.record, reason)
        self._letters.pop((row.record, row.url), None)
        code = reason.code if reason is not None else ""
        effects = Effects([PutOutbox(replace(row, state=state, reason=code, at=core.now()))])
        verdict = {"delivered": Verdict.ACCEPT, "refused": Verdict.REJECT}.get(state)
        note = f"{state} at {row.url}" + (f": {detail}" if detail else "")
        effects.changes.append(core.driver.note(row.record, Box.SEND, verdict, reason, note))
        kind = AFTER_DELIVERY.get(state, Kind.DELIVERY_DROPPED)
        effects.show(kind, row.record, note, url=row.url, **({"reason": code} if state == "refused" else {}))
        if state in FATES:
            core.meters.deliveries[state] += 1
        self._perform(effects)
