"""Leases in advance (M12): what is expected to be needed in the next hours is asked for before it is needed.

With `trading.ahead` on, every five minutes:

1. of each leased resource, what was needed by hour is read from the signed leases, and forecast (`market.usage`)
2. an hour within `HOURS` that is short gets a request of its own, for that hour, as any other one on the market. It
   asks for no more than was ever needed, at no higher a price than was paid within the last week; there are `MAX_OPEN`
   of them at most
3. why is noted under the request's id (`hansa why`) and shown as an event

Whoever needs something then draws on what was leased ahead first (`draw`); only what is missing is asked for. What
nobody draws on counts as no need, so that a forecast that was wrong once does not go on by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from hansa.kernel.errors import HansaError
from hansa.kernel.ids import ContentId, NodeId
from hansa.kernel.instant import ALWAYS, HOUR, MINUTE, NEVER, Instant, iso
from hansa.kernel.resources import UNITS, Resource
from hansa.kernel.verdict import Box
from hansa.market.lease_states import HOLDS, State
from hansa.market.messages import Requested, request_id
from hansa.market.model import Window
from hansa.market.usage import (
    AHEAD,
    LONGEST,
    Hours,
    Outlook,
    Part,
    Short,
    ahead_number,
    covered,
    dearest,
    history,
    outlook,
    peak,
    shortage,
)
from hansa.node.core import Core
from hansa.node.driver import Effects
from hansa.node.events import Kind
from hansa.node.lease_history import LeaseHistory
from hansa.node.market import Market
from hansa.overlay.doing import Doing

HOURS = 3
"""Coming hours that are looked at: so far ahead is asked at most."""

LOOK_MS = 5 * MINUTE
"""How often it is looked."""

MAX_OPEN = 8
"""Requests ahead of time that are open at once: half of what a node may have, so that people's have room."""

TURN = "stall"
"""Name of the turn in which own offers and requests change."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """Units of a lease that was taken ahead of a need, for a while."""

    lease: ContentId
    lender: NodeId
    part: Part


class Ahead:
    """Asks for what will be needed."""

    def __init__(self, core: Core, market: Market, past: LeaseHistory) -> None:
        """Has looked at nothing yet."""
        self._core = core
        self._market = market
        self._past = past
        self._looked_at: Instant | None = None
        self._worker: asyncio.Task[None] | None = None

    # ---- what is expected

    def hours(self, resource: Resource) -> Hours:
        """Returns what happened to a resource by hour, of what was read last."""
        core = self._core
        return history(self._past.transfers(), self._past.drawn(), resource, core.me, core.now())

    def outlook(self, resource: Resource, hours: int) -> tuple[Hours, Outlook | None]:
        """Returns the past of a resource, and what is expected of it; None while too little is known."""
        past = self.hours(resource)
        return past, outlook(past.asked, self._core.now(), hours)

    def leased(self, resource: Resource, hour: Instant, beside: int = -1) -> int:
        """Returns the units that this node has leased for all of an hour.

        Args:
            beside: leases for the request with this number are left out.
        """
        parts = [
            Part(one.ask.amount, one.ask.window)
            for one in self._market.borrower.loans.values()
            if one.ask.resource is resource and one.request != beside
            and (one.waits or (one.lease is not None and one.lease.state in HOLDS))
        ]  # fmt: skip
        return covered(parts, hour)

    # ---- time

    @property
    def due(self) -> Instant:
        """Always where it is on, as it goes by the clock of the world."""
        return ALWAYS if self._market.settings.trading.ahead else NEVER

    def tick(self, now: Instant) -> Doing:
        """Looks ahead, where it is time to."""
        at, last = self._core.now(), self._looked_at
        is_time = last is None or not last <= at < last + LOOK_MS
        is_on = self._market.settings.trading.ahead
        if is_on and is_time and self._worker is None and self._core.in_overlay and not self._core.asks_first:
            self._looked_at = at
            self._worker = asyncio.get_running_loop().create_task(self._look())
        return Doing()

    async def stop(self) -> None:
        """Waits for what is being done."""
        if self._worker is not None:
            await asyncio.gather(self._worker, return_exceptions=True)

    async def _look(self) -> None:
        try:
            for _ in self._past.reading(Instant(self._core.now() - LONGEST * HOUR)):
                await asyncio.sleep(0)  # others have their turn
            for resource in Resource:
                await asyncio.sleep(0)
                if UNITS[resource].leased:
                    for short in self.short(resource):
                        await self._ask(short)
        except HansaError:  # no room in the store, say: the next look does it
            return
        finally:
            self._worker = None

    def short(self, resource: Resource) -> list[Short]:
        """Returns the coming hours of a resource that are short, and what is to be asked for them."""
        past, expected = self.outlook(resource, HOURS)
        if expected is None:
            return []
        me, now = self._core.me, self._core.now()
        leased = {at: self.leased(resource, at, ahead_number(resource, at)) for at, _ in expected.hours()}
        paid = dearest(self._past.transfers(), resource, me, now)
        return shortage(resource, expected.hours(), leased, max(past.asked), paid)

    async def _ask(self, short: Short) -> None:
        core, stall = self._core, self._market.stall
        number = ahead_number(short.resource, short.hour)
        async with core.turns.of(TURN):
            now = core.now()
            held = stall.requests(now)
            before = held[number].amount if number in held else 0
            many = sum(one >= AHEAD for one in held)
            if short.hour <= now or short.amount <= before or (not before and many >= MAX_OPEN):
                return
            one = Requested(
                number=number, resource=short.resource, amount=short.amount, least=1, urgency=0, most=short.most,
                begins=short.hour, ends=short.hour + HOUR, lasts=HOUR,
            )  # fmt: skip
            await stall.ask_for(one)
        ref = request_id(core.me, one)
        text = f"{short.amount} of {short.resource} asked for ahead of {iso(short.hour)}: {short}"
        effects = Effects([core.driver.note(ref, Box.DOMAIN, None, None, text)])
        effects.show(
            Kind.REQUEST_AHEAD, ref, text, resource=short.resource.value, amount=short.amount,
            expected=short.expected, leased=short.leased, hour=short.hour,
        )  # fmt: skip
        await core.driver.perform(effects)

    # ---- using what was leased ahead

    def drawable(self, resource: Resource, amount: int, window: Window, lasts: int) -> list[Drawn]:
        """Returns what can be taken of what was leased ahead; nothing is taken by this.

        Args:
            amount: units.
            window: from when on, and by when it must be over.
            lasts: milliseconds for which they are needed.
        """
        found, left = list[Drawn](), amount
        for loan in self._market.borrower.loans.values():
            lease, of_it = loan.lease, loan.ask.window
            begins = max(window.begins, of_it.begins)
            fits = begins + lasts <= min(window.ends, of_it.ends)
            if loan.request < AHEAD or lease is None or lease.state is not State.ACTIVE:
                continue
            if loan.ask.resource is resource and fits and left:
                use = Window(begins, Instant(begins + lasts))
                units = min(left, loan.ask.amount - peak(self._past.drawn_of(loan.ask.id), use))
                if units > 0:
                    found.append(Drawn(loan.ask.id, loan.lender, Part(units, use)))
                    left -= units
        return found

    async def draw(self, found: Sequence[Drawn]) -> None:
        """Notes that something is taken of what was leased ahead."""
        if found:
            await self._core.driver.perform(Effects([self._past.draw(one.lease, one.part) for one in found]))
