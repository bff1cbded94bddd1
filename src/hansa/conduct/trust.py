"""Is this a reliable partner for resources? The weighted sum of four terms, each from receipts alone (M13).

    trust = 0.4 reliability + 0.3 accuracy + 0.2 contribution + 0.1 security

Reliability and accuracy are the sure shares (`beta`) of good dealings that speak to them; contribution grows with the
good dealings up to `FULL`; security is the sure share of dealings without malice, which wipes all four. In thousandths.
Where nothing is known a term is 0: trust is earned, and whoever has dealt badly has no less than a newcomer, who has
none.
"""

from __future__ import annotations

from dataclasses import dataclass

from hansa.conduct.account import WINDOW, Account, Window
from hansa.conduct.beta import SCALE, lower_bound
from hansa.conduct.dealings import Term

FULL = 50
"""Good dealings from which on contribution is whole."""


@dataclass(frozen=True, slots=True)
class Trust:
    """The four terms and their sum, in thousandths."""

    reliability: int
    accuracy: int
    contribution: int
    security: int

    @property
    def total(self) -> int:
        """The weighted sum."""
        return (4 * self.reliability + 3 * self.accuracy + 2 * self.contribution + self.security) // 10


_UNHEARD = Trust(Window().sure, Window().sure, 0, lower_bound(0, 0))
"""Of whom nothing is known: most, in a large network."""


def trust(account: Account) -> Trust:
    """Returns the trust that an account gives reason for."""
    if not account.terms and not account.lately:
        return _UNHEARD
    return Trust(
        reliability=account.terms.get(Term.RELIABILITY, Window()).sure,
        accuracy=account.terms.get(Term.ACCURACY, Window()).sure,
        contribution=SCALE * min(FULL, account.lately) // FULL,
        security=lower_bound(min(WINDOW, account.lately), 0),
    )
