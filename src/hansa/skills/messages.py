"""The wire kinds of this room. All are durable: they stay true, and may arrive late and in any order."""

from __future__ import annotations

from typing import Annotated

import msgspec

from hansa.kernel.canonical import Json
from hansa.kernel.errors import Refused
from hansa.kernel.ids import ContentId
from hansa.kernel.verdict import Reason
from hansa.kernel.wire import Id, Label, Wire
from hansa.skills.model import Claim, Evidence, Outcome, Size, Skill

SKILL = "skill"
EVIDENCE = "evidence"
TOMBSTONE = "tombstone"
ACKNOWLEDGEMENT = "acknowledgement"


class SkillBody(Wire, frozen=True):
    """Kind "skill": an author passes a skill on, with its claim about it."""

    skill: Skill
    claim: Claim


class EvidenceBody(Wire, frozen=True):
    """Kind "evidence": a prover's finding about a skill under one harness."""

    skill: Id
    harness: Label
    sandbox: Label
    outcome: Outcome
    trials: Annotated[int, msgspec.Meta(ge=0, le=100_000)]
    successes: Size
    passed: Size
    total: Size
    digest: Id
    reason: Label = ""

    def as_evidence(self, prover: str, at: int) -> Evidence:
        """Returns the finding with who made it and when (from the message's header).

        Raises:
            Refused: BAD_BODY, when its numbers contradict each other.
        """
        if self.successes > self.trials or self.passed > self.total:
            raise Refused(Reason.BAD_BODY, "more successes than trials")
        if self.outcome is Outcome.PASS and not (0 < self.successes == self.trials and 0 < self.passed == self.total):
            raise Refused(Reason.BAD_BODY, "a pass with failed trials or checks, or with none")
        return Evidence(
            ContentId(self.skill), prover, self.harness, self.sandbox, self.outcome, self.trials, self.successes,
            self.passed, self.total, self.digest, self.reason, at,
        )  # fmt: skip


class TombstoneBody(Wire, frozen=True):
    """Kind "tombstone": an author takes its skill back. It stays taken back.

    Attributes:
        recall: the author warns of it: it is to go wherever it is, and what was made from it is to be looked at.
    """

    skill: Id
    why: Annotated[str, msgspec.Meta(max_length=500)] = ""
    recall: bool = False


class AcknowledgementBody(Wire, frozen=True):
    """Kind "acknowledgement": a holder says what became of a skill that was taken back or recalled.

    Attributes:
        tombstone: id of the record that took it back.
        removed: whether it is gone there.
        derivatives: how many skills made from it were taken out of use there.
    """

    tombstone: Id
    skill: Id
    removed: bool
    derivatives: Annotated[int, msgspec.Meta(ge=0, le=2**40)]


def evidence_body(evidence: Evidence) -> dict[str, Json]:
    """Returns the body of the message that carries `evidence`."""
    return {
        name: getattr(evidence, name) if name != "outcome" else str(evidence.outcome)
        for name in EvidenceBody.__struct_fields__
    }


def skill_body(skill: Skill, claim: Claim) -> dict[str, Json]:
    """Returns the body of the message that passes `skill` on."""
    return {"skill": msgspec.to_builtins(skill), "claim": msgspec.to_builtins(claim)}


def tombstone_body(skill: ContentId, why: str, recall: bool = False) -> dict[str, Json]:
    """Returns the body of the message that takes `skill` back; without a recall in the words of older nodes."""
    return {"skill": skill, "why": why} | ({"recall": True} if recall else {})


def acknowledgement_body(tombstone: ContentId, skill: ContentId, removed: bool, derivatives: int) -> dict[str, Json]:
    """Returns the body of the message that says what became of `skill` here."""
    return {"tombstone": tombstone, "skill": skill, "removed": removed, "derivatives": derivatives}
