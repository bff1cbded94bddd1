"""The one writer of this process to a PostgreSQL database: group commit (`grouping`) over one connection.

A server that goes away ends all batches that are with it, at once: nothing is tried again that may have been made. The
next group connects anew.
"""

from __future__ import annotations

from collections.abc import Sequence

from hansa.adapters.store import postgres_faults
from hansa.adapters.store.address import Address
from hansa.adapters.store.grouping import GroupWriter, Handed, Outcomes
from hansa.adapters.store.postgres_commits import Commits
from hansa.adapters.store.postgres_session import PostgresSession
from hansa.kernel.errors import Busy, DiskFull, HansaError, Unavailable


class PostgresWriter(GroupWriter):
    """Applies batches to a PostgreSQL database."""

    LONE_AT_ONCE = True  # a savepoint would be two more ways to the server and back

    def __init__(
        self, address: Address, session: PostgresSession, journal_bound: int, commits: Commits | None = None
    ) -> None:
        """Starts the thread, which owns `session` from now on.

        Args:
            commits: of all processes of this node, over that session; None where it is the only one.
        """
        super().__init__(session, journal_bound)
        self._address = address
        self._session = session
        self._commits_of_all = commits
        self.start()

    # ---- in the thread

    def _translated(self, error: Exception) -> HansaError:
        return postgres_faults.translated(error, self._address)

    def _ends_all(self, error: Exception) -> bool:
        told = self._translated(error)
        if isinstance(told, Unavailable) and not isinstance(told, Busy | DiskFull):
            self._session.drop()
            return True
        return isinstance(told, Busy)

    def _overtaken(self, group: Sequence[Handed]) -> Outcomes:
        return self._commits_of_all.overtaken(group) if self._commits_of_all else super()._overtaken(group)

    def _before_commit(self, made: Sequence[Handed]) -> None:
        if self._commits_of_all:
            self._commits_of_all.add(made)

    def _end(self) -> None:
        self._session.close()
