"""What follows on this node when a case is decided here: its own ruling, the skill, and receipts.

Whenever something was said in a case, or this node has tried the skill again, the case is gone through anew. If it came
to another decision than the last ruling that this node wrote down, the ruling and all that follows is one batch:

1. the ruling, signed; whoever passes the case on passes it on as well, and it goes where the operator reports to
2. upheld against a skill: the skill is refused here, with its reason; only a proof of this node's own, or its operator,
   brings it back
3. shown by this node's own run: a receipt about whoever it proves wrong, once: `skill_refuted` about the respondent,
   which the prover has mostly written already, or `false_accusation` about the opener, or about the author of a receipt

A ruling on the findings of others leads to no receipt: this node has seen nothing itself. What was withdrawn is closed,
and nothing is owed.
"""

from __future__ import annotations

import msgspec

from hansa.conduct.ledger import Dealing, Receipt
from hansa.governance import act, messages
from hansa.governance.case import Act, Basis, Case, Decision, Ground, Ruled, Says
from hansa.governance.disputes import Course, State
from hansa.governance.messages import RulingBody
from hansa.kernel.errors import UsageError
from hansa.kernel.ids import ContentId
from hansa.kernel.verdict import Box, Reason, Verdict
from hansa.kernel.wire import parse
from hansa.node import lawful
from hansa.node.casebook import Casebook
from hansa.node.core import Core
from hansa.node.driver import Effects
from hansa.node.events import Kind
from hansa.node.receipts import write
from hansa.node.rows import OutboxRow, PutOutbox, PutRecord, SetSkillState, SkillRow
from hansa.node.shelf import record_row
from hansa.node.testimony import open_held, read_evidence
from hansa.skills import service
from hansa.skills.model import Origin, SkillState, domain

_PAGE = 500


class Settler:
    """Draws the consequences of cases."""

    def __init__(self, core: Core, book: Casebook) -> None:
        """Works for one node, on the cases in `book`."""
        self._core = core
        self._book = book

    async def catch_up(self) -> None:
        """Settles every case: the node may have stopped in between, or been given other settings."""
        after = 0
        while page := self._book.page(after, _PAGE):
            for number, case in page:
                after = number
                await self.settle(case)

    async def about(self, skill: ContentId) -> None:
        """Settles the cases over a skill."""
        for case in self._book.about(skill):
            await self.settle(case)

    async def settle(self, case: Case) -> None:
        """Draws what follows from a case as it stands, unless that was done."""
        if self._core.asks_first:
            return  # nothing lasting is signed now; the next start, or sync, catches up
        async with self._core.turns.of(case.skill):
            course = self._book.course(case)
            decision = course.decision
            if decision is not None and (decision.ruled, decision.basis) != _last(course, self._core.me):
                await self._core.driver.perform(self._effects(case, decision))

    async def rule(self, case: Case, ruled: Ruled, why: str) -> None:
        """Rules by the operator's word, on what no run can show, for this node alone.

        Raises:
            UsageError: runs decide this, or the accusation was withdrawn.
        """
        async with self._core.turns.of(case.skill):
            state = self._book.course(case).state
            if case.ground.is_tried or state is State.WITHDRAWN:
                raise UsageError(
                    f"the case is {state}: nothing is left to rule on" if state is State.WITHDRAWN
                    else f"{case.ground} is decided by running the skill again: hansa dispute evidence {case.id[:12]}"
                )  # fmt: skip
            decision = Decision(ruled, Basis.OPERATOR, self._core.now())
            await self._core.driver.perform(self._effects(case, decision, why))

    def _effects(self, case: Case, decision: Decision, why: str = "") -> Effects:
        effects = Effects()
        self._rule(case, decision, why, effects)
        if decision.basis is Basis.OWN:
            self._receipt(case, decision, effects)
        if decision.ruled is Ruled.UPHELD and case.ground is not Ground.FALSE_ACCUSATION:
            self._refuse(case, decision, effects)
        text = f"dispute {case.id[:12]} {decision.ruled} here: {_RESTS_ON[decision.basis]}"
        effects.changes.append(self._core.driver.note(case.skill, Box.DOMAIN, None, None, text))
        effects.show(
            Kind.DISPUTE_RULED, case.skill, text, case=case.id, ruled=decision.ruled.value, basis=decision.basis.value
        )
        return effects

    def _rule(self, case: Case, decision: Decision, why: str, effects: Effects) -> None:
        body = RulingBody(
            case=case.id, ruled=decision.ruled, basis=decision.basis, records=decision.records[:8], why=why
        )  # fmt: skip
        sealed = self._core.seal(messages.RULING, msgspec.to_builtins(body))
        record = record_row(sealed, case.id, self._core.now(), self._core.ring)
        opening = self._core.store.record(ContentId(case.id))
        effects.changes.append(PutRecord(record, in_feed=opening is not None and opening.place is not None))
        for subscription in self._core.store.subscriptions():
            refuted = subscription.report == "refutations" and decision.ruled is Ruled.UPHELD
            if subscription.report == "all" or refuted:
                outgoing = OutboxRow(record.id, subscription.url, "pending", at=self._core.now())
                effects.changes.append(PutOutbox(outgoing))

    def _refuse(self, case: Case, decision: Decision, effects: Effects) -> None:
        row = self._core.lineages.now(ContentId(case.skill))
        if row is None or row.state not in (SkillState.QUARANTINED, SkillState.ADMITTED):
            return
        objection = lawful.breach(self._core, _act(case, decision, row))
        if objection:
            effects.changes.append(lawful.note(self._core, row.id, Box.DOMAIN, objection))
            return
        reason = Reason.DISPUTED
        after = service.move(row.state, service.Trigger.FAILED)
        note = f"refused: dispute {case.id[:12]} over it was upheld here"
        effects.changes.append(SetSkillState(row.id, after, reason.code))
        effects.changes.append(self._core.driver.note(row.id, Box.DOMAIN, Verdict.REJECT, reason, note))
        effects.show(Kind.SKILL_REFUSED, row.id, f"{row.intent[:80]}: {note}", reason=reason.code)

    def _receipt(self, case: Case, decision: Decision, effects: Effects) -> None:
        upheld = decision.ruled is Ruled.UPHELD
        if upheld and case.ground is not Ground.FALSE_ACCUSATION:
            dealing, subject, deed = Dealing.SKILL_REFUTED, case.respondent, case.against
        else:
            dealing, subject = Dealing.FALSE_ACCUSATION, case.respondent if upheld else case.opener
            deed = case.against if upheld else case.id
        if subject == self._core.me or self._has_receipt(case.skill, dealing, deed):
            return
        if dealing is Dealing.FALSE_ACCUSATION and self._ran_otherwise(case, decision):
            return  # it comes out now so, now so: who saw the other one did not lie
        run = read_evidence(self._core, decision.records[0])
        receipt = Receipt(
            dealing=dealing, subject=subject, skill=case.skill, records=(deed, decision.records[0]),
            reason=run[1].reason if run else "", domain=self._domain(case.skill),
        )  # fmt: skip
        record = write(self._core, receipt, effects)
        note = f"receipt {record.id[:12]}: {dealing} by {subject}"
        effects.changes.append(self._core.driver.note(case.skill, Box.STORE, None, None, note))

    def _ran_otherwise(self, case: Case, decision: Decision) -> bool:
        """Says whether a run of this node's own since the opening said the opposite of what it has ruled."""
        opposite = Says.CONTRADICTS if decision.ruled is Ruled.UPHELD else Says.SUPPORTS
        runs = [one.finding for one in self._book.heard(case) if one.act is Act.RUN]
        return any(found is not None and found.says is opposite for found in runs)

    def _domain(self, skill: str) -> str:
        row = self._core.store.skill(ContentId(skill))
        return domain(row.tags) if row else ""

    def _has_receipt(self, skill: str, dealing: Dealing, deed: str) -> bool:
        """Says whether this node has signed a receipt for that deed: one is enough, and what is done stays done."""
        rows = [row for row in self._core.store.receipts_about(ContentId(skill)) if row.dealing == dealing]
        return any(self._is_mine(row.entry.receipt, deed) for row in rows)

    def _is_mine(self, receipt: ContentId, deed: str) -> bool:
        opened = open_held(self._core, receipt)
        return opened is not None and opened.author == self._core.me and parse(opened.body, Receipt).records[0] == deed


def _act(case: Case, decision: Decision, row: SkillRow) -> act.Act:
    """Returns what the constitution judges: a skill would be refused, by this node's own run or by somebody's word."""
    own = decision.basis is not Basis.VERIFIERS
    rests_on = {Basis.OWN: act.PROOF, Basis.OPERATOR: act.OPERATOR}.get(decision.basis, "")
    return act.Act(
        occasion=act.Occasion.DISPUTE, kind=messages.RULING, author=case.opener, own=own, signed=True, verified=True,
        own_skill=row.origin is Origin.OWN, leads_to=SkillState.REFUSED.value, rests_on=rests_on, tags=row.tags,
        license=row.license, media_type=row.media_type,
    )  # fmt: skip


def _last(course: Course, me: str) -> tuple[Ruled | None, Basis | None]:
    """Returns the last ruling of this node's own that the case holds and that was carried out."""
    mine = [one.said for one in course.steps if one.said.act is Act.RULING and one.said.author == me]
    return (mine[-1].ruled, mine[-1].basis) if mine else (None, None)


_RESTS_ON = {
    Basis.OWN: "this node's own run shows it",
    Basis.VERIFIERS: "verifiers that its operator named agree",
    Basis.OPERATOR: "by its operator's word",
}
