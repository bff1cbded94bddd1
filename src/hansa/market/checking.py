"""How far a result of somebody else's is believed: looked at again by chance, or asked of several.

1. A lender that was once found to forge gets no work.
2. A lender whose last `known_after` results were all found to be right is *known*. Of its results `spot_share` are
   looked at in full, chosen by a draw that is made once the result is in: who forges each time is caught by the k-th
   with probability 1 - (1 - s)^k; with a tenth, by the 44th with 99 %.
3. A result of any other lender is asked of others too. It is taken once an answer has a strict majority and leads by
   `lead` answers; else, and where there are not that many lenders, it is looked at in full.
4. A result that was found right counts for the lender, one that others or this node can't bear out ends its record.

2 and 3 are adaptive replication as in BOINC (Anderson, "BOINC: A Platform for Volunteer Computing", J. Grid Computing
18, 2020: replicated until a host has ten consecutive valid results; a strict majority of equal results), with spot
checks in place of BOINC's falling share of replicas (Sarmenta, "Sabotage-Tolerance Mechanisms for Volunteer Computing
Systems", CCGrid 2001). `lead` is Wald's sequential test: where a share f of lenders forges, all the same
answer, and answers are asked for until one leads by d, the wrong one wins with probability 1 / (1 + ((1 - f) / f)^d).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from hansa.kernel.rng import Rng

A = TypeVar("A")

SHARES = 1_000
"""Shares are in thousandths."""


@dataclass(frozen=True, slots=True)
class Params:
    """How closely results are looked at.

    Attributes:
        spot_share: thousandths of a known lender's results that are looked at in full. Raising it catches forgers
            sooner and saves less.
        known_after: results in a row that must be found right before a lender is known.
        forger_share: thousandths of lenders that are taken to forge, and to agree on what they forge. Below 500: among
            more no majority says anything.
        wrong_share: thousandths of results that may be taken although they are forged, where several were asked.
            Raising it asks fewer.
        doubts: results in a row that could not be borne out, after which a lender gets no more work on that lease.
    """

    spot_share: int = 100
    known_after: int = 10
    forger_share: int = 200
    wrong_share: int = 1
    doubts: int = 3

    def validate(self) -> None:
        """Raises ValueError beginning with the name of the field that makes no sense."""
        if not 1 <= self.spot_share <= SHARES:
            raise ValueError("spot_share must be between 1 and 1000")
        if not 1 <= self.forger_share < SHARES // 2:
            raise ValueError("forger_share must be between 1 and 499")
        if not 1 <= self.wrong_share < SHARES:
            raise ValueError("wrong_share must be between 1 and 999")
        for name in ("known_after", "doubts"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1")


@dataclass(frozen=True, slots=True)
class Record:
    """What a node has found out about a lender's results.

    Attributes:
        right: results in a row that were found right. `doubted`: in a row that could not be borne out.
        forged: one was found to be forged: for good.
    """

    right: int = 0
    doubted: int = 0
    forged: bool = False

    def found(self, what: Found) -> Record:
        """Returns the record after one more result was looked at."""
        if what is Found.RIGHT:
            return Record(self.right + 1, 0, self.forged)
        return Record(0, self.doubted + 1, self.forged or what is Found.FORGED)


class Found(StrEnum):
    """What looking at a result again came to."""

    RIGHT = "right"
    DOUBTFUL = "doubtful"
    FORGED = "forged"


def is_known(record: Record, params: Params) -> bool:
    """Says whether a lender's results are taken but for spot checks."""
    return record.right >= params.known_after and not record.forged


def is_drawn(rng: Rng, params: Params) -> bool:
    """Draws whether a known lender's result is looked at in full.

    Args:
        rng: of this one result, and known to nobody else: made once the result is in.
    """
    return rng.below(SHARES) < params.spot_share


def lead(params: Params) -> int:
    """Returns by how many answers one must lead: the least d with 1 / (1 + ((1 - f) / f)^d) <= wrong.

    >>> lead(Params())
    5
    """
    right, wrong, found = SHARES - params.forger_share, params.forger_share, 1
    while (wrong**found) * SHARES > params.wrong_share * (wrong**found + right**found):
        found += 1
    return found


def agreed(answers: Mapping[A, int], params: Params) -> A | None:
    """Returns the answer that is taken, of those that several lenders gave; None where they have to be asked on.

    Args:
        answers: how many gave which; each lender once.
    """
    ranked = sorted(answers.values(), reverse=True)
    if not ranked:
        return None
    most, next_ = ranked[0], (ranked[1] if len(ranked) > 1 else 0)
    if 2 * most <= sum(ranked) or most - next_ < lead(params):
        return None
    return next(one for one, count in answers.items() if count == most)
