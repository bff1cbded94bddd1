"""What can be done to somebody and proved: each kind of dealing, what it weighs, and what its receipt rests on.

A receipt bears two signatures: whom it was done to signs the receipt itself, and the first record that the receipt
names is signed by whoever did it (the claim, the result, the lease, the vote: `Kind.deed`). So nobody is charged with,
or praised for, what they did not sign; and what is only said of somebody is no dealing.

*Malice* is what nobody does by mistake: two messages under one number, a skill that reaches for files, sockets or
processes, an accusation that the accuser could have found to be false.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from hansa.kernel.verdict import Reason


class Dealing(StrEnum):
    """What was done, as a receipt names it (A2)."""

    SKILL_REFUTED = "skill_refuted"
    SKILL_REPROVED = "skill_reproved"
    EQUIVOCATED = "equivocated"
    FALSE_ACCUSATION = "false_accusation"
    TASK_DELIVERED = "task_delivered"
    TASK_FAILED = "task_failed"
    LEASE_HONOURED = "lease_honoured"
    LEASE_BROKEN = "lease_broken"
    RUMOR_TRUE = "rumor_true"
    RUMOR_FALSE = "rumor_false"
    VOTE_KEPT = "vote_kept"
    TREATY_BREACHED = "treaty_breached"


class Term(StrEnum):
    """The terms of trust (M13), and which of them a dealing speaks to."""

    RELIABILITY = "reliability"
    ACCURACY = "accuracy"
    SECURITY = "security"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of dealing.

    Attributes:
        weight: in the policy `classic`, on the scale of the protocol's own table; its sign says whether it is good.
        term: of trust.
        deed: what its author signed: the first record that a receipt names.
        malice: nobody does it by mistake, whatever the reason.
    """

    weight: int
    term: Term
    deed: str
    malice: bool = False

    @property
    def good(self) -> bool:
        """Says whether it speaks for whoever did it."""
        return self.weight > 0


KINDS: Mapping[Dealing, Kind] = {
    Dealing.SKILL_REPROVED: Kind(2, Term.ACCURACY, "the claim about the skill"),
    Dealing.SKILL_REFUTED: Kind(-3, Term.ACCURACY, "the claim about the skill"),
    Dealing.EQUIVOCATED: Kind(-5, Term.SECURITY, "one of the two messages", malice=True),
    Dealing.FALSE_ACCUSATION: Kind(-5, Term.SECURITY, "the accusation", malice=True),
    Dealing.TASK_DELIVERED: Kind(3, Term.RELIABILITY, "the result"),
    Dealing.TASK_FAILED: Kind(-2, Term.RELIABILITY, "the acceptance of the task"),
    Dealing.LEASE_HONOURED: Kind(3, Term.RELIABILITY, "the lease"),
    Dealing.LEASE_BROKEN: Kind(-3, Term.RELIABILITY, "the lease"),
    Dealing.RUMOR_TRUE: Kind(1, Term.ACCURACY, "the rumor"),
    Dealing.RUMOR_FALSE: Kind(-2, Term.ACCURACY, "the rumor"),
    Dealing.VOTE_KEPT: Kind(1, Term.RELIABILITY, "the vote"),
    Dealing.TREATY_BREACHED: Kind(-5, Term.RELIABILITY, "the treaty"),
}
"""Every kind. What others do is weighed, and never what we do ourselves (threat 30)."""

MALICIOUS = frozenset({Reason.SANDBOX_FILE.code, Reason.SANDBOX_NETWORK.code, Reason.SANDBOX_PROCESS.code})
"""Reasons of a refutation that nobody comes to by mistake."""


def is_malice(dealing: Dealing, reason: str) -> bool:
    """Says whether a dealing, with the reason that its receipt gives, is malice."""
    return KINDS[dealing].malice or (dealing is Dealing.SKILL_REFUTED and reason in MALICIOUS)
