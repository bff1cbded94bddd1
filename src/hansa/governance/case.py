"""What a dispute is about, and what is said in it: plain values, so that this room needs none of the others.

A case is opened over one signed record: a skill that somebody passes on, or a receipt in which somebody accuses. Its id
is that of the message which opens it. Everything said later names that id, and is kept as a record about it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from hansa.kernel.instant import DAY, Instant


class Ground(StrEnum):
    """What is held against somebody: a closed list."""

    FALSE_CLAIM = "false_claim"  # the checks of a skill fail where its author claims that they pass
    HARMFUL = "harmful"  # a skill reaches for files, sockets or processes
    FALSE_ACCUSATION = "false_accusation"  # a receipt says that a claim was false, and it is not
    PLAGIARISED = "plagiarised"  # a skill comes from another one that its lineage does not name
    LICENCE = "licence"  # a skill is passed on against the licence of what it comes from

    @property
    def is_tried(self) -> bool:
        """Says whether running a skill again can show who is right; otherwise each operator decides for his node."""
        return self in (Ground.FALSE_CLAIM, Ground.HARMFUL, Ground.FALSE_ACCUSATION)


class Act(StrEnum):
    """What somebody does in a case."""

    ANSWER = "answer"
    FINDING = "finding"
    RUN = "run"  # this node's own finding about the skill, wherever it was made; the others are messages
    RULING = "ruling"
    WITHDRAWAL = "withdrawal"
    APPEAL = "appeal"


class Says(StrEnum):
    """What a finding says about an accusation."""

    SUPPORTS = "supports"
    CONTRADICTS = "contradicts"
    NOTHING = "nothing"  # it came to no decision, or speaks of another harness


class Ruled(StrEnum):
    """What a node decides for itself."""

    UPHELD = "upheld"
    DISMISSED = "dismissed"


class Basis(StrEnum):
    """What a ruling rests on."""

    OWN = "own_finding"
    VERIFIERS = "verifiers"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Params:
    """By which evidence this node rules for itself.

    Attributes:
        agreeing: findings of verifiers named in `[conduct]` that must agree where this node has none of its own.
            Raising it makes a ruling harder to buy, and later.
        appeal_days: how long after a ruling the party that lost may appeal, once.
    """

    agreeing: int = 2
    appeal_days: int = 30

    def validate(self) -> None:
        """Raises ValueError naming the field when a number makes no sense."""
        if not 1 <= self.agreeing <= 100:
            raise ValueError("agreeing must be between 1 and 100")
        if not 1 <= self.appeal_days <= 3650:
            raise ValueError("appeal_days must be between 1 and 3650")


@dataclass(frozen=True, slots=True)
class Court:
    """Who rules here, and whose findings count: one node's own view, and nobody else's.

    Attributes:
        me: this node.
        named: nodes whose findings the operator counts.
    """

    me: str
    named: tuple[str, ...] = ()
    params: Params = Params()


@dataclass(frozen=True, slots=True)
class Case:
    """An accusation, as its opening says it.

    Attributes:
        id: of the opening message.
        against: id of the record that is disputed; its author is the respondent.
        records: ids of the signed records that it rests on.
        at: when it was opened, by the opener's clock.
    """

    id: str
    skill: str
    against: str
    opener: str
    respondent: str
    ground: Ground
    why: str
    records: tuple[str, ...]
    at: Instant

    @property
    def parties(self) -> tuple[str, str]:
        """Who accuses and who is accused: nobody judges his own cause."""
        return self.opener, self.respondent


@dataclass(frozen=True, slots=True)
class Finding:
    """What somebody's run of the skill says about the accusation."""

    record: str
    prover: str
    at: Instant
    says: Says


@dataclass(frozen=True, slots=True)
class Said:
    """Something done in a case: who, when by its author's clock, and in which record.

    Attributes:
        finding: the finding that it brings, if it does.
        ruled, basis: of a ruling.
        text: in its author's words.
    """

    record: str
    act: Act
    author: str
    at: Instant
    finding: Finding | None = None
    ruled: Ruled | None = None
    basis: Basis | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """What a case came to on this node, since when, and on which records that rests."""

    ruled: Ruled
    basis: Basis
    at: Instant
    records: tuple[str, ...] = ()

    def until(self, params: Params) -> Instant:
        """Returns the last instant at which the party that lost may appeal."""
        return Instant(self.at + params.appeal_days * DAY)
