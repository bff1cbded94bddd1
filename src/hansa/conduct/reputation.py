"""How good is what an author signs, in a domain? A sure share for decisions, and H7's summary for people.

The summary begins at .5 and takes a tenth of each new quality: 1 for a good dealing, 0 for any other. It is shown, and
never asked for: what others say of somebody's reputation is not looked at, only the receipts that they can show.
"""

from __future__ import annotations

from dataclasses import dataclass

from hansa.conduct.account import MILLION, Account
from hansa.conduct.beta import SCALE

TRUSTED = 8 * MILLION // 10
"""The summary from which on H7 calls somebody trusted."""


@dataclass(frozen=True, slots=True)
class Reputation:
    """An author's reputation.

    Attributes:
        summary: in millionths.
        sure: thousandths of good dealings that are sure in the domain; malice wipes it.
        good, bad: the last dealings in the domain.
        malice: it is not made up for yet.
    """

    summary: int
    sure: int
    good: int
    bad: int
    malice: bool = False

    @property
    def trusted(self) -> bool:
        """Says whether H7's summary says so; proven malice ends that at once, whatever the sum."""
        return self.summary >= TRUSTED and not self.malice

    @property
    def share(self) -> float:
        """The sure share, in [0, 1]."""
        return self.sure / SCALE


def reputation(account: Account, domain: str) -> Reputation:
    """Returns the reputation that an account gives reason for."""
    window = account.domain(domain)
    return Reputation(account.reputation, window.sure, window.good, window.bad, bool(account.debt))
