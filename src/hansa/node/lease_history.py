"""What this node has lent, borrowed and copied, as plain values for figures and forecasts, from what both ends signed.

Reading a lease means checking the signatures of all that was said of it; so what can't change any more is read once,
and the others each time. How far back it goes is bounded by time and by number.

    for done, total in history.reading(since): ...        # a page at a time: others have their turn meanwhile
    history.transfers()
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from hansa.kernel.ids import ContentId
from hansa.kernel.instant import DAY, Instant
from hansa.kernel.resources import UNITS, Resource
from hansa.market.flows import Transfer
from hansa.market.lease_states import State
from hansa.market.model import Window
from hansa.market.usage import Part
from hansa.node.core import Core
from hansa.node.lease_list import LeaseList, Story
from hansa.node.rows import PutMark
from hansa.skills.messages import SKILL
from hansa.skills.model import Origin, SkillState

MAX_READ = 10_000
"""Leases, and copies, that are looked at; older ones are left out."""

PAGE = 25

REACH_MS = 9 * DAY
"""How long before its window ends a lease is asked for at most, with room: a week ahead, and a day of it."""


def drawn_mark(lease: ContentId) -> str:
    """Returns the mark under which it is kept what was drawn of a lease that was taken ahead of a need."""
    return f"drawn {lease}"


class LeaseHistory:
    """Reads leases for figures."""

    def __init__(self, core: Core) -> None:
        """Has read nothing."""
        self._core = core
        self._list = LeaseList(core)
        self._over: dict[int, Transfer] = {}
        self._held: dict[int, Transfer] = {}

    def reading(self, since: Instant) -> Iterator[tuple[int, int]]:
        """Reads what may matter since an instant; yields after each page how much is read, of how much at most."""
        top = self._list.count()
        total, number, found = min(top, MAX_READ), top + 1, dict[int, Transfer]()
        while number > 1 and len(found) < MAX_READ:
            number, one = self._next(number)
            if one is None or one.window.ends < since - REACH_MS:
                break
            found[number] = one
            if len(found) % PAGE == 0:
                yield len(found), total
        self._held = found
        self._over = {key: one for key, one in found.items() if self._is_settled(one)}
        yield total, total

    def _next(self, number: int) -> tuple[int, Transfer | None]:
        """Returns the lease before a number, and its own number; None when there is none."""
        if number - 1 in self._over:
            return number - 1, self._over[number - 1]
        page = self._list.page(number, 1)
        return (page[0][0], _transfer(self._core.me, page[0][1])) if page else (0, None)

    def _is_settled(self, one: Transfer) -> bool:
        return one.state in (State.SETTLED, State.BROKEN, State.RELEASED, State.LAPSED) or (
            one.state is None and one.window.ends + DAY < self._core.now()
        )

    def transfers(self) -> list[Transfer]:
        """Returns the leases that were read last, the newest first."""
        return list(self._held.values())

    def copies(self, since: Instant) -> list[Transfer]:
        """Returns the skills that came in from others since an instant, the newest first; none that a lease brought."""
        store, found = self._core.store, list[Transfer]()
        leased = {id_ for one in self._held.values() if one.borrower == self._core.me for id_ in one.records}
        for id_ in reversed(store.ids_of_skills(tuple(SkillState))):
            row = store.skill(id_)
            if row is None or row.origin is not Origin.PEER:
                continue
            if row.added < since or len(found) >= MAX_READ:
                break
            if leased and any(one.id in leased for one in store.records_about(id_, SKILL)):
                continue
            at = Instant(row.added)
            found.append(
                Transfer(
                    id_, row.author, self._core.me, Resource.LEARNED_PATTERNS, 1, Window(at, at), State.SETTLED, at
                )
            )
        return found

    # ---- what was drawn of leases that were taken ahead

    def drawn(self) -> Mapping[ContentId, Sequence[Part]]:
        """Returns what was drawn of each lease that was read and was drawn on."""
        parts = {one.id: self.drawn_of(one.id) for one in self._held.values() if one.borrower == self._core.me}
        return {id_: one for id_, one in parts.items() if one}

    def drawn_of(self, lease: ContentId) -> list[Part]:
        """Returns what was drawn of one lease; nothing where that can't be read."""
        text = self._core.store.mark(drawn_mark(lease))
        if not text:
            return []
        try:
            rows = msgspec.json.decode(text, type=list[tuple[int, int, int]])
        except msgspec.DecodeError:
            return []
        return [Part(many, Window(Instant(begins), Instant(ends))) for many, begins, ends in rows]

    def draw(self, lease: ContentId, part: Part) -> PutMark:
        """Returns the change that notes that something is drawn of a lease."""
        rows = [(one.amount, one.window.begins, one.window.ends) for one in [*self.drawn_of(lease), part]]
        return PutMark(drawn_mark(lease), msgspec.json.encode(rows).decode())


def _transfer(me: str, story: Story) -> Transfer:
    ask, lease = story.ask, story.lease
    state = lease.state if lease is not None else None
    ended = lease.ended if lease is not None else None
    return Transfer(
        ask.id, story.lender, ask.borrower, ask.resource, ask.amount, ask.window, state, ended,
        story.request if ask.borrower == me else 0, ask.price, lease.cost if lease is not None else 0,
        lease.used if lease is not None and not UNITS[ask.resource].leased else 0,
        lease.records if lease is not None else (),
    )  # fmt: skip
