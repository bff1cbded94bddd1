"""The wire kinds of this room. All are durable: they stay true, and may arrive late and in any order."""

from __future__ import annotations

from typing import Annotated

import msgspec

from hansa.governance.case import Act, Basis, Ground, Ruled
from hansa.kernel.wire import Id, Wire

DISPUTE = "dispute"
ANSWER = "dispute_answer"
FINDING = "dispute_finding"
RULING = "dispute_ruling"
WITHDRAWAL = "dispute_withdrawal"
APPEAL = "dispute_appeal"

Why = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
MaybeWhy = Annotated[str, msgspec.Meta(max_length=500)]
Node = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
MaybeRecords = Annotated[tuple[Id, ...], msgspec.Meta(max_length=8)]
Records = Annotated[tuple[Id, ...], msgspec.Meta(min_length=1, max_length=8)]


class DisputeBody(Wire, frozen=True):
    """Kind "dispute": opens a case.

    Attributes:
        record: id of the disputed record: a skill message, or a receipt for an accusation that is called false.
        respondent: who signed that.
        records: ids of the signed records that the accusation rests on; no word without a deed.
    """

    skill: Id
    record: Id
    respondent: Node
    ground: Ground
    why: Why
    records: Records


class AnswerBody(Wire, frozen=True):
    """Kind "dispute_answer": the respondent's side."""

    case: Id
    why: Why
    records: MaybeRecords = ()


class FindingBody(Wire, frozen=True):
    """Kind "dispute_finding": somebody who is no party names a finding of its own about the skill."""

    case: Id
    record: Id


class RulingBody(Wire, frozen=True):
    """Kind "dispute_ruling": what its author decided, for itself alone."""

    case: Id
    ruled: Ruled
    basis: Basis
    records: MaybeRecords = ()
    why: MaybeWhy = ""


class WithdrawalBody(Wire, frozen=True):
    """Kind "dispute_withdrawal": the opener takes the accusation back."""

    case: Id
    why: MaybeWhy = ""


class AppealBody(Wire, frozen=True):
    """Kind "dispute_appeal": the party that lost asks for new runs, and names new evidence."""

    case: Id
    why: Why
    records: Records


LATER_BODIES: dict[str, type[AnswerBody | FindingBody | RulingBody | WithdrawalBody | AppealBody]] = {
    ANSWER: AnswerBody,
    FINDING: FindingBody,
    RULING: RulingBody,
    WITHDRAWAL: WithdrawalBody,
    APPEAL: AppealBody,
}
"""Bodies of what is said once a case is open."""

ACTS = {
    ANSWER: Act.ANSWER,
    FINDING: Act.FINDING,
    RULING: Act.RULING,
    WITHDRAWAL: Act.WITHDRAWAL,
    APPEAL: Act.APPEAL,
}
KINDS = (DISPUTE, *LATER_BODIES)
"""Every kind of this room."""
