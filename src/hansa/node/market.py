"""The node's market: what it lends and borrows over the overlay, with nobody in the middle (M5 to M8, ADR 0046).

stall      its own offers and requests          said to all, again and again
bazaar     those of others, as they say them
clear      all of them weighed by this node's own terms; of what falls to its own requests, lenders are asked
lender     grants its own units alone, each once
borrower   takes what is granted, and agrees to what it cost or does not
lent       runs what borrowers bring; proofs: what this node brings to lenders (ADR 0051)
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache

import msgspec

from hansa.admission.service import Admitted
from hansa.conduct.beta import SCALE
from hansa.conduct.trust import trust
from hansa.identity.envelope import Verified
from hansa.kernel.errors import HansaError, Refused
from hansa.kernel.ids import ContentId, NodeId
from hansa.kernel.instant import ALWAYS, HOUR, NEVER, SECOND, Instant
from hansa.kernel.resources import UNITS, Resource
from hansa.kernel.verdict import Reason
from hansa.market.clearing import Cleared, clear
from hansa.market.lease import peak
from hansa.market.messages import (
    ACT,
    ASK,
    LASTING,
    LEASE,
    OFFERS,
    REQUESTS,
    Offered,
    Offers,
    Requested,
    Requests,
    as_offer,
    offer_id,
)
from hansa.market.model import URGENCY, Match, Offer, Request, Window
from hansa.market.policy import Views
from hansa.market.quantities import span
from hansa.node.balances import Balances
from hansa.node.bazaar import Bazaar
from hansa.node.borrowed_proofs import BorrowedProofs
from hansa.node.borrowing import Borrower, Loan
from hansa.node.core import Core
from hansa.node.driver import Effects
from hansa.node.hearsay import Room
from hansa.node.lease_list import LeaseList
from hansa.node.lending import TURN, Lender
from hansa.node.lent_slots import Carry, LentSlots
from hansa.node.market_settings import MarketSettings
from hansa.node.rows import PutRecord, RecordRow
from hansa.node.stall import Stall
from hansa.node.weighing import offers_weighed, requests_weighed, solved
from hansa.overlay.doing import Doing, Say
from hansa.skills.work import WORK, WORKED

REFUSED_MS = 10 * SECOND
"""How long an offer is passed over after its lender has refused: by then it says what is left of it."""

SAY_LOOK_MS = SECOND
"""How often it is looked whether there is something new to say: what is free of each offer is reckoned for that."""

OFTEN = 3
"""Refusals of a lender in a day from which on all of its offers are passed over, for twice as long each time."""

LONGEST_MS = HOUR
"""How long that is at most."""

LATELY = 64
"""Leases that are over and are remembered after a restart, so that what they were for is not asked for again."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a clearing was made from, and what it came to.

    Attributes:
        left_out: lenders that offer what is asked for and are not asked now, with why.
    """

    requests: tuple[Request, ...]
    offers: tuple[Offer, ...]
    cleared: Cleared
    left_out: Mapping[NodeId, str]


class Market:
    """One node's market."""

    def __init__(self, core: Core, settings: MarketSettings, capacities: Mapping[Resource, int]) -> None:
        """Takes up what was kept.

        Args:
            capacities: units that the operator lets this node lend at once; of others, what is on offer.
        """
        settings.validate()
        self._core = core
        self.settings = settings
        self._capacities = capacities
        self._capacity: dict[Resource, int] = {}
        self.stall = Stall(core)
        self.bazaar = Bazaar(core.settings.admission.window_ms)
        self.leases = LeaseList(core)
        self.balances = Balances(core)
        self.lender = Lender(core, settings, self._capacity, lambda: self.stall.offers(core.now()))
        self.borrower = Borrower(core, settings)
        self.lent = LentSlots(core, self.lender.book, settings.slots)
        self.proofs = BorrowedProofs(core, self.borrower, settings.checking)
        self.borrower.under_way = self.proofs.bringing.under_way
        self._passed_over: dict[str, tuple[Instant, int]] = {}
        self._said: tuple[list[Offered], Requests, Instant] = [], Requests(requests=()), ALWAYS
        self._in_overlay = False
        self._worker: asyncio.Task[None] | None = None
        self._cleared_at = self._looked_at = ALWAYS
        core.on_record |= dict.fromkeys(LASTING, self._kept)
        self._restore()

    def _restore(self) -> None:
        lately = [story for _, story in self.leases.page(limit=LATELY)]
        for story in [*self.leases.unclosed(), *lately]:
            if story.ask.borrower == self._core.me:
                self.borrower.restore(story)
            elif story.lease is not None:
                self.lender.book.keep(story.lease)
        self._measure()

    def _measure(self) -> None:
        """Notes how much this node lends at once."""
        offered: dict[Resource, int] = {}
        for one in self.stall.offers(self._core.now()).values():
            offered[one.resource] = offered.get(one.resource, 0) + one.amount
        self._capacity.clear()
        self._capacity.update({one: self._capacities.get(one, many) for one, many in offered.items()})

    def now(self) -> Instant:
        """Returns the present instant of the world: leases are promises in it."""
        return self._core.now()

    # ---- the one way in

    def decide(self, admitted: Admitted, record: PutRecord) -> tuple[str, Effects]:
        """Returns the lease that a lasting message is about, and what follows from it.

        Raises:
            Refused: see `Lender` and `Borrower`.
        """
        rooms = {ASK: self.lender.asked, ACT: self.lender.acted, LEASE: self.borrower.told}
        return rooms[admitted.message.header.kind](admitted, record)

    def _kept(self, row: RecordRow) -> None:
        self.lender.kept(row)
        self.borrower.kept(row)

    def heard(self, said: Verified, via: NodeId, now: Instant) -> Doing:
        """Takes in what somebody offers or asks for.

        Raises:
            Refused: BAD_BODY.
        """
        if said.author != self._core.me:
            self.bazaar.heard(said)
        return Doing()

    def gone(self, whom: NodeId) -> None:
        """Forgets what a node had on offer that has left or is dead: it says so again when it is back."""
        self.bazaar.forget(whom)

    def answered(self, ask: ContentId, reason: Reason | None) -> None:
        """Notes that a lender refuses an ask, or gives no reason."""
        loan = self.borrower.loans.get(ask)
        if loan is not None and reason is not None:
            self.borrower.refused(ask, reason.code)
            self._pass_over(loan)

    def _pass_over(self, loan: Loan) -> None:
        """Asks for the offer no more for a while, and nor its lender where it refuses again and again."""
        now = self._core.now()
        held = {one: (at, wait) for one, (at, wait) in self._passed_over.items() if at <= now < at + wait}
        held[loan.ask.offer] = now, REFUSED_MS
        again = self.borrower.refusals(loan.lender, now) - OFTEN
        if again >= 0:
            held[loan.lender] = now, min(REFUSED_MS << min(again, 16), LONGEST_MS)
        self._passed_over = held

    # ---- time

    def rooms(self) -> dict[str, Room]:
        """Returns who is concerned by the market's live words, by kind."""
        said = dict.fromkeys((OFFERS, REQUESTS), self.heard)
        return {**said, WORK: self.lent.heard, WORKED: self.proofs.bringing.heard}

    def start(self, carry: Carry = lambda _, __: None) -> None:
        """Trades over the overlay from now on.

        Args:
            carry: sends a signed envelope to one node.
        """
        self._in_overlay = True
        self.lent.open(carry)
        self.proofs.bringing.open(carry)
        self._said = [], Requests(requests=()), ALWAYS

    async def stop(self) -> None:
        """Trades no more, and waits for what is being done."""
        self._in_overlay = False
        self.proofs.bringing.close()
        await self.lent.close()
        if self._worker is not None:
            await asyncio.gather(self._worker, return_exceptions=True)

    @property
    def due(self) -> Instant:
        """Always where there is anything, as what it does depends on the clock of the world."""
        return ALWAYS if self._is_work(self._core.now()) or self._said[0] or self._said[1].requests else NEVER

    def tick(self, now: Instant) -> Doing:
        """Says what is on offer and asked for, moves leases on, and asks lenders."""
        if self._in_overlay and self._worker is None and self._is_work(self._core.now()):
            self._worker = asyncio.get_running_loop().create_task(self._work())
        now = self._core.now()
        if self._looked_at <= now < self._looked_at + SAY_LOOK_MS:
            return Doing()
        self._looked_at = now
        return self._say(now)

    def _is_work(self, now: Instant) -> bool:
        return self.stall.is_open(now) or bool(self.borrower.loans) or self.lender.book.is_open

    async def _work(self) -> None:
        try:
            with suppress(HansaError):  # a damaged store, say: it is tried again in the next turn
                await self.lender.tick()
                self.borrower.tick(self._core.now(), self.stall.requests(self._core.now()))
                await self._note_over()
                await self._ask()
        finally:
            self._worker = None

    async def _note_over(self) -> None:
        async with self._core.turns.of(TURN):  # what is durable is in the books, too, once nobody keeps anything
            await self._note_over_now()

    async def _note_over_now(self) -> None:
        lent = [one.id for one in self.lender.book.all() if not one.is_over]
        wanted = self.stall.requests(self._core.now())
        loans = self.borrower.loans.items()
        borrowed = [id_ for id_, one in loans if not one.is_over or (one.counts and one.request in wanted)]
        mark = self.leases.upto([*lent, *borrowed])
        if mark is not None:
            await self._perform(Effects([mark]))

    async def _perform(self, effects: Effects) -> None:
        try:
            await self._core.driver.perform(effects)
        except HansaError:  # no room for it, say: it is tried again in the next turn
            return

    def _say(self, now: Instant) -> Doing:
        """Says own offers and requests where they have changed, or were said long ago."""
        self._measure()
        offers = [msgspec.structs.replace(one, free=self.free(one, now)) for one in self.stall.said(now)]
        requests = Requests(requests=tuple(self.open_requests(now).values()))
        old, before, at = self._said
        again = not at <= now < at + self.settings.trading.say_ms  # also where the clock was set back
        doing = Doing()
        if offers != old or (again and offers):
            doing.says.append(Say(OFFERS, msgspec.to_builtins(Offers(offers=tuple(offers)))))
        if requests != before or (again and requests.requests):
            doing.says.append(Say(REQUESTS, msgspec.to_builtins(requests)))
        if doing.says or again:
            self._said = offers, requests, now
        return doing

    def free(self, one: Offered, now: Instant) -> int:
        """Returns the units of an own offer that are free from now on to its end."""
        window = Window(max(now, Instant(one.begins)), Instant(one.ends))
        id_, book = offer_id(self._core.me, one), self.lender.book
        if not UNITS[one.resource].leased:  # copies take nothing from anybody
            return one.amount
        of_it = [held for held in book.holding(one.resource) if held.offer == id_]
        return max(0, min(one.amount - peak(of_it, window), book.free(one.resource, window)))

    # ---- clearing

    def open_requests(self, now: Instant) -> dict[int, Requested]:
        """Returns own requests with what is still missing of them."""
        served: dict[int, int] = {}
        for loan in self.borrower.loans.values():
            if loan.counts:
                served[loan.request] = served.get(loan.request, 0) + loan.ask.amount
        left = {}
        for number, one in self.stall.requests(now).items():
            missing = one.amount - served.get(number, 0)
            if missing > 0:
                left[number] = msgspec.structs.replace(one, amount=missing, least=min(one.least, missing))
        return left

    def look(self) -> Seen:
        """Returns what this node sees of the market, and what its own clearing comes to (M7)."""
        now = self._core.now()
        asked = self.open_requests(now).values()
        own = [self.stall.request(msgspec.structs.replace(one, begins=max(one.begins, now))) for one in asked]
        failed = self.borrower.failed(now)
        obstacle = cache(lambda lender: self._obstacle(lender, failed.get(lender, 0), now))
        knows = cache(lambda whom: self.heed(whom) > 0)
        requests = requests_weighed(self.bazaar.requests(now), own, knows)
        wanted = {one.resource: None for one in requests}
        others = [one for one in self.bazaar.offers(now) if one.resource in wanted and self._passes(one.id, now)]
        offers = offers_weighed([one for one in others if not obstacle(one.lender)], self._core.me, knows)
        left_out = {one.lender: why for one in others if (why := obstacle(one.lender))}
        mine = [as_offer(self._core.me, one, self.free(one, now)) for one in self.stall.said(now)]
        offers += [one for one in mine if one.amount]
        views = Views(cache(self.trust), cache(self.heed))
        cleared = clear(requests, offers, views, self.settings.clearing, solved)
        return Seen(tuple(requests), tuple(offers), cleared, left_out)

    def _obstacle(self, lender: NodeId, failed: int, now: Instant) -> str:
        """Returns why a lender is not asked now; "" where it may be."""
        guest, lending = self._core.memory.guest(lender), self.settings.lending
        if guest.banned or guest.barred:
            return "is banned, or this node's policy deals with it no more"
        if self.proofs.record(lender).forged:
            return "has forged a result"
        if failed >= lending.no_shows:
            return f"left {failed} asks or grants unanswered in the last {span(lending.forget_ms)}"
        return "" if self._passes(lender, now) else "has refused too often of late"

    def _passes(self, what: str, now: Instant) -> bool:
        """Says whether an offer, or a lender, is not passed over now."""
        since, wait = self._passed_over.get(what, (now, 0))
        return not since <= now < since + wait

    def trust(self, lender: NodeId) -> int:
        """Returns the trust in a lender (M13), in thousandths."""
        return trust(self._core.accounts.account(lender)).total * URGENCY // SCALE

    def heed(self, borrower: NodeId) -> int:
        """Returns how much of its urgency a borrower may have count, in thousandths: of a stranger's, nothing."""
        core = self._core
        known = borrower == core.me or core.memory.guest(borrower).invited
        return URGENCY if known or core.accounts.is_known(borrower, core.now()) else 0

    async def _ask(self) -> None:
        now = self._core.now()
        numbers = self.open_requests(now)
        lately = self._cleared_at <= now < self._cleared_at + self.settings.trading.clear_ms
        if not numbers or self._core.asks_first or lately:
            return
        self._cleared_at = now
        of = {self.stall.request(one).id: number for number, one in numbers.items()}
        for match in self.look().cleared.matches:
            if match.request in of:
                await self._ask_one(match, of[match.request], now)

    async def _ask_one(self, match: Match, request: int, now: Instant) -> None:
        begins = max(match.window.begins, now)
        leased = UNITS[match.resource].leased
        longest = Instant(begins + self.settings.lending.longest_ms)  # other lenders will have it like this one
        window = Window(begins, Instant(begins + match.window.lasts) if leased else min(match.window.ends, longest))
        async with self._core.turns.of(TURN):
            _, effects = self.borrower.ask(replace(match, window=window), request)
            await self._perform(effects)

    # ---- the operator

    async def release(self, id_: ContentId) -> Loan:
        """Gives back what was borrowed, and says how it stood.

        Raises:
            Refused: NO_LEASE.
        """
        await self.borrower.release(id_)
        loan = self.borrower.loans.get(id_)
        if loan is None:
            raise Refused(Reason.NO_LEASE)
        return loan
