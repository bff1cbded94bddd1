"""Which receipts count: of those whose word counts, none about its own author, and of a skill each thing once.

Trying a skill again is no further dealing, however often it is tried and by however many (`ledger.sort_of`). A receipt
that does not count itself keeps no other one from counting.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from hansa.conduct.account import Deed
from hansa.conduct.ledger import Receipt, sort_of
from hansa.kernel.instant import Instant


@dataclass(frozen=True, slots=True)
class Said:
    """A receipt as it was signed: by whom, when by their clock, and what it says."""

    author: str
    at: Instant
    receipt: Receipt

    def counts(self, counting: Collection[str]) -> bool:
        """Says whether it is the word of somebody whose word counts, about somebody else."""
        return self.author in counting and self.author != self.receipt.subject

    @property
    def deed(self) -> Deed:
        """What it counts for."""
        return Deed(self.at, self.receipt.dealing, self.receipt.reason, self.receipt.domain)


def counted(said: Iterable[Said], counting: Collection[str]) -> Iterator[Deed]:
    """Yields what counts of receipts, in their order."""
    seen: set[tuple[str, str, str, bool]] = set()
    for one in said:
        if not one.counts(counting):
            continue
        sort = sort_of(one.receipt.dealing, one.receipt.reason)
        if sort is not None and one.receipt.skill:
            thing = (one.receipt.subject, one.receipt.skill, *sort)
            if thing in seen:
                continue
            seen.add(thing)
        yield one.deed
