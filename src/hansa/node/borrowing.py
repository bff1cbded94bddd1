"""The borrower's side of leases: what this node asks lenders for, and what it does with what they say (M8).

| the lender says | this node |
|---|---|
| granted | takes it; or gives it back, if it has given up waiting |
| active | may bring work, with the fence |
| metered | agrees to the cost, where it follows from the use and is no more than was brought; else contests it |
| nothing | asks elsewhere after `answer_ms`; a lender that fails it three times in a day is not asked again |

What it does is kept, and in the outbox, in the same commit as the lender's word that it answers. A word counts once,
and only where it follows from what was said and done before (`_FOLLOWS`): whatever a lender says, a lease is paid for
once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

import msgspec

from hansa.admission.service import Admitted
from hansa.conduct.ledger import Dealing, Receipt
from hansa.kernel.errors import Refused
from hansa.kernel.ids import ContentId, NodeId
from hansa.kernel.instant import HOUR, Instant
from hansa.kernel.verdict import Reason
from hansa.kernel.wire import parse
from hansa.market.lease import Ask, Lease, owes
from hansa.market.lease_states import State
from hansa.market.messages import ACT, ASK, Act, ActBody, AskBody, LeaseBody, as_ask, as_lease
from hansa.market.model import Match
from hansa.node.balances import Balances
from hansa.node.core import Core
from hansa.node.driver import Effects
from hansa.node.events import Kind
from hansa.node.lease_list import LeaseList, Story
from hansa.node.lending import TURN
from hansa.node.market_settings import MarketSettings
from hansa.node.outbox import over_links
from hansa.node.receipts import write
from hansa.node.rows import OutboxRow, PutOutbox, PutRecord, RecordRow
from hansa.node.shelf import record_row

GIVEN_UP_MS = HOUR
"""How long after the end of its window a lease of which nothing more was heard is let go of."""

PATIENCE = 3
"""Times `answer_ms` after which a grant that this node took, and heard nothing more of, is given up."""

_FOLLOWS = {
    None: (State.GRANTED, State.LAPSED),
    State.GRANTED: (State.ACTIVE, State.METERED, State.BROKEN, State.RELEASED, State.LAPSED),
    State.ACTIVE: (State.METERED, State.BROKEN),
    State.METERED: (State.SETTLED, State.BROKEN),
}
"""What a lender may say next; words may be lost, or overtake each other."""

_NEEDS = {
    State.ACTIVE: Act.TAKE, State.METERED: Act.TAKE, State.BROKEN: Act.TAKE, State.RELEASED: Act.RELEASE,
    State.SETTLED: Act.AGREE,
}  # fmt: skip
"""What this node has done before a lender may say so."""


@dataclass(frozen=True, slots=True)
class Loan:
    """What was asked of a lender, and what came of it.

    Attributes:
        request: what it is for: the number of an own request.
        number: of the lender's last word, so that an older one that comes later changes nothing.
        given_up: nobody waits for an answer any more. `why`: the lender's reason, or "" for silence.
        used: units x milliseconds of work that were brought, as this node measured it.
        forged: the lender forged a result for it (`node.forged`): nothing is owed, and no more is brought.
        acts: what this node has done about it.
    """

    ask: Ask
    lender: NodeId
    request: int
    asked: Instant
    lease: Lease | None = None
    number: int = -1
    given_up: bool = False
    why: str = ""
    used: int = 0
    forged: bool = False
    acts: tuple[Act, ...] = ()

    @property
    def waits(self) -> bool:
        """Says whether the lender has not answered yet, and may."""
        return self.lease is None and not self.given_up

    @property
    def is_over(self) -> bool:
        """Says whether nothing follows any more."""
        return self.given_up if self.lease is None else self.lease.is_over

    @property
    def counts(self) -> bool:
        """Says whether its units are, or were, for the request: what was not taken, or broken, was not."""
        if self.lease is None or self.lease.state is State.GRANTED:
            return not self.given_up
        return self.lease.state in (State.ACTIVE, State.METERED, State.SETTLED)

    @property
    def failed(self) -> bool:
        """Says whether its lender left this node without an answer, or without what it had granted."""
        if self.lease is None or self.lease.state is State.GRANTED:
            return self.given_up and not self.why and (self.lease is None or Act.TAKE in self.acts)
        return self.lease.state is State.BROKEN or (self.lease.state is State.LAPSED and Act.TAKE in self.acts)


class Borrower:
    """Borrows what this node needs.

    Attributes:
        loans: what was asked for and is not over, and what ended lately, by the ask's id.
        under_way: returns what may have been used of one by works that are out now, in units x milliseconds.
    """

    def __init__(self, core: Core, settings: MarketSettings) -> None:
        """Begins with nothing asked for."""
        self._core = core
        self._settings = settings
        self._list = LeaseList(core)
        self._balances = Balances(core)
        self._coming: dict[ContentId, Loan] = {}
        self.loans: dict[ContentId, Loan] = {}
        self.under_way: Callable[[Loan], int] = lambda _: 0

    def restore(self, story: Story) -> None:
        """Takes back what was kept."""
        acts = tuple(one.act for one in story.acts)
        why = ""
        if story.lease is None:  # nobody waits for it any more, unless it was refused
            rows = self._core.store.deliveries_of(story.ask.id)
            why = next((one.reason for one in rows if one.state == "refused"), "")
        given_back = Act.RELEASE in acts and Act.TAKE not in acts
        self.loans[story.ask.id] = Loan(
            story.ask, story.lender, story.request, Instant(story.asked), story.lease, story.word[1],
            story.lease is None or given_back, why, acts=acts,
        )  # fmt: skip

    # ---- asking

    def ask(self, match: Match, request: int) -> tuple[ContentId, Effects]:
        """Returns what asks a lender for what a clearing found; the loan is there once that is kept."""
        core = self._core
        body = AskBody(
            offer=match.offer, resource=match.resource, amount=match.amount, price=match.price,
            begins=match.window.begins, ends=match.window.ends, request=request, topic=match.topic,
        )  # fmt: skip
        effects = Effects()
        row = self._send(ASK, body, match.lender, "", effects)
        ask = as_ask(row.id, core.me, body)
        effects.changes += self._list.entry(row.id)
        self._coming = {
            row.id: Loan(ask, match.lender, request, core.now())
        }  # what was decided on before is kept, or never will be
        text = f"{match.amount} of {match.resource} asked of {match.lender}: {match.because}"
        effects.show(Kind.LEASE_CHANGED, row.id, text, peer=match.lender, state="asked", lent=0)
        return row.id, effects

    def _send(self, kind: str, body: msgspec.Struct, whom: NodeId, about: str, effects: Effects) -> RecordRow:
        core = self._core
        within = core.settings.admission.window_ms if kind == ASK else 0  # nobody is to bring it when it is forgotten
        sealed = core.seal(kind, msgspec.to_builtins(body), recipient=whom, expires_in=within)
        row = record_row(sealed, about, core.now(), core.ring)
        row = row if about else msgspec.structs.replace(row, subject=row.id)
        effects.changes += [
            PutRecord(row, recipient=whom),
            PutOutbox(OutboxRow(row.id, over_links(whom), "pending", at=core.now())),
        ]
        return row

    # ---- hearing

    def told(self, admitted: Admitted, record: PutRecord) -> tuple[str, Effects]:
        """Returns what follows from a lender's word on a lease.

        Raises:
            Refused: NO_LEASE, when this node has not asked its author for that, or it does not follow from what was
                said and done; DUPLICATE, when it changes nothing any more.
        """
        message = admitted.message
        body = parse(message.body, LeaseBody)
        loan = self.loans.get(ContentId(body.ask))
        if loan is None or loan.lender != message.author or message.header.recipient != self._core.me:
            raise Refused(Reason.NO_LEASE, "this node has not asked you for that")
        if message.header.seq < loan.number or (loan.lease is not None and loan.is_over):
            raise Refused(Reason.DUPLICATE, "it is an older word, or of a lease that is over")
        lease = as_lease(loan.ask, body)
        self._check_follows(loan, lease)
        effects = Effects([record])
        after = replace(loan, lease=lease, number=message.header.seq)
        act = self._answer(after)
        if act is not None:
            row = self._send(ACT, ActBody(ask=loan.ask.id, act=act, cost=lease.cost), loan.lender, loan.ask.id, effects)
            self._account(after, act, message.id, row.id, effects)
            after = replace(after, acts=(*loan.acts, act))
        if lease.state is State.BROKEN and Act.AGREE in loan.acts and loan.lease is not None:
            self._balances.enter(loan.lender, loan.lease.cost, effects)  # it says itself that it is owed nothing
        self._coming = {message.id: after}
        text = f"{loan.ask.amount} of {loan.ask.resource} by {loan.lender}: {lease.state}"
        effects.show(Kind.LEASE_CHANGED, loan.ask.id, text, peer=loan.lender, state=lease.state.value, lent=0)
        return loan.ask.id, effects

    def _check_follows(self, loan: Loan, lease: Lease) -> None:
        before, needs = loan.lease, _NEEDS.get(lease.state)
        if lease.used > lease.limit or len(lease.records) > (0 if lease.ask.leased else lease.ask.amount):
            raise Refused(Reason.NO_LEASE, "it is more than was asked for")
        if lease.state not in _FOLLOWS.get(before.state if before is not None else None, ()):
            raise Refused(Reason.NO_LEASE, f"it can't be {lease.state} now")
        if needs is not None and needs not in loan.acts:
            raise Refused(Reason.NO_LEASE, f"it can't be {lease.state}: this node did not {needs} it")
        if before is None:
            return
        same = lease.fence == before.fence and (not before.records or lease.records == before.records)
        if not same or (before.state is State.METERED and lease.cost != before.cost):
            raise Refused(Reason.NO_LEASE, "it contradicts what you said before")

    def _answer(self, loan: Loan) -> Act | None:
        """Returns what this node does about a lender's word."""
        lease = loan.lease
        if lease is None:
            return None
        if lease.state is State.GRANTED:
            return Act.RELEASE if loan.given_up else Act.TAKE
        if lease.state is State.ACTIVE:
            late = loan.given_up and loan.ask.leased and Act.RELEASE not in loan.acts
            return Act.RELEASE if late else None  # it was asked for elsewhere
        if lease.state is State.METERED:
            return Act.AGREE if lease.cost <= self.most_owed(loan) and not loan.forged else Act.CONTEST
        return None

    def most_owed(self, loan: Loan) -> int:
        """Returns what a loan can cost: what was used of it, as this node measured it, or the share for holding it.

        Of copies, those that are held here.
        """
        held = len(self._core.store.held(loan.lease.records)) if loan.lease is not None else 0
        used = loan.used + self.under_way(loan) if loan.ask.leased else held
        return owes(loan.ask, used, self._settings.lending.idle_share)

    def _account(self, loan: Loan, act: Act, word: ContentId, own: ContentId, effects: Effects) -> None:
        """Adds what is owed, and a receipt about the lender, whose signed word it rests on."""
        if act not in (Act.AGREE, Act.CONTEST) or loan.lease is None:
            return
        if act is Act.AGREE:
            if not loan.lease.cost:
                return  # what costs nothing shows nothing
            self._balances.enter(loan.lender, -loan.lease.cost, effects)
        if loan.forged:  # there is a receipt for that
            return
        dealing = Dealing.LEASE_HONOURED if act is Act.AGREE else Dealing.LEASE_BROKEN
        write(self._core, Receipt(dealing=dealing, subject=loan.lender, records=(word, own)), effects)

    def kept(self, row: RecordRow) -> None:
        """Notes that an ask of this node's own, or a lender's word, is durable."""
        loan = self._coming.pop(row.id, None)
        if loan is not None:
            held = self.loans.get(loan.ask.id)
            self.loans[loan.ask.id] = loan if held is None else replace(loan, used=held.used, forged=held.forged)

    # ---- work, and giving back

    def used(self, id_: ContentId, used: int) -> None:
        """Notes work that was brought to a lender, in units x milliseconds, as this node measured it."""
        loan = self.loans[id_]
        self.loans[id_] = replace(loan, used=loan.used + used)

    def forged(self, id_: ContentId) -> None:
        """Notes that the lender forged a result for a lease."""
        if id_ in self.loans:
            self.loans[id_] = replace(self.loans[id_], forged=True)

    async def release(self, id_: ContentId) -> None:
        """Gives a lease back; a grant that has not come yet is given back when it comes.

        Raises:
            Refused: NO_LEASE, when there is none, it is over, or its copies are on their way.
        """
        async with self._core.turns.of(TURN):
            loan = self.loans.get(id_)
            if loan is None or loan.is_over:
                raise Refused(Reason.NO_LEASE, "it is over, or there is none")
            if not loan.ask.leased and Act.TAKE in loan.acts:
                raise Refused(Reason.NO_LEASE, "its copies are on their way: they can't be given back")
            acts = loan.acts
            held = loan.lease is not None and loan.lease.state in (State.GRANTED, State.ACTIVE)
            if held and Act.RELEASE not in acts:
                effects = Effects()
                self._send(ACT, ActBody(ask=id_, act=Act.RELEASE), loan.lender, id_, effects)
                await self._core.driver.perform(effects)
                acts = (*acts, Act.RELEASE)
            self.loans[id_] = replace(self.loans[id_], given_up=True, acts=acts)

    def refused(self, id_: ContentId, why: str) -> None:
        """Notes that a lender does not grant an ask."""
        loan = self.loans.get(id_)
        if loan is not None and loan.waits:
            self.loans[id_] = replace(loan, given_up=True, why=why)

    # ---- time

    def tick(self, now: Instant, wanted: Collection[int] = ()) -> None:
        """Gives up what nobody answered, and lets go of what nothing more is heard of.

        Args:
            wanted: own requests that are open: what was for them is not forgotten, or it would be asked for again.
        """
        answer = self._settings.trading.answer_ms
        for id_, loan in list(self.loans.items()):
            passed = abs(now - loan.asked)  # the clock may have been set back
            granted = loan.lease is not None and loan.lease.state is State.GRANTED
            if (loan.waits and passed >= answer) or (granted and not loan.given_up and passed >= PATIENCE * answer):
                self.loans[id_] = replace(loan, given_up=True)
            over = now >= loan.ask.window.ends + GIVEN_UP_MS + self._settings.trading.settle_ms
            if over and not (loan.counts and loan.request in wanted):
                del self.loans[id_]

    def failed(self, now: Instant) -> Counter[NodeId]:
        """Returns how often each lender has left this node without what it asked for, or was granted, of late."""
        return Counter(one.lender for one in self._lately(now) if one.failed)

    def unanswered(self, lender: NodeId, now: Instant) -> int:
        """Returns how many asks a lender has left without an answer of late."""
        return sum(one.lender == lender and one.failed and one.lease is None for one in self._lately(now))

    def refusals(self, lender: NodeId, now: Instant) -> int:
        """Returns how many asks a lender has refused of late."""
        return sum(one.lender == lender and one.lease is None and bool(one.why) for one in self._lately(now))

    def _lately(self, now: Instant) -> list[Loan]:
        since = now - self._settings.lending.forget_ms
        return [one for one in self.loans.values() if one.asked >= since]
