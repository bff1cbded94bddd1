"""What is asked of a store about the ledger. Part of `ports.Store`."""

from __future__ import annotations

from typing import Protocol

from hansa.kernel.ids import ContentId, NodeId
from hansa.node.rows import LedgerRow


class Books(Protocol):
    """The ledger of receipts, and what it says of whom."""

    def ledger(self, after: int = 0, limit: int = 1000) -> list[LedgerRow]:
        """Returns ledger entries with a number above `after`, in order."""
        ...

    def ledger_mark(self) -> tuple[int, str]:
        """Returns how many links the ledger has, and the hash of the last; kept apart, so that a lost end shows."""
        ...

    def receipts_about(self, skill: ContentId) -> list[LedgerRow]:
        """Returns ledger entries about a skill, oldest first."""
        ...

    def receipts_of(self, subject: NodeId, after: int = 0, limit: int = 1000) -> list[LedgerRow]:
        """Returns ledger entries about a node, numbered above `after`, in order; none whose receipt is withheld."""
        ...

    def subjects(self, after: str = "", limit: int = 1000) -> list[NodeId]:
        """Returns the nodes that the ledger has links about, by id; those above `after`."""
        ...
