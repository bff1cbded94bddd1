"""Carries out effects, in the picture's fixed order: append, then send, then show.

An effect that must survive a crash is a change in the store before anybody hears of it: what is to be sent lies in the
outbox first. Listeners are told last, and a slow one loses events rather than slowing the node down.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager

import msgspec

from hansa.kernel.errors import HansaError
from hansa.kernel.ids import ContentId
from hansa.kernel.instant import Instant
from hansa.kernel.plain import plain
from hansa.kernel.verdict import Box, Reason, Verdict
from hansa.node.events import Event, Kind, Shown, Stream, Value, Watcher
from hansa.node.lineages import Lineages
from hansa.node.membership import DropPeer
from hansa.node.ports import Clock, Index, Store
from hansa.node.rows import (
    AppendJournal,
    AppendLedger,
    Change,
    DropSubscription,
    JournalRow,
    PutOutbox,
    PutPeer,
    PutRecord,
    PutSkill,
    PutSubscription,
    WithholdRecord,
)
from hansa.node.spans import NO_SPANS, Spans

KEPT = (PutRecord, PutSkill)
"""What takes of its author's share; `X | Y` would be put together anew for each change."""

ACQUAINTANCE = (PutPeer, DropPeer, PutSubscription, DropSubscription)
"""What changes whom this node knows, or what the operator has settled about them."""

Kept = PutRecord | PutSkill | AppendLedger | WithholdRecord | PutPeer | DropPeer | PutSubscription | DropSubscription
_TOLD = (*KEPT, AppendLedger, WithholdRecord, *ACQUAINTANCE)
"""What the node remembers something of in memory, beside the store."""


class Effects(msgspec.Struct):
    """What a decision leads to.

    Attributes:
        changes: for the store, whole or not at all; deliveries are among them (`PutOutbox`).
        shows: events for whoever watches, once the changes are durable.
        index: skills to be found from now on, and the text to find them by.
        drops: skills to be found no more.
        recalls: skills that are recalled by this: whoever decides meanwhile is to know (`node.lineages`).
    """

    changes: list[Change] = []
    shows: list[Shown] = []
    index: list[tuple[ContentId, str]] = []
    drops: list[ContentId] = []
    recalls: list[ContentId] = []

    def show(self, kind: Kind, ref: str, text: str, **fields: Value) -> None:
        """Adds an event, with the fields that its kind carries (`node.events`)."""
        self.shows.append(Shown(kind, ref, text, fields))


class Driver:
    """Performs effects and keeps the last events for those who come late."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        index: Index,
        kept: Callable[[Kept], None],
        spans: Spans = NO_SPANS,
        lineages: Lineages | None = None,
    ) -> None:
        """Performs on `store` and `index`; `kept` is told of what is durable of `Kept`.

        Args:
            lineages: is told of what is handed to the store, and when that is settled.
        """
        self._kept = kept
        self._lineages = lineages or Lineages(store)
        self._spans = spans
        self._store = store
        self._index = index
        self._clock = clock
        self.stream = Stream(clock.now())
        self.outbox_filled = asyncio.Event()

    @property
    def history(self) -> deque[Event]:
        """The last events."""
        return self.stream.history

    async def perform(self, effects: Effects) -> None:
        """Appends, wakes the sender, shows.

        Raises:
            Refused, DiskFull, Fault: from the store; then nothing was changed, sent or shown.
        """
        (error,) = await self.perform_each([effects])
        if error is not None:
            raise error

    def perform_each(self, many: Sequence[Effects]) -> Coroutine[None, None, list[HansaError | None]]:
        """Performs several effects with one commit, each whole or not at all.

        They are handed to the store with the call; what follows from that happens when it is awaited.

        Returns:
            For each why nothing of it was done, or None.

        Raises:
            Fault: the store is closed.
        """
        written = self._store.apply_each([effects.changes for effects in many if effects.changes])
        noted = [effects for effects in many if self._lineages.handed(effects.changes, effects.recalls)]
        return self._perform(many, written, noted)

    async def _perform(
        self, many: Sequence[Effects], written: Awaitable[list[HansaError | None]], noted: Sequence[Effects]
    ) -> list[HansaError | None]:
        try:
            with self._spans.span("append", messages=len(many)):
                kept = iter(await written)
        finally:
            for effects in noted:
                self._lineages.settled(effects.changes, effects.recalls)
        outcomes = [next(kept) if effects.changes else None for effects in many]
        now = self._clock.now()
        for effects, error in zip(many, outcomes, strict=True):
            if error is None:
                self._show(effects, now)
        return outcomes

    def _show(self, effects: Effects, now: Instant) -> None:
        for change in effects.changes:
            if isinstance(change, AppendJournal):
                continue  # most changes are lines of the journal, or come with one
            if isinstance(change, _TOLD):
                self._kept(change)
            elif isinstance(change, PutOutbox) and not change.row.tries:
                self.outbox_filled.set()
        for skill, text in effects.index:
            self._index.add(skill, text)
        for skill in effects.drops:
            self._index.drop(skill)
        for shown in effects.shows:
            self.stream.show(shown, now)

    def note(self, ref: str, box: Box, verdict: Verdict | None, reason: Reason | None, detail: str = "") -> Change:
        """Returns the journal line for what happened to `ref` at a box."""
        word = verdict or "note"
        code = reason.code if reason else ""
        return AppendJournal(JournalRow(ref, box, word, code, plain(detail, 500), self._clock.now()))

    @contextmanager
    def listening(self) -> Iterator[Watcher]:
        """Gives a watcher that is offered every event while the block runs."""
        with self.stream.watching() as watcher:
            yield watcher
