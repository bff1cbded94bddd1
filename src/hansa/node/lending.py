"""The lender's side of leases: what this node grants of its own offers, and what becomes of it (M8).

Each ask, and each act of a borrower, is decided on by the one book (`market.leases`) and answered in the same commit
with this node's signed word, which lies in the outbox until the borrower has it. So a crash leaves both or none, and a
word that is lost is said again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import msgspec

from hansa.admission.service import Admitted
from hansa.conduct.ledger import Dealing, Receipt
from hansa.identity.envelope import Verified
from hansa.kernel.errors import HansaError, Refused
from hansa.kernel.ids import ContentId, NodeId
from hansa.kernel.instant import ALWAYS, SECOND, Instant
from hansa.kernel.resources import Resource
from hansa.kernel.verdict import Reason
from hansa.kernel.wire import parse
from hansa.market.lease import Ask, Lease
from hansa.market.lease_states import State
from hansa.market.leases import Book
from hansa.market.messages import LEASE, Act, ActBody, AskBody, as_ask, lease_body
from hansa.market.model import Offer
from hansa.node.balances import Balances
from hansa.node.copies import choose, delivered, waiting
from hansa.node.core import Core
from hansa.node.driver import Effects
from hansa.node.events import Kind
from hansa.node.lease_list import LeaseList
from hansa.node.market_settings import MarketSettings
from hansa.node.outbox import over_links
from hansa.node.receipts import write
from hansa.node.rows import OutboxRow, PutOutbox, PutRecord, RecordRow
from hansa.node.shelf import record_row

TURN = "leases"
"""Name of the turn in which a lease moves on: one at a time, whoever moves it."""

AT_ONCE = 32
"""Leases that are moved on in one turn, for meanwhile no message about any is decided on."""

LOOK_MS = SECOND
"""How often it is looked how many copies of a lease have come."""

LOOKS = 8
"""Leases of which that is looked at in one turn: each is a question for each copy."""

_OF_ACT = {Act.AGREE: True, Act.CONTEST: False}


class Lender:
    """Lends what this node has.

    Attributes:
        book: what is lent.
    """

    def __init__(
        self,
        core: Core,
        settings: MarketSettings,
        capacity: Mapping[Resource, int],
        offers: Callable[[], Mapping[ContentId, Offer]],
    ) -> None:
        """Begins with nothing lent.

        Args:
            capacity: units that it lends at once; of a resource that is not named, what is offered.
            offers: this node's own, by id.
        """
        self._core = core
        self._settings = settings
        self._offers = offers
        self._list = LeaseList(core)
        self._balances = Balances(core)
        self._coming: dict[ContentId, Lease] = {}
        self._looked_at: dict[ContentId, Instant] = {}
        self._ended: dict[ContentId, int] = {}
        self.book = Book(capacity, settings.lending)

    # ---- deciding

    def asked(self, admitted: Admitted, record: PutRecord) -> tuple[str, Effects]:
        """Returns what follows from an ask: it is granted, all of it.

        Raises:
            Refused: NO_OFFER, NO_SHOW, HOARDING, NO_CREDIT, NO_CAPACITY.
        """
        message = admitted.message
        body = parse(message.body, AskBody)
        self._check_mine(message)
        offer = self._offers().get(ContentId(body.offer))
        if offer is None:
            raise Refused(Reason.NO_OFFER, "it is not on offer any more")
        ask = as_ask(message.id, message.author, body)
        known = self._is_known(message.author, admitted.at)
        lease = self.book.grant(ask, offer, admitted.at, self._credit(message.author) if known else 0, known)
        if not ask.leased:
            self._check_there_are(ask)
        effects = Effects([record, *self._list.entry(message.id)])
        self._say(lease, effects)
        return message.id, effects

    def acted(self, admitted: Admitted, record: PutRecord) -> tuple[str, Effects]:
        """Returns what follows from what a borrower does with a lease.

        Raises:
            Refused: NO_LEASE, when there is none of its author's, or it does not stand so; DUPLICATE, when it changes
                nothing.
        """
        message, at = admitted.message, admitted.at
        body = parse(message.body, ActBody)
        self._check_mine(message)
        before = self.book.get(ContentId(body.ask))
        if before is None or before.ask.borrower != message.author:
            raise Refused(Reason.NO_LEASE, "there is no such lease of yours here")
        after = self._after(before, body, at)
        if after == before:
            raise Refused(Reason.DUPLICATE, f"the lease is {before.state}: that changes nothing")
        effects = Effects([record])
        word = self._say(after, effects)
        for copy in after.records if before.state is State.GRANTED else ():
            letter = OutboxRow(copy, over_links(message.author), "pending", at=self._core.now())
            effects.changes.append(PutOutbox(letter))
        if after.state is State.SETTLED:
            self._balances.enter(message.author, after.cost, effects)
        if after.state is State.BROKEN or (after.state is State.SETTLED and after.cost):  # what is free shows nothing
            self._receipt(after, message.id, word.id, effects)
        return before.id, effects

    def _check_there_are(self, ask: Ask) -> None:
        found = choose(self._core, ask.resource, ask.topic, ask.amount, ask.borrower)
        if len(found) < ask.amount:
            raise Refused(Reason.NO_CAPACITY, f"{len(found)} such records are here, and {ask.amount} are asked for")

    def _after(self, lease: Lease, body: ActBody, now: Instant) -> Lease:
        if body.act is Act.TAKE:
            taken = self.book.take(lease.id, lease.ask.borrower, now)
            return taken if lease.ask.leased or lease.records else self._with_copies(taken)
        if body.act is Act.RELEASE:
            return self.book.release(lease.id, lease.ask.borrower, now)
        if lease.state not in (State.METERED, State.SETTLED, State.BROKEN):
            raise Refused(Reason.NO_LEASE, f"it is {lease.state}, and owes nothing yet")
        if body.cost != lease.cost:
            raise Refused(Reason.NO_LEASE, f"it costs {lease.cost}, not {body.cost}")
        return self.book.settle(lease.id, _OF_ACT[body.act])

    def _with_copies(self, lease: Lease) -> Lease:
        ask = lease.ask
        found = choose(self._core, ask.resource, ask.topic, ask.amount, ask.borrower)
        return replace(lease, records=tuple(found))

    def _check_mine(self, message: Verified) -> None:
        if message.header.recipient != self._core.me or message.author == self._core.me:
            raise Refused(Reason.BAD_BODY, "what is said of a lease is for its other end")

    def _is_known(self, borrower: NodeId, now: Instant) -> bool:
        return self._core.memory.guest(borrower).invited or self._core.accounts.is_known(borrower, now)

    def _credit(self, borrower: NodeId) -> int:
        """Returns what somebody whom this node knows may come to owe; strangers get what is free."""
        return max(0, self._settings.trading.credit - self._balances.of(borrower))

    # ---- saying

    def _say(self, lease: Lease, effects: Effects) -> RecordRow:
        """Adds this node's word on a lease; the book has it once that is kept."""
        core, whom = self._core, lease.ask.borrower
        sealed = core.seal(LEASE, msgspec.to_builtins(lease_body(lease)), recipient=whom)
        row = record_row(sealed, lease.id, core.now(), core.ring)
        effects.changes += [
            PutRecord(row, recipient=whom),
            PutOutbox(OutboxRow(row.id, over_links(whom), "pending", at=core.now())),
        ]
        self._coming = {row.id: lease}  # what was decided on before is kept, or was not and never will be
        text = f"{lease.ask.amount} of {lease.ask.resource} for {whom}: {lease.state}"
        effects.show(Kind.LEASE_CHANGED, lease.id, text, peer=whom, state=lease.state.value, lent=1)
        return row

    def kept(self, row: RecordRow) -> None:
        """Notes that a word of this node's own is durable."""
        lease = self._coming.pop(row.id, None)
        if lease is not None:
            self.book.keep(lease)

    def _receipt(self, lease: Lease, deed: ContentId, word: ContentId, effects: Effects) -> None:
        """Adds a receipt about the borrower: it paid, or it did not, and it has signed what that rests on."""
        dealing = Dealing.LEASE_HONOURED if lease.state is State.SETTLED else Dealing.LEASE_BROKEN
        receipt = Receipt(dealing=dealing, subject=lease.ask.borrower, records=(deed, word))
        write(self._core, receipt, effects)

    # ---- time

    async def tick(self) -> None:
        """Moves on what has lapsed, is over, or was not settled in time; forgets what was over long ago."""
        now = self._core.now()
        self.book.forget(Instant(now - self._settings.lending.forget_ms))
        self._count_copies(now)
        if not self._due(now):
            return
        async with self._core.turns.of(TURN):
            for lease in self._due(now)[:AT_ONCE]:
                if not await self._move_on(lease):
                    return  # the next turn does it

    def _due(self, now: Instant) -> list[Lease]:
        """Returns how those leases stand next that are to move on."""
        return [*self.book.tick(now), *self._brought(now), *self._unsettled(now)]

    def _count_copies(self, now: Instant) -> None:
        """Counts the copies of some leases that have come, those first that were not looked at for longest."""
        bringing = {one.id: one for one in self.book.open() if one.state is State.ACTIVE and not one.ask.leased}
        self._looked_at = {id_: at for id_, at in self._looked_at.items() if id_ in bringing}
        waits = [id_ for id_ in bringing if abs(now - self._looked_at.get(id_, ALWAYS)) >= LOOK_MS]
        for id_ in sorted(waits, key=lambda id_: self._looked_at.get(id_, ALWAYS))[:LOOKS]:
            self._looked_at[id_] = now
            one = bringing[id_]
            came, over = delivered(self._core, one.records, one.ask.borrower)
            self._ended.pop(id_, None)
            if over:
                self._ended[id_] = came
            if came != one.used:
                self.book.keep(replace(one, used=came))

    def _brought(self, now: Instant) -> list[Lease]:
        """Returns the leases of which no more copies are on their way, and not all came."""
        self._ended = {id_: came for id_, came in self._ended.items() if id_ in self._looked_at}
        held = [(self.book.get(id_), came) for id_, came in self._ended.items()]
        return [
            self.book.end(one.id, came, now)
            for one, came in held
            if one is not None and one.state is State.ACTIVE and came < one.limit and now < one.ask.window.ends
        ]

    def _unsettled(self, now: Instant) -> list[Lease]:
        metered = [one for one in self.book.open() if one.state is State.METERED]
        since = now - self._settings.trading.settle_ms
        return [self.book.settle(one.id, False) for one in metered if (one.ended or one.ask.window.ends) <= since]

    async def _move_on(self, lease: Lease) -> bool:
        """Says how a lease stands now, and says whether that was kept."""
        effects = Effects()
        try:
            word = self._say(lease, effects)
            if lease.state is State.BROKEN:
                self._receipt(lease, lease.id, word.id, effects)
            for row in waiting(self._core, lease.records, lease.ask.borrower):
                effects.changes.append(PutOutbox(replace(row, state="dropped", at=self._core.now())))
            await self._core.driver.perform(effects)
        except HansaError:  # a full disk, or a store that was restored
            self._coming.clear()
            return False
        return True
