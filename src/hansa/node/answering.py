"""Acknowledgements that go over the overlay: to whoever took a skill back, along a route, until it says that it came.

1. they lie in the outbox, for an address that names a node (`outbox.over_links`), and so survive a restart
2. each is sent at a moment of its own within `SPREAD_MS`, for all holders of a skill hear of its recall at once
3. one that nobody says has come is sent again, ever more rarely, and given up a week after it was made
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
from hansa.node.core import Core
from hansa.node.driver import Effects
from hansa.node.events import AFTER_DELIVERY, Kind
from hansa.node.outbox import node_in
from hansa.node.rows import OutboxRow, PutOutbox, RecordRow
from hansa.node.vault import open_record
from hansa.overlay.doing import Doing, Happened
from hansa.overlay.gossip import LATER
from hansa.overlay.routes import Routes
from hansa.skills.messages import ACKNOWLEDGEMENT

SPREAD_MS = 5 * SECOND
AGAIN_MS = 30 * SECOND
LONGEST_MS = HOUR
LOOK_MS = MINUTE
"""How often the outbox is read: the operator may have put something back."""

GIVE_UP_MS = 7 * DAY

AT_ONCE = 32
"""Acknowledgements that are sent in one turn."""

FATES = ("delivered", "refused")
"""What `Routes` says of an envelope that came."""


@dataclass(slots=True)
class _Letter:
    row: OutboxRow
    whom: NodeId
    due: Instant


class Answering:
    """Brings acknowledgements along routes."""

    def __init__(self, core: Core, routes: Routes, perform: Callable[[Effects], None]) -> None:
        """Works for one node.

        Args:
            perform: has effects performed.
        """
        self._core = core
        self._routes = routes
        self._perform = perform
        self._letters: dict[ContentId, _Letter] = {}
        self._looked_at: Instant | None = None

    def kept(self, row: RecordRow, now: Instant) -> None:
        """Notes an acknowledgement that this node has just made."""
        if row.kind == ACKNOWLEDGEMENT and row.author == self._core.me:
            for one in self._core.store.deliveries_of(row.id):
                self._note(one, now)

    def _note(self, row: OutboxRow, now: Instant) -> None:
        whom = node_in(row.url)
        if whom is not None and row.state == "pending" and row.record not in self._letters:
            self._letters[row.record] = _Letter(row, whom, Instant(now + int(row.record[:8], 16) % SPREAD_MS))

    @property
    def due(self) -> Instant:
        """Before then nothing comes of `tick`."""
        return Instant(0 if self._letters or self._looked_at is None else self._looked_at + LOOK_MS)

    def tick(self, now: Instant) -> Doing:
        """Sends what is due."""
        if self._looked_at is None or now >= self._looked_at + LOOK_MS:
            self._looked_at = now
            pending = [one for one in self._core.store.outbox("pending", limit=10_000) if node_in(one.url)]
            held = dict.fromkeys(one.record for one in pending)
            self._letters = {id_: one for id_, one in self._letters.items() if id_ in held}
            for row in pending:
                self._note(row, now)
        doing = Doing()
        for one in [one for one in self._letters.values() if now >= one.due][:AT_ONCE]:
            doing.add(self._send(one, now))
        return doing

    def _send(self, one: _Letter, now: Instant) -> Doing:
        if self._core.now() >= one.row.at + GIVE_UP_MS:
            self._end(one, "dropped", "nobody said that it came")
            return Doing()
        raw = self._raw(one.row.record)
        if raw is None:
            self._end(one, "refused", "the record is gone or damaged", Reason.CORRUPT)
            return Doing()
        one.due = Instant(now + min(AGAIN_MS << min(one.row.tries, 16), LONGEST_MS))
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
        one = self._letters.get(ContentId(id_))
        if event.name in FATES and one is not None and one.whom == event.about:
            reason = BY_CODE.get(code)
            if reason not in LATER:
                self._end(one, event.name, code, reason)

    def goes_alone(self, raw: bytes) -> bool:
        """Says whether an envelope is one that gossip does not carry, although no way for it is known."""
        return peek.named_kind(envelope.read(raw)) == ACKNOWLEDGEMENT

    def _end(self, one: _Letter, state: str, detail: str, reason: Reason | None = None) -> None:
        row, core = one.row, self._core
        self._letters.pop(row.record, None)
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
