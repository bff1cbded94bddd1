"""The wire kinds of proofs that are run for somebody else, on a lease: what is to be run, and the signed result.

    work      for the lender of a lease: prove this skill, so often, from this seed on
    worked    for the borrower: what came of it; signed, so that who forges a result has signed the proof of it

Both are live, for one node, and kept nowhere, but for results that turn out to be forged. A work has an id of its own
(`WorkBody.key`), whichever envelope brings it: asking again is asking for the same result. A result has the shape of
evidence, and is none: no rank and no gate reads it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from hansa.kernel import canonical
from hansa.kernel.errors import Refused
from hansa.kernel.ids import ContentId, content_id
from hansa.kernel.instant import HOUR
from hansa.kernel.verdict import Reason
from hansa.kernel.wire import Id, Label, Wire, parse
from hansa.skills.judge import Finding
from hansa.skills.messages import EvidenceBody
from hansa.skills.model import Outcome, Skill

WORK = "work"
WORKED = "worked"

MAX_TRIALS = 1_000
"""Trials of one work on the wire; a lender takes fewer (`market.slots.Params.trials`)."""

_Seed = Annotated[int, msgspec.Meta(ge=0, lt=2**53)]
_Fence = Annotated[int, msgspec.Meta(ge=1, lt=2**53)]


class WorkBody(Wire, frozen=True):
    """Kind "work": a proof that a lease pays for.

    Attributes:
        lease: id of the ask that the lease was granted for; `fence`: of that lease.
        skill: id of what is to be proved.
        trials: fresh processes; trial i seeds chance with seed + i.
        text: the skill itself; left out where the lender is said to hold it.
    """

    lease: Id
    fence: _Fence
    skill: Id
    trials: Annotated[int, msgspec.Meta(ge=1, le=MAX_TRIALS)]
    seed: _Seed
    text: Skill | msgspec.UnsetType = msgspec.UNSET

    @property
    def key(self) -> ContentId:
        """The work's id: the same whether or not the skill's text comes with it."""
        return content_id(canonical.encode([self.lease, self.fence, self.skill, self.trials, self.seed]))

    def size(self) -> int:
        """Returns the bytes of the skill that comes with it.

        Raises:
            Refused: BAD_BODY, when that is another skill.
        """
        if self.text is msgspec.UNSET:
            return 0
        data = self.text.to_bytes()
        if content_id(data) != self.skill:
            raise Refused(Reason.BAD_BODY, "the skill that comes with it is another one")
        return len(data)


class WorkedBody(EvidenceBody, frozen=True, kw_only=True):
    """Kind "worked": what the proof came to, as evidence says it, and for which work.

    Attributes:
        work: id of the work.
        lease, fence: whose units it took.
        digests: of what each trial put out, in order: who has run it knows them.
        memory_bytes, wall_ms: the bounds on each trial under which it ran.
        used_ms: milliseconds of one processor that it took.
    """

    work: Id
    lease: Id
    fence: _Fence
    digests: Annotated[tuple[Label, ...], msgspec.Meta(max_length=MAX_TRIALS)]
    memory_bytes: Annotated[int, msgspec.Meta(ge=1, lt=2**53)]
    wall_ms: Annotated[int, msgspec.Meta(ge=1, le=HOUR)]
    used_ms: Annotated[int, msgspec.Meta(ge=0, lt=2**53)]

    def check(self, work: WorkBody) -> None:
        """Refuses a result that is not one of this work.

        Raises:
            Refused: BAD_BODY.
        """
        whole = self.outcome is not Outcome.PASS or self.trials == work.trials
        same = (self.work, self.lease, self.fence, self.skill) == (work.key, work.lease, work.fence, work.skill)
        if not same or self.trials > work.trials or not whole:
            raise Refused(Reason.BAD_BODY, "that is no result of this work")

    @property
    def fails(self) -> bool:
        """Says whether it calls the skill refuted: no trial passed."""
        return self.outcome is Outcome.FAIL and self.successes == 0


def read_worked(body: Mapping[str, Any]) -> WorkedBody:
    """Returns a result.

    Raises:
        Refused: BAD_BODY, also when its numbers contradict each other, or a trial has no digest.
    """
    read = parse(body, WorkedBody)
    read.as_evidence("", 0)
    if len(read.digests) != read.trials:
        raise Refused(Reason.BAD_BODY, "not one digest for each trial")
    return read


def agrees(body: WorkedBody, finding: Finding, first: int) -> bool:
    """Says whether a finding of one's own put out what a result says, trial by trial.

    Args:
        first: which trial of the work the finding's first one is.
    """
    return (body.outcome is finding.outcome) and body.digests[first : first + len(finding.digests)] == finding.digests
