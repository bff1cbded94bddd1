"""What a finding about a skill says about an accusation: the skills room's rule of lies, asked for the disputes.

| ground | a finding supports it | a finding contradicts it |
|---|---|---|
| false_claim | it proves the claim a lie (`skills.service.is_lie`) | a pass on the harness of the opener's finding |
| harmful | the skill tried what the sandbox forbids | a pass on the harness of the opener's finding |
| false_accusation | a pass on the harness of the receipt's finding | it proves the claim a lie, as the receipt does |

Everything is read from signed records. A finding whose claim, receipt or harness can't be read says nothing.
"""

from __future__ import annotations

from hansa.conduct.ledger import Receipt
from hansa.governance.case import Case, Finding, Ground, Says
from hansa.identity.envelope import Verified
from hansa.kernel.errors import Refused
from hansa.kernel.ids import ContentId
from hansa.kernel.instant import Instant
from hansa.kernel.verdict import BY_CODE, Reason
from hansa.kernel.wire import parse
from hansa.node.core import Core
from hansa.node.vault import open_record
from hansa.skills import judge, messages, service
from hansa.skills.messages import EvidenceBody, SkillBody
from hansa.skills.model import Claim, Outcome

FORBIDDEN = (Reason.SANDBOX_FILE, Reason.SANDBOX_NETWORK, Reason.SANDBOX_PROCESS)


def read_evidence(core: Core, id_: str) -> tuple[Verified, EvidenceBody] | None:
    """Returns the finding in a record that is held here; None when it is none, is damaged or withheld."""
    opened = open_held(core, id_)
    if opened is None or opened.header.kind != messages.EVIDENCE:
        return None
    return opened, parse(opened.body, EvidenceBody)


def open_held(core: Core, id_: str) -> Verified | None:
    """Returns the message in a record that is held here; None when it is not, or is damaged or withheld."""
    record = core.store.record(ContentId(id_))
    if record is None or record.withheld:
        return None
    try:
        return open_record(record, core.ring)
    except Refused:
        return None


class Testimony:
    """Weighs findings in one case."""

    def __init__(self, core: Core, case: Case) -> None:
        """Reads what is disputed, and the harness that it is disputed on."""
        self._core = core
        self._case = case
        self._claim, self._harness = self._at_issue()

    def of(self, id_: str) -> Finding | None:
        """Returns what the finding in a record says; None when there is none."""
        read = read_evidence(self._core, id_)
        if read is None:
            return None
        message, body = read
        return Finding(id_, message.author, Instant(message.header.created), self._says(body))

    def _says(self, body: EvidenceBody) -> Says:
        if body.skill != self._case.skill or self._claim is None or body.outcome is Outcome.INCONCLUSIVE:
            return Says.NOTHING
        refutes, holds = self._refutes(body, self._claim), self._holds(body)
        if self._case.ground is Ground.FALSE_ACCUSATION:
            refutes, holds = holds, refutes
        return Says.SUPPORTS if refutes else Says.CONTRADICTS if holds else Says.NOTHING

    def _refutes(self, body: EvidenceBody, claim: Claim) -> bool:
        if body.outcome is not Outcome.FAIL:
            return False
        reason = BY_CODE.get(body.reason)
        if self._case.ground is Ground.HARMFUL:
            return reason in FORBIDDEN
        found = judge.Finding(
            body.outcome, reason, body.trials, body.successes, body.passed, body.total, body.digest
        )  # fmt: skip
        return service.is_lie(claim, found, body.harness, self._core.settings.skills)

    def _holds(self, body: EvidenceBody) -> bool:
        return body.outcome is Outcome.PASS and body.harness == self._harness

    def _at_issue(self) -> tuple[Claim | None, str]:
        """Returns the claim that is called false, or that a receipt called so, and the harness of that."""
        case = self._case
        disputed = open_held(self._core, case.against)
        if disputed is None:
            return None, ""
        if case.ground is Ground.FALSE_ACCUSATION:
            accused = parse(disputed.body, Receipt)
            behind = read_evidence(self._core, accused.records[-1])
            disputed = open_held(self._core, accused.records[0])
            if behind is None or disputed is None or disputed.header.kind != messages.SKILL:
                return None, ""
            return parse(disputed.body, SkillBody).claim, behind[1].harness
        own = [read for read in (read_evidence(self._core, one) for one in case.records) if read is not None]
        harness = next((body.harness for message, body in own if message.author == case.opener), "")
        return parse(disputed.body, SkillBody).claim, harness
