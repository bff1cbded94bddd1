"""Two nodes that trade without an overlay: their letters are handed over by the test."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec

from hansa.admission.service import Via
from hansa.identity import envelope
from hansa.kernel.errors import HansaError
from hansa.kernel.ids import ContentId
from hansa.kernel.instant import HOUR, MINUTE
from hansa.kernel.resources import UNITS, Resource
from hansa.kernel.verdict import BY_CODE
from hansa.market.lease_states import State
from hansa.market.messages import LEASE, LeaseBody, Offered, Requested
from hansa.node.borrowing import Loan
from hansa.node.driver import Effects
from hansa.node.market import Market
from hansa.node.outbox import over_links
from hansa.node.rows import PutOutbox
from tests.node.test_gathering import fate
from tests.node.world import Resident, World

COMPUTE = Resource.COMPUTATIONAL_POWER


def market(node: Resident) -> Market:
    return node.node.market


def pair(world: World) -> tuple[Resident, Resident]:
    """Returns a lender and a borrower that know each other."""
    lender, borrower = world.settle("lender"), world.settle("borrower")
    world.invite(lender, borrower)
    world.invite(borrower, lender)
    return lender, borrower


def an_offer(node: Resident, amount: int = 1000, price: int = 60, resource: Resource = COMPUTE) -> Offered:
    now = node.clock.now()
    return Offered(resource=resource, amount=amount, price=price, begins=now, ends=now + 8 * HOUR, free=amount)


def a_need(node: Resident, amount: int = 100, number: int = 1, resource: Resource = COMPUTE) -> Requested:
    now, lasts = node.clock.now(), 10 * MINUTE if UNITS[resource].leased else 0
    return Requested(
        number=number, resource=resource, amount=amount, least=1, urgency=0, most=100, begins=now, ends=now + 4 * HOUR,
        lasts=lasts,
    )  # fmt: skip


def says(node: Resident, *others: Resident) -> int:
    """Has a node say what it offers and needs, where there is something to say; returns how many words that were."""
    core, said = node.node.core, market(node)._say(node.clock.now()).says
    for one in said:
        message = envelope.verify(core.seal(one.kind, one.body), core.ring)
        for other in others:
            market(other).heard(message, core.me, other.clock.now())
    return len(said)


async def works(*nodes: Resident) -> None:
    for node in nodes:
        await market(node)._work()


async def brings(sender: Resident, to: Resident) -> list[str]:
    """Hands over the letters that wait; returns what became of each."""
    fates = []
    for row in sender.store.outbox("pending"):
        record = sender.store.record(row.record)
        if row.url != over_links(to.id) or record is None:
            continue
        (taken,) = await to.node.inbox.receive_many([record.envelope], Via.LINK)
        fates.append(fate(taken))
        reason = "" if not isinstance(taken, HansaError) or fates[-1] == "duplicate" else fates[-1]
        state = "refused" if reason else "delivered"
        await sender.store.apply([PutOutbox(replace(row, state=state, reason=reason, tries=1))])
        if reason:
            market(sender).answered(row.record, BY_CODE.get(reason))
    return fates


async def asks(borrower: Resident, lender: Resident, need: Requested | None = None) -> Loan:
    """Has the borrower ask for what it needs, of what the lender has just said."""
    await market(borrower).stall.ask_for(need or a_need(borrower))
    says(lender, borrower)
    await works(borrower)
    return list(market(borrower).borrower.loans.values())[-1]


async def lends(world: World, amount: int = 100, price: int = 60) -> tuple[Resident, Resident, Loan]:
    """Returns two nodes of which one has taken a lease of the other."""
    lender, borrower = pair(world)
    await market(lender).stall.offer(an_offer(lender, price=price))
    loan = await asks(borrower, lender, a_need(borrower, amount))
    for _ in range(2):
        await brings(borrower, lender)
        await brings(lender, borrower)
    return lender, borrower, the(borrower, loan.ask.id)


def the(borrower: Resident, id_: ContentId) -> Loan:
    return market(borrower).borrower.loans[id_]


async def word(lender: Resident, borrower: Resident, loan: Loan, state: State, **fields: Any) -> str:
    """Has the lender say something of a lease, true or not; returns what became of it."""
    held = loan.lease
    given: dict[str, Any] = {"fence": held.fence if held else 7, "take_by": held.take_by if held else 9} | fields
    body = msgspec.to_builtins(LeaseBody(ask=loan.ask.id, state=state, **given))
    sealed = lender.node.core.seal(LEASE, body, recipient=borrower.id)
    (taken,) = await borrower.node.inbox.receive_many([sealed.raw], Via.LINK)
    return fate(taken)


async def settles(world: World, lender: Resident, borrower: Resident, ms: int = 11 * MINUTE) -> None:
    """Lets the lease's time pass, and its cost be agreed to."""
    world.clock.advance(ms)
    await works(lender)
    for _ in range(2):
        await brings(lender, borrower)
        await brings(borrower, lender)


async def performs(node: Resident, effects: Effects) -> None:
    await node.node.core.driver.perform(effects)
