"""Results that a lender forged: what proves one, and what follows from it (attack 51).

A result is forged where it says what no machine with that harness can have come to:

1. it says that a skill passes, and here it tries what is forbidden, has checks that can't fail, or fails in
   `skills.refute_trials` trials in a row (`skills.service.is_lie`: the rule for claims)
2. it says that no trial passed, and here, under the bounds that the lender says it had, as many in a row pass

What proves it bears two signatures: the lender's result is kept as it was signed, and this node's own evidence stands
beside it. Outputs that differ while both pass prove nothing: they end a lender's record, unless this node does not come
to the same twice either, and are no receipt.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from hansa.conduct.ledger import Dealing, Receipt
from hansa.identity.envelope import Verified
from hansa.kernel.errors import Refused
from hansa.kernel.ids import ContentId
from hansa.kernel.verdict import Reason
from hansa.kernel.wire import parse
from hansa.market.checking import Found
from hansa.node.borrowing import Borrower
from hansa.node.bringing import Brought
from hansa.node.core import Core
from hansa.node.driver import Effects
from hansa.node.events import Kind
from hansa.node.prover import Proof
from hansa.node.receipts import write
from hansa.node.rows import PutRecord, SkillRow
from hansa.node.shelf import record_row
from hansa.node.vault import open_skill
from hansa.skills import messages, service
from hansa.skills.judge import Finding, job_for, judge
from hansa.skills.messages import EvidenceBody
from hansa.skills.model import Claim, Outcome
from hansa.skills.policy import Params
from hansa.skills.work import WORKED, WorkedBody, read_worked


def claims_a_pass(body: WorkedBody, finding: Finding, harness: str, params: Params) -> bool:
    """Says whether a result that says "passed" is forged, by a finding of one's own (1)."""
    claim = Claim(trials=body.trials, harness=body.harness)
    return body.outcome is Outcome.PASS and service.is_lie(claim, finding, harness, params)


async def claims_a_failure(core: Core, row: SkillRow, body: WorkedBody, seed: int) -> Found:
    """Returns whether a result that says "refuted" is forged, or may be so under the lender's bounds (2).

    Args:
        seed: of the work's first trial.

    Raises:
        NoSandbox: nothing was run.
    """
    sandbox, settings = core.sandbox, core.settings
    if sandbox is None:
        return Found.DOUBTFUL
    own = settings.sandbox
    limits = replace(own, memory_bytes=min(own.memory_bytes, body.memory_bytes), wall_ms=min(own.wall_ms, body.wall_ms))
    skill, trials = open_skill(row), settings.skills.refute_trials
    finding = judge(skill, await sandbox.run(job_for(skill, trials, trials, seed, limits)))
    return Found.FORGED if finding.outcome is Outcome.PASS else Found.DOUBTFUL


async def is_steady(core: Core, row: SkillRow, finding: Finding, seed: int) -> bool:
    """Says whether this node comes to the same outputs once more: else other outputs say nothing of whoever has them.

    Args:
        finding: that this node came to, from that seed on.

    Raises:
        NoSandbox: nothing was run.
    """
    if core.sandbox is None:
        return False
    skill = open_skill(row)
    report = await core.sandbox.run(job_for(skill, finding.trials, finding.trials, seed, core.settings.sandbox))
    return judge(skill, report).digests == finding.digests


async def charge(core: Core, borrower: Borrower, result: Brought, proof: Proof) -> None:
    """Keeps a forged result with a receipt about its lender, and gives the lease back; its cost will be contested.

    One receipt for each lease: what came in meanwhile is the same deed.
    """
    evidence = _evidence(core, proof.row.id)
    ask, lender = result.loan.ask.id, result.loan.lender
    before = borrower.loans.get(ask)
    borrower.forged(ask)
    if evidence is not None and not (before is not None and before.forged):
        effects = Effects([PutRecord(record_row(result.said, proof.row.id, core.now(), core.ring), recipient=core.me)])
        receipt = Receipt(
            dealing=Dealing.LEASE_BROKEN, subject=lender, skill=proof.row.id,
            records=(result.said.id, evidence), reason=Reason.REFUTED.code,
        )  # fmt: skip
        write(core, receipt, effects, proof.row.id)
        text = f"{lender} forged a result: {result.body.outcome}, and here {proof.finding.outcome}"
        effects.show(Kind.LEASE_CHANGED, ask, text, peer=lender, state="forged", lent=0)
        await core.driver.perform(effects)
    with suppress(Refused):  # it is over by itself
        await borrower.release(ask)


def _evidence(core: Core, skill: ContentId) -> ContentId | None:
    """Returns this node's last finding about a skill."""
    rows = [one for one in core.store.records_about(skill, messages.EVIDENCE) if one.author == core.me]
    last = max(rows, key=lambda one: one.seq, default=None)
    return None if last is None else last.id


def flaw(receipt: Receipt, author: str, result: Verified, evidence: Verified) -> str:
    """Returns why a receipt does not follow from the two records that it names, or "".

    Args:
        author: of the receipt.
        result: the first record. `evidence`: the second.
    """
    if receipt.dealing is not Dealing.LEASE_BROKEN or receipt.records != (result.id, evidence.id):
        return "it names other records, or another dealing"
    if (result.header.kind, result.author, result.header.recipient) != (WORKED, receipt.subject, author):
        return "the result is not its subject's, or was for somebody else"
    if (evidence.header.kind, evidence.author) != (messages.EVIDENCE, author):
        return "the finding is not its author's"
    said, found = read_worked(result.body), parse(evidence.body, EvidenceBody)
    if {said.skill, found.skill} != {receipt.skill} or said.harness != found.harness:
        return "the two are about different things"
    if said.outcome is found.outcome or Outcome.INCONCLUSIVE in (said.outcome, found.outcome):
        return "the finding does not contradict the result"
    return ""
