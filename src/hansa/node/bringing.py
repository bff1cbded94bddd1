"""The borrower's hands: brings single works to lenders, waits for their results, and measures what that took.

A work is sent again until it is answered. What a lender may ask for is what was measured here: from the moment a work
was sent until its result came, or, if that says less, what it says. Nothing is kept: after a restart works are brought
anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from hansa.identity.envelope import Verified
from hansa.kernel.errors import Refused, Unavailable
from hansa.kernel.ids import ContentId, NodeId
from hansa.kernel.instant import SECOND, Instant
from hansa.kernel.resources import Resource
from hansa.kernel.verdict import BY_CODE, Reason
from hansa.market.lease_states import State
from hansa.market.slots import PROCESSOR
from hansa.node.borrowing import Borrower, Loan
from hansa.node.core import Core
from hansa.overlay.doing import Doing, Happened
from hansa.skills.work import WORK, WorkBody, WorkedBody, read_worked

AGAIN_MS = 3 * SECOND
"""After which time a work is sent again that nothing was heard of; then after twice that, and so on."""

BUSY_MS = SECOND
"""After which time it is sent again when the lender has no place for it now."""

PATIENCE_MS = 30 * SECOND
"""How long a lender that says nothing is waited for."""


@dataclass(frozen=True, slots=True)
class Brought:
    """A result, and what this node measured of it.

    Attributes:
        said: as the lender signed it.
        took_ms: from bringing it to having the result. `used_ms`: of that what is owed for.
    """

    loan: Loan
    said: Verified
    body: WorkedBody
    took_ms: int
    used_ms: int


@dataclass(slots=True)
class _Out:
    """A work that is out.

    Attributes:
        sent: ids of the envelopes that brought it.
        news: set when there is a result or a refusal.
    """

    loan: Loan
    work: WorkBody
    began_us: int
    news: asyncio.Event
    sent: dict[ContentId, None]
    said: Verified | None = None
    body: WorkedBody | None = None
    reason: Reason | None = None

    @property
    def refused_by(self) -> Reason | None:
        """The lender's reason, if it has refused what was sent last."""
        return self.reason


class Bringing:
    """Brings works over the overlay."""

    def __init__(self, core: Core, borrower: Borrower) -> None:
        """Brings nothing yet."""
        self._core = core
        self._borrower = borrower
        self._carry: Callable[[bytes, NodeId], None] | None = None
        self._out: dict[ContentId, _Out] = {}

    def open(self, carry: Callable[[bytes, NodeId], None]) -> None:
        """Brings works from now on."""
        self._carry = carry

    def close(self) -> None:
        """Brings none any more."""
        self._carry = None

    @property
    def is_open(self) -> bool:
        """Says whether works can be brought."""
        return self._carry is not None

    async def bring(self, loan: Loan, work: WorkBody) -> Brought:
        """Returns what a lender says of a work.

        Raises:
            Refused: the lender's reason. Unavailable: it says nothing, or not in time.
        """
        out = _Out(loan, work, self._core.clock.stopwatch_us(), asyncio.Event(), {})
        self._out[work.key] = out
        try:
            async with asyncio.timeout(self._left(loan) / 1000):
                await self._until_said(out)
        except TimeoutError:
            self._measured(out, self._passed(out))
            raise Unavailable(f"{loan.lender} has said nothing of a work in time") from None
        finally:
            self._out.pop(work.key, None)
        if out.body is None or out.said is None:
            self._measured(out, self._passed(out))
            raise Refused(out.reason or Reason.NO_LEASE)
        took = self._passed(out)
        used = min(took, out.body.used_ms)
        self._measured(out, used)
        return Brought(loan, out.said, out.body, took, used)

    def _left(self, loan: Loan) -> int:
        return max(1, min(PATIENCE_MS, loan.ask.window.ends - self._core.now()))

    async def _until_said(self, out: _Out) -> None:
        pause = AGAIN_MS
        while out.body is None:
            if self._carry is None:
                raise Unavailable("this node has left the overlay")
            out.news.clear()
            out.reason = None
            sealed = self._core.seal(WORK, msgspec.to_builtins(out.work), recipient=out.loan.lender)
            out.sent[sealed.id] = None
            self._carry(sealed.raw, out.loan.lender)
            try:
                async with asyncio.timeout(pause / 1000):
                    await out.news.wait()
            except TimeoutError:
                pause *= 2
                continue
            if out.refused_by not in (None, Reason.NO_SLOT):
                return
            if out.body is None:
                await self._rest(BUSY_MS)

    async def _rest(self, ms: int) -> None:
        try:
            async with asyncio.timeout(ms / 1000):
                await asyncio.Event().wait()
        except TimeoutError:
            return

    def _passed(self, out: _Out) -> int:
        return -(-(self._core.clock.stopwatch_us() - out.began_us) // 1000)

    # ---- measuring

    def _measured(self, out: _Out, ms: int) -> None:
        """Notes what was used of the lease, and of leases of memory that this node has of the same lender."""
        for loan in self._loans(out.loan):
            self._borrower.used(loan.ask.id, _units(loan) * ms)

    def _loans(self, of: Loan) -> list[Loan]:
        memory = [
            one
            for one in self._borrower.loans.values()
            if one.lender == of.lender
            and one.ask.resource is Resource.MEMORY_CAPACITY
            and one.lease is not None
            and one.lease.state is State.ACTIVE
        ]
        return [self._borrower.loans[of.ask.id], *memory] if of.ask.id in self._borrower.loans else memory

    def under_way(self, loan: Loan) -> int:
        """Returns what may have been used of a lease by works that are out now, in units x milliseconds."""
        out = [one for one in self._out.values() if one.loan.lender == loan.lender]
        if loan.ask.resource is not Resource.MEMORY_CAPACITY:
            out = [one for one in out if one.loan.ask.id == loan.ask.id]
        return sum(_units(loan) * self._passed(one) for one in out)

    # ---- hearing

    def heard(self, said: Verified, via: NodeId, now: Instant) -> Doing:
        """Takes in a result; one that nothing waits for any more changes nothing.

        Raises:
            Refused: BAD_BODY, also when it is one of another work.
        """
        body = read_worked(said.body)
        out = self._out.get(ContentId(body.work))
        if out is None or out.loan.lender != said.author or said.header.recipient != self._core.me:
            return Doing()
        body.check(out.work)
        if out.body is None:
            out.said, out.body = said, body
            out.news.set()
        return Doing()

    def came(self, event: Happened) -> None:
        """Takes what became of an envelope that was carried: a refusal ends the waiting."""
        id_, _, code = event.detail.partition(" ")
        if event.name != "refused":
            return
        for out in self._out.values():
            if ContentId(id_) in out.sent and out.loan.lender == event.about:
                out.reason = BY_CODE.get(code, Reason.NO_LEASE)
                out.news.set()


def _units(loan: Loan) -> int:
    return loan.ask.amount if loan.ask.resource is Resource.MEMORY_CAPACITY else PROCESSOR
