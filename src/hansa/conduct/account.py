"""What counts of one party, folded from its receipts in the ledger's order: the same cost for each, however many.

Of each domain and of each term of trust the last `WINDOW` dealings are kept, as bits of one number; of all of them
only sums. So an account is small, and whoever dealt well for years can't live on it once that has changed.

Malice wipes what counts for somebody: from then on they are what a fresh key is. And how sure one may be of somebody
goes by the latest run of dealings that speaks best for them. So whatever somebody did before, they are never behind a
fresh key that deals as they do from now on: a new name gains nothing (threat 26; Friedman and Resnick 2001).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from hansa.conduct.beta import lower_bound
from hansa.conduct.dealings import KINDS, Dealing, Term, is_malice
from hansa.conduct.history import History
from hansa.conduct.steadfast import Bond, Patience, after
from hansa.kernel.instant import DAY, Instant

MILLION = 1_000_000
HALF = MILLION // 2
"""Where reputation begins (H7)."""

DOMAINS = 64
"""Domains of one party that are kept apart; what comes after is kept together, and trusted for none of them."""

OTHERS = "\0others"
"""What the rest is kept under; no domain of anybody's is called so."""

WINDOW = 100
"""Dealings in a row that are kept one by one."""

FIRST_DEBT = 16
"""Good dealings that make up for a first malice: the fewest whose lower bound reaches .8 (threat 28)."""

MOST_DEBT = 16 << 16


@dataclass(frozen=True, slots=True)
class Deed:
    """A dealing that counts.

    Attributes:
        at: when its receipt was made.
        reason: code of the reason that the receipt gives.
    """

    at: Instant
    dealing: Dealing
    reason: str = ""
    domain: str = ""

    @property
    def good(self) -> bool:
        """Says whether it speaks for whoever did it."""
        return KINDS[self.dealing].good

    @property
    def malice(self) -> bool:
        """Says whether nobody does it by mistake."""
        return is_malice(self.dealing, self.reason)


@dataclass(slots=True)
class Window:
    """The last dealings of one sort: a bit for each, set where it was good."""

    bits: int = 0
    length: int = 0
    _sure: int | None = field(default=0, compare=False)

    def add(self, good: bool) -> None:
        """Takes one more in; the oldest goes when there are more than `WINDOW`."""
        self.bits = (self.bits << 1 | good) & ((1 << WINDOW) - 1)
        self.length = min(WINDOW, self.length + 1)
        self._sure = None

    @property
    def good(self) -> int:
        """How many were good."""
        return self.bits.bit_count()

    @property
    def bad(self) -> int:
        """How many were not."""
        return self.length - self.good

    @property
    def sure(self) -> int:
        """The share of good ones that is sure, in thousandths, over the latest run that speaks best for them."""
        if self._sure is None:
            good, best = 0, 0
            for number in range(self.length):
                good += self.bits >> number & 1
                best = max(best, lower_bound(good, number + 1 - good))
            self._sure = best
        return self._sure


class Account:
    """What counts of one party.

    Attributes:
        good, bad: dealings, all of them; offences: of them malice.
        lately: good dealings since the last malice; running: since the last that was not good.
        debt: good dealings in a row that malice has left to be made up for, until the door is open again.
        bond: where the rounds between us stand (`steadfast`); its wrongs as of `settled`.
        reputation: H7's published summary, in millionths.
        whole, domains, terms: the last dealings: all, by domain, and by term of trust.
        history: the events in the policy `classic`; None where it is not asked for.
        latest: when the last dealing was made, by the clock of whoever signed it.
    """

    __slots__ = (
        "bad", "bond", "debt", "domains", "good", "history", "lately", "latest", "offences", "patience", "reputation",
        "running", "settled", "terms", "whole",
    )  # fmt: skip

    def __init__(self, patience: Patience | None = None, with_history: bool = False) -> None:
        """Begins with nothing."""
        self.good = self.bad = self.lately = self.running = self.offences = self.debt = 0
        self.bond = Bond()
        self.patience = patience or Patience()
        self.settled: Instant | None = None
        self.reputation = HALF
        self.whole = Window()
        self.domains: dict[str, Window] = {}
        self.terms: dict[Term, Window] = {}
        self.history = History() if with_history else None
        self.latest = Instant(0)

    def add(self, deed: Deed) -> None:
        """Takes a dealing in; one that was made before another that is in already counts as made with that one."""
        at = self.latest = max(self.latest, deed.at)
        self._forgive(at)
        good = deed.good
        self.good += good
        self.bad += not good
        self.bond = after(self.bond, good, True, self.patience)  # to look at somebody last does them no harm to answer
        self._charge(deed)
        if self.history is not None:
            self.history.add(at, KINDS[deed.dealing].weight, at)
        self.reputation = (9 * self.reputation + (MILLION if good else 0)) // 10
        if deed.malice:
            return
        self.whole.add(good)
        name = deed.domain if deed.domain in self.domains or len(self.domains) < DOMAINS else OTHERS
        self.domains.setdefault(name, Window()).add(good)
        self.terms.setdefault(KINDS[deed.dealing].term, Window()).add(good)

    def _charge(self, deed: Deed) -> None:
        if deed.malice:
            self.offences += 1
            self.lately = 0
            self.whole, self.domains, self.terms = Window(), {}, {}
        self.lately += deed.good
        self.running = self.running + 1 if deed.good else 0
        if deed.malice or (self.debt and not deed.good):
            self.debt = min(MOST_DEBT, FIRST_DEBT << min(16, self.offences - 1))
        elif deed.good:
            self.debt = max(0, self.debt - 1)

    def wrongs(self, now: Instant) -> int:
        """Returns the tenths of wrongs that stand: each whole day without a dealing forgives one."""
        days = 0 if self.settled is None else max(0, now - self.settled) // DAY
        return max(0, self.bond.wrongs - days)

    def _forgive(self, at: Instant) -> None:
        standing = self.wrongs(at)
        if standing != self.bond.wrongs:
            friendly = self.bond.friendly or standing < self.patience.gives_up_at <= self.bond.wrongs
            self.bond = replace(self.bond, wrongs=standing, friendly=friendly)
        self.settled = at

    def domain(self, name: str) -> Window:
        """Returns the last dealings in a domain, or in all for ""; an empty window where there are none."""
        return self.domains.get(name, Window()) if name else self.whole
