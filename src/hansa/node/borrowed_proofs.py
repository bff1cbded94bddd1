"""Proving on borrowed time: skills are brought to lenders, and what these say decides how this node proves them itself.

Nothing is admitted or refused on the word of a lender: this node always proves a skill itself. What a result changes:

| a lender's result | this node's own proof |
|---|---|
| none: no lender, refused, too late | as always |
| passed, by a known lender, not drawn | with `conduct.trusted_trials`, drawn among those that the lender says it ran |
| passed, by a known lender, drawn | as always: a spot check |
| passed, by any other lender | as above once enough others say the same; else as always |
| refuted | after all others, with one trial; if that passes, as always |
| passes in some trials only, or can't be tried there | as always |

Each own trial is held against the same trial of the lender's. Where they differ, the skill is proved as always; a
lender whose result is false beyond doubt gets a receipt and no more work (`node.forged`). A skill of this node's own is
always proved in full: what this node claims rests on its own trials.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from hansa.kernel.errors import HansaError, Refused, UsageError
from hansa.kernel.ids import ContentId, NodeId
from hansa.kernel.resources import Resource
from hansa.kernel.rng import Rng
from hansa.market.checking import Found, Params, Record, agreed, is_drawn, is_known, lead
from hansa.market.lease_states import State
from hansa.market.slots import at_once
from hansa.node import forged
from hansa.node.borrowing import Borrower, Loan
from hansa.node.bringing import Bringing, Brought
from hansa.node.core import Core
from hansa.node.driver import Effects
from hansa.node.prover import Proof, Prover, Unproved
from hansa.node.rows import PutMark, SkillRow
from hansa.node.vault import open_skill
from hansa.skills.model import Origin, Outcome
from hansa.skills.work import MAX_TRIALS, WorkBody, WorkedBody, agrees

_AHEAD = 1
"""Works that a lender is brought beyond those that it runs at once, so that none waits for the way."""


class Plan(IntEnum):
    """How a skill is proved here, in the order in which that is done."""

    SHORT = 0
    FULL = 1
    LAST = 2


@dataclass(slots=True)
class Tally:
    """What was brought to one lease, and what came of it.

    Attributes:
        units: of the lease. `used_ms`: milliseconds of a processor that are owed for; `took_ms`: with the way there.
        right, doubtful, forged: results that were held against own trials.
        why: how often a work was not answered, by the reason's code, or "late".
    """

    lender: NodeId
    units: int
    brought: int = 0
    answered: int = 0
    right: int = 0
    doubtful: int = 0
    forged: int = 0
    used_ms: int = 0
    took_ms: int = 0
    why: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True, eq=False)
class _Item:
    """One skill that is to be proved; `asked`: lenders that it was brought to."""

    row: SkillRow
    asked: dict[NodeId, None] = field(default_factory=dict)
    results: list[Brought] = field(default_factory=list)
    plan: Plan | None = None


class BorrowedProofs:
    """Brings proofs to lenders, and remembers how good these are."""

    def __init__(self, core: Core, borrower: Borrower, params: Params) -> None:
        """Brings nothing yet."""
        self.core = core
        self.borrower = borrower
        self.params = params
        self.bringing = Bringing(core, borrower)

    def loans(self) -> list[Loan]:
        """Returns the leases of processor time that works can be brought to now, the oldest first."""
        now = self.core.now()
        return [
            one
            for one in self.borrower.loans.values()
            if one.lease is not None
            and one.lease.state is State.ACTIVE
            and not one.forged
            and one.ask.resource is Resource.COMPUTATIONAL_POWER
            and one.ask.window.begins <= now < one.ask.window.ends
            and not self.record(one.lender).forged
        ]

    def record(self, lender: NodeId) -> Record:
        """Returns what was found out about a lender's results, also before the last restart."""
        right, doubted, forged_ = ((self.core.store.mark(_mark(lender)) or "0 0 0").split() + ["0"] * 3)[:3]
        return Record(int(right), int(doubted), forged_ == "1")

    async def note(self, lender: NodeId, found: Found) -> Record:
        """Notes what looking at one more result of a lender came to."""
        after = self.record(lender).found(found)
        text = f"{after.right} {after.doubted} {int(after.forged)}"
        await self.core.driver.perform(Effects([PutMark(_mark(lender), text)]))
        return after

    def draw(self, brought: Brought, what: str) -> Rng:
        """Returns the chance that belongs to one result: from this node's signature, which nobody else can make."""
        words = f"hansa spot check\n{what}\n{brought.said.id}".encode()
        return Rng(self.core.keys.key.sign(words))

    def prove_all(self, rows: Sequence[SkillRow], prover: Prover) -> Round:
        """Returns what proves some skills with the help of all leases that are active."""
        return Round(self, prover, rows)


class Round:
    """One time that skills are proved on borrowed time.

    Attributes:
        tallies: what was brought to which lease.
    """

    def __init__(self, proofs: BorrowedProofs, prover: Prover, rows: Sequence[SkillRow]) -> None:
        """Has begun nothing yet."""
        self._proofs = proofs
        self._core = proofs.core
        self._prover = prover
        self._items = [_Item(row) for row in rows]
        self._busy: Counter[ContentId] = Counter()
        self._gone: dict[ContentId, None] = {}
        self._bringing = self._proving = 0
        self.tallies: dict[ContentId, Tally] = {}

    async def run(self) -> AsyncIterator[Proof | Unproved]:
        """Yields each proof of this node's own, as it is done. Stopping half-way loses nothing."""
        tasks: dict[asyncio.Task[Proof | Unproved | None], None] = {}
        try:
            while True:
                self._begin(tasks)
                if not tasks:
                    return
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in [one for one in tasks if one in done]:
                    del tasks[task]
                    proof = task.result()
                    if proof is not None:
                        yield proof
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _begin(self, tasks: dict[asyncio.Task[Proof | Unproved | None], None]) -> None:
        loop = asyncio.get_running_loop()
        loans = self._open()
        for item in [one for one in self._items if one.plan is None]:
            loan = self._lender_for(item, loans)
            if loan is not None:
                self._items.remove(item)
                self._bringing += 1
                self._busy[loan.ask.id] += 1
                item.asked[loan.lender] = None
                tasks[loop.create_task(self._bring(item, loan))] = None
            elif all(one.lender in item.asked for one in loans):
                item.plan = Plan.FULL
        while self._proving < self._core.settings.workers:
            ready = sorted((one for one in self._items if one.plan is not None), key=_urgency)
            if not ready or (ready[0].plan is Plan.LAST and (self._bringing or len(ready) < len(self._items))):
                return
            self._items.remove(ready[0])
            self._proving += 1
            tasks[loop.create_task(self._at_home(ready[0]))] = None

    # ---- bringing

    def _open(self) -> list[Loan]:
        """Returns the leases that works may be brought to, now or once there is a place."""
        if not self._proofs.bringing.is_open:
            return []
        return [one for one in self._proofs.loans() if one.ask.id not in self._gone]

    def _lender_for(self, item: _Item, loans: Sequence[Loan]) -> Loan | None:
        for loan in loans:
            if loan.lender not in item.asked and self._busy[loan.ask.id] < at_once(loan.ask.amount) + _AHEAD:
                return loan
        return None

    async def _bring(self, item: _Item, loan: Loan) -> None:
        id_ = loan.ask.id
        tally = self.tallies.setdefault(id_, Tally(loan.lender, loan.ask.amount))
        tally.brought += 1
        try:
            brought = await self._proofs.bringing.bring(loan, self._work(item, loan))
            tally.answered += 1
            tally.used_ms += brought.used_ms
            tally.took_ms += brought.took_ms
            item.results.append(brought)
            await self._decide(item)
        except HansaError as error:
            code = error.reason.code if isinstance(error, Refused) else "late"
            tally.why[code] += 1
            if not isinstance(error, Refused) or code == "no_lease":
                self._gone[id_] = None
        finally:
            self._busy[id_] -= 1
            self._bringing -= 1
            self._items.append(item)

    def _work(self, item: _Item, loan: Loan) -> WorkBody:
        if loan.lease is None:
            raise UsageError("there is no lease to bring it to")
        trials = min(MAX_TRIALS, max(self._prover.usual_trials(item.row), self._core.settings.skills.prove_trials))
        seed = Rng(self._core.keys.key.sign(f"hansa work\n{item.row.id}".encode()))
        return WorkBody(
            lease=loan.ask.id, fence=loan.lease.fence, skill=item.row.id, trials=trials, seed=seed.below(1 << 32),
            text=open_skill(item.row),
        )  # fmt: skip

    async def _decide(self, item: _Item) -> None:
        """Settles how a skill is proved here, unless others are to be asked first (`market.checking`)."""
        last, params = item.results[-1], self._proofs.params
        if last.body.fails:
            item.plan = Plan.LAST
        elif last.body.outcome is not Outcome.PASS:
            item.plan = Plan.FULL
        elif is_known(self._proofs.record(last.loan.lender), params):
            drawn = is_drawn(self._proofs.draw(last, "spot check"), params)
            item.plan = Plan.FULL if drawn else Plan.SHORT
        else:
            await self._replicate(item)

    async def _replicate(self, item: _Item) -> None:
        params = self._proofs.params
        answers = Counter(_answer(one.body) for one in item.results)
        taken = agreed(answers, params)
        if taken is not None:
            for one in item.results[:-1]:  # the last one led to this, and is looked at here as well
                await self._note(one, Found.RIGHT if _answer(one.body) == taken else Found.DOUBTFUL)
            item.results = [one for one in item.results if _answer(one.body) == taken]
            item.plan = Plan.SHORT
        else:
            others = dict.fromkeys(one.lender for one in self._open() if one.lender not in item.asked)
            if not others or len(item.asked) + len(others) < lead(params):
                item.plan = Plan.FULL

    # ---- proving here

    async def _at_home(self, item: _Item) -> Proof | Unproved:
        try:
            return await self._proved(item)
        except (Refused, UsageError) as error:
            return Unproved(item.row, error)
        finally:
            self._proving -= 1

    async def _proved(self, item: _Item) -> Proof:
        full = self._prover.usual_trials(item.row)
        result = item.results[-1] if item.results else None
        if result is None:
            return await self._prover.prove(item.row)
        short = 1 if item.plan is Plan.LAST else min(full, self._core.settings.conduct.trusted_trials)
        if item.plan is Plan.FULL or item.row.origin is Origin.OWN:
            short = full
        proof, found = await self._against(item, result, short)
        if short < full and (found is Found.DOUBTFUL or (found is None and proof.finding.outcome is not Outcome.FAIL)):
            proof, found = await self._against(item, result, full)
        if found is not None:
            await self._note(result, found, proof)
        for one in item.results[:-1] if item.plan is not Plan.SHORT else ():  # else the majority has judged them
            found = await self._found(item, one.body, proof, self._first(item, result, proof.finding.trials))
            if found is not None:
                await self._note(one, found, proof)
        return proof

    async def _against(self, item: _Item, result: Brought, trials: int) -> tuple[Proof, Found | None]:
        """Proves a skill with some of the trials that a lender says it ran; returns what its result is by that."""
        first = self._first(item, result, trials)
        proof = await self._prover.prove(item.row, trials, self._work(item, result.loan).seed + first)
        return proof, await self._found(item, result.body, proof, first)

    def _first(self, item: _Item, result: Brought, trials: int) -> int:
        """Returns which of a lender's trials is the first that is run here."""
        spare = len(result.body.digests) - trials
        if spare <= 0 or result.body.fails:
            return 0
        return self._proofs.draw(result, f"trials {trials}").below(spare + 1)

    async def _found(self, item: _Item, body: WorkedBody, proof: Proof, first: int) -> Found | None:
        """Returns what own trials say of a result; None where they say nothing, as with another harness."""
        finding = proof.finding
        if body.harness != proof.harness or Outcome.INCONCLUSIVE in (finding.outcome, body.outcome):
            return None
        if body.outcome is Outcome.PASS:
            if forged.claims_a_pass(body, finding, proof.harness, self._core.settings.skills):
                return Found.FORGED
            if agrees(body, finding, first):
                return Found.RIGHT
            steady = await forged.is_steady(
                self._core, item.row, finding, self._work(item, self._loan_of(item)).seed + first
            )
            return Found.DOUBTFUL if steady or finding.outcome is Outcome.FAIL else None
        if finding.outcome is Outcome.FAIL:
            return Found.RIGHT
        if not body.fails:
            return None  # it passes in some trials only
        if finding.trials < self._core.settings.skills.refute_trials:
            return Found.DOUBTFUL
        return await forged.claims_a_failure(self._core, item.row, body, self._work(item, self._loan_of(item)).seed)

    def _loan_of(self, item: _Item) -> Loan:
        return item.results[-1].loan

    async def _note(self, result: Brought, found: Found, proof: Proof | None = None) -> None:
        loan, proofs = result.loan, self._proofs
        tally = self.tallies.setdefault(loan.ask.id, Tally(loan.lender, loan.ask.amount))
        tally.right += found is Found.RIGHT
        tally.doubtful += found is Found.DOUBTFUL
        tally.forged += found is Found.FORGED
        after = await proofs.note(loan.lender, found)
        if found is Found.FORGED and proof is not None:
            self._gone[loan.ask.id] = None
            await forged.charge(self._core, proofs.borrower, result, proof)
        elif after.doubted >= proofs.params.doubts:
            self._gone[loan.ask.id] = None


def _mark(lender: NodeId) -> str:
    return f"checked {lender}"


def _urgency(item: _Item) -> int:
    return item.plan or 0


def _answer(body: WorkedBody) -> tuple[str, tuple[str, ...]]:
    return body.outcome.value, body.digests
