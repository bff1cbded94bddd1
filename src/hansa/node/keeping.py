"""What is decided on, and on its way to the disk, while what comes after it is decided on.

Each message is decided on as if those before it had been kept already. `Span` sees to that: it is a run of messages of
which none needs to see what another one has changed. Where one does, the span before it is kept first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

import msgspec

from hansa.admission.service import Equivocation
from hansa.identity.envelope import Verified
from hansa.kernel.errors import HansaError
from hansa.kernel.ids import ContentId, NodeId
from hansa.node.driver import Effects
from hansa.node.gathering import Arrival, Fate, Taken
from hansa.skills import messages

_SEE_LITTLE = (messages.EVIDENCE, messages.SKILL, messages.ACKNOWLEDGEMENT)
"""Kinds after which not everything must wait until they are kept."""


class Span(msgspec.Struct, eq=False):
    """Messages that are decided on and not kept yet, and what is changed by them."""

    decided: list[tuple[Arrival, Fate, Effects]] = []
    _ids: set[ContentId] = msgspec.field(default_factory=set)
    _places: set[tuple[NodeId, int]] = msgspec.field(default_factory=set)
    _touched: set[str] = msgspec.field(default_factory=set)
    _changed: set[str] = msgspec.field(default_factory=set)
    _barrier: bool = False
    _said: set[tuple[NodeId, str]] = msgspec.field(default_factory=set)

    def add(self, one: Arrival, fate: Fate, effects: Effects) -> None:
        """Takes a message in that was decided on."""
        self.decided.append((one, fate, effects))
        if isinstance(fate, Taken):
            header = fate.message.header
            self._ids.add(fate.id)
            self._places.add((fate.message.author, header.seq))
            self._touched.add(fate.subject)
            if fate.kind == messages.ACKNOWLEDGEMENT:
                self._said.add((fate.message.author, fate.subject))
            elif fate.kind != messages.EVIDENCE:
                self._changed.add(fate.subject)
            self._barrier |= fate.kind not in _SEE_LITTLE
        elif isinstance(fate, Equivocation):
            self._barrier = True  # comes with a proof, which is kept once

    def clashes(self, one: Arrival) -> bool:
        """Says whether `one` must see what was decided here before it is decided on itself.

        Two findings about a skill don't see each other, nor do acknowledgements of several authors. A skill sees all
        that is said of it, and by its lineage other skills. Whatever else there is is rare, and sees everything.
        """
        message = one.read
        if not self.decided or isinstance(message, HansaError):
            return False
        if self._barrier or message.id in self._ids or (message.author, message.header.seq) in self._places:
            return True
        if message.header.kind == messages.EVIDENCE:
            return one.subject in self._changed
        if message.header.kind == messages.ACKNOWLEDGEMENT:
            return one.subject in self._changed or (message.author, one.subject) in self._said
        if message.header.kind == messages.SKILL:
            return one.subject in self._touched or bool(self._changed and _lineage(message))
        return True


def _lineage(message: Verified) -> bool:
    skill = message.body.get("skill")
    return not isinstance(skill, dict) or bool(skill.get("lineage"))


class Keeping:
    """Spans that are being written, in their order, while the next one is decided on."""

    def __init__(self) -> None:
        """Begins with nothing."""
        self._spans: dict[asyncio.Task[None], tuple[Span, Callable[[], None]]] = {}

    def clashes(self, one: Arrival) -> bool:
        """Says whether `one` must see what is being written before it is decided on."""
        return bool(self._spans) and any(span.clashes(one) for span, _ in self._spans.values())

    def add(self, span: Span, written: Coroutine[None, None, None], ended: Callable[[], None]) -> None:
        """Waits for a span that was handed to the store.

        Args:
            written: ends when those in it were told.
            ended: called once then, whatever happened.
        """
        task = asyncio.create_task(written)
        self._spans[task] = span, ended
        task.add_done_callback(self._end)

    async def until(self, most: int) -> None:
        """Returns when at most that many spans are being written; what becomes of them is told to others."""
        while len(self._spans) > most:
            first = next(iter(self._spans))
            await asyncio.wait([first])
            self._end(first)  # no need to wait until it is called

    def _end(self, task: asyncio.Task[None]) -> None:
        _, ended = self._spans.pop(task, (None, _nothing))
        ended()


def _nothing() -> None:
    """Has been done."""
