"""What stores of rows have in common, whichever the database: reads in SQL, and one writer that groups commits."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence

from hansa.adapters.store.grouping import GroupWriter
from hansa.adapters.store.reads import SqlReads
from hansa.kernel.errors import HansaError
from hansa.node.ports import StoreCounts
from hansa.node.rows import Change


class GroupedStore(SqlReads):
    """A store over a `GroupWriter`, which whoever comes from it sets."""

    _writer: GroupWriter

    @property
    def commits(self) -> int:
        """Transactions committed since it was opened."""
        return self._writer.commits

    def counts(self) -> StoreCounts:
        """Returns how much it holds, and how often it wrote since it was opened."""
        return StoreCounts(*self.totals(), self._writer.commits, self._writer.batches)

    async def apply(self, changes: Sequence[Change]) -> None:
        """Makes all changes or none; returns when they are durable."""
        if changes:
            await self._writer.apply(changes)

    def apply_each(self, batches: Sequence[Sequence[Change]]) -> Awaitable[list[HansaError | None]]:
        """Makes the changes of each batch, or none of that batch; one commit, and one waking up, for all of them."""
        return self._writer.apply_each(batches)
