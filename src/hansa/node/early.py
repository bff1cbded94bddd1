"""What came before what it rests on: remembered by its id, and asked for again by the pull after that has come.

Two sources bring the parts of one case in any order, and a feed's mark does not go back. What is remembered is bounded;
the oldest goes. Nothing is asked for before what it waits for is held here, so that waiting costs no calls.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping

from hansa.admission.service import Via
from hansa.kernel.errors import Refused, Unavailable
from hansa.kernel.ids import ContentId
from hansa.node.caseroom import NotYet
from hansa.node.core import Core
from hansa.node.driver import Effects
from hansa.node.inbox import Inbox
from hansa.node.rows import PutMark

WAITING = "came early"
"""Mark under which the ids of such records are kept, each with what it waits for and where it was seen."""

MOST_WAITING = 500

_GONE = (404, 410)
"""Answers by which a source has no such record any more."""


class Early:
    """Records that came too early."""

    def __init__(self, core: Core, inbox: Inbox) -> None:
        """Works for one node."""
        self._core = core
        self._inbox = inbox

    def waiting(self) -> dict[str, tuple[str, str]]:
        """Returns what each record waits for, and the address at which it was seen."""
        held = self._core.store.mark(WAITING)
        return {id_: (missing, url) for id_, (missing, url) in json.loads(held).items()} if held else {}

    async def remember(self, came: Mapping[str, str], url: str) -> None:
        """Keeps the ids of records that a source showed too early, each with what it waits for."""
        if came:
            await self._change({id_: (missing, url) for id_, missing in came.items()}, ())

    async def retry(self, url: str) -> list[ContentId]:
        """Asks a source again for what need not wait any more; returns what was taken.

        What it can't answer now is asked for again with the pull after that.
        """
        waiting = self.waiting()
        ready = [id_ for id_, (missing, seen) in waiting.items() if seen == url and self._is_held(missing)]
        taken: list[ContentId] = []
        still: dict[str, tuple[str, str]] = {}
        settled: list[str] = []
        for id_ in ready:
            try:
                answer = await self._core.caller.get(url, f"/records/{id_}")
            except Unavailable:
                break
            if answer.status in _GONE:
                settled.append(id_)
            if answer.status != 200:
                continue
            settled.append(id_)
            try:
                taken.append((await self._inbox.receive(answer.body, Via.FEED, url)).id)
            except NotYet as refusal:
                still[id_] = refusal.missing, url
            except Refused:
                continue  # noted and counted where every refusal is
        if settled:
            await self._change(still, settled)
        return taken

    def _is_held(self, record: str) -> bool:
        return bool(self._core.store.held([ContentId(record)]))

    async def _change(self, more: Mapping[str, tuple[str, str]], less: Collection[str]) -> None:
        """Adds to what waits, and takes from it; whoever else does so has their turn before or after."""
        async with self._core.turns.of(WAITING):
            left = {id_: one for id_, one in self.waiting().items() if id_ not in less} | dict(more)
            last = list(left.items())[-MOST_WAITING:]
            text = json.dumps(dict(last)) if last else ""
            if text != self._core.store.mark(WAITING):
                await self._core.driver.perform(Effects([PutMark(WAITING, text)]))
