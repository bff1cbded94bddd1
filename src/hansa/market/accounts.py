"""Who owes whom: double entry in millionths of a credit. There is no money here but what two parties have agreed on.

Each settled lease is one entry: what its borrower owes more, its lender is owed more. An entry has the id of what it is
for, and is made once: bringing it again changes nothing (at most once, by an id that whoever owes has made). So the sum
of all balances is always 0, and no order and no repetition changes any.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hansa.kernel.errors import Refused
from hansa.kernel.ids import ContentId, NodeId
from hansa.kernel.verdict import Reason

MOST = 2**53 - 1
"""Greatest amount of an entry: what canonical JSON carries (RFC 8785)."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Something owed.

    Attributes:
        id: of what it is for, a lease: there is one entry for each.
        debtor, creditor: who owes, and to whom.
        amount: in millionths of a credit, at least 0.
    """

    id: ContentId
    debtor: NodeId
    creditor: NodeId
    amount: int


class Accounts:
    """Entries, and the balances that they come to."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        """Begins with what was entered before.

        Raises:
            Refused: see `enter`.
        """
        self._entries: dict[ContentId, Entry] = {}
        self._balances: dict[NodeId, int] = {}
        self._between: dict[tuple[NodeId, NodeId], int] = {}
        for one in entries:
            self.enter(one)

    def enter(self, entry: Entry) -> bool:
        """Enters what is owed; returns whether it was new.

        Raises:
            Refused: BAD_BODY, when the amount is no whole number from 0 to `MOST`, somebody owes himself, or another
                entry has that id.
        """
        if type(entry.amount) is not int or not 0 <= entry.amount <= MOST:
            raise Refused(Reason.BAD_BODY, f"an amount is a whole number from 0 to {MOST}")
        if entry.debtor == entry.creditor:
            raise Refused(Reason.BAD_BODY, "nobody owes himself anything")
        held = self._entries.get(entry.id)
        if held is not None:
            if held != entry:
                raise Refused(Reason.BAD_BODY, "something else was entered for that already")
            return False
        self._entries[entry.id] = entry
        self._add(entry.debtor, entry.creditor, -entry.amount)
        self._add(entry.creditor, entry.debtor, entry.amount)
        return True

    def _add(self, whom: NodeId, other: NodeId, change: int) -> None:
        self._balances[whom] = self._balances.get(whom, 0) + change
        self._between[whom, other] = self._between.get((whom, other), 0) + change

    def balance(self, whom: NodeId) -> int:
        """Returns what a party is owed by all, less what it owes."""
        return self._balances.get(whom, 0)

    def between(self, whom: NodeId, other: NodeId) -> int:
        """Returns what a party is owed by another one, less what it owes to it."""
        return self._between.get((whom, other), 0)

    def entries(self) -> list[Entry]:
        """Returns all entries, in the order in which they were made."""
        return list(self._entries.values())
