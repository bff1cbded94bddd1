"""The part of the store in memory that keeps the ledger."""

from __future__ import annotations

from hansa.conduct import ledger
from hansa.conduct.ledger import GENESIS
from hansa.kernel.ids import ContentId, NodeId
from hansa.node.rows import AppendLedger, LedgerRow, RecordRow


class MemoryLedger:
    """Implements `node.books.Books` with a dictionary."""

    _records: dict[ContentId, RecordRow]

    def __init__(self) -> None:
        """Begins with an empty ledger."""
        super().__init__()
        self._ledger: dict[ContentId, LedgerRow] = {}
        self._last: ledger.Entry | None = None

    def _append_ledger(self, change: AppendLedger) -> None:
        if change.receipt not in self._ledger:
            self._last = ledger.append(self._last, change.receipt)
            self._ledger[change.receipt] = change.linked(self._last)

    def ledger(self, after: int = 0, limit: int = 1000) -> list[LedgerRow]:
        """Returns ledger entries with a number above `after`, in order."""
        return list(self._ledger.values())[max(0, after) :][: max(0, limit)]

    def ledger_mark(self) -> tuple[int, str]:
        """Returns how many links the ledger has, and the hash of the last."""
        return (self._last.number, self._last.hash) if self._last else (0, GENESIS)

    def receipts_about(self, skill: ContentId) -> list[LedgerRow]:
        """Returns ledger entries about a skill, oldest first."""
        return [row for row in self._ledger.values() if row.skill == skill]

    def receipts_of(self, subject: NodeId, after: int = 0, limit: int = 1000) -> list[LedgerRow]:
        """Returns ledger entries about a node, with a number above `after`, in order."""
        about = [row for row in self._ledger.values() if row.subject == subject and row.entry.number > after]
        receipts = ((row, self._records.get(row.entry.receipt)) for row in about)
        return [row for row, receipt in receipts if not (receipt and receipt.withheld)][: max(0, limit)]

    def subjects(self, after: str = "", limit: int = 1000) -> list[NodeId]:
        """Returns the nodes that the ledger has links about, by id; those above `after`."""
        return sorted({row.subject for row in self._ledger.values() if row.subject > after})[: max(0, limit)]
