"""Group commit: a thread that owns the only writing connection, and commits many batches at once.

1. Whoever has changes puts them into the queue and waits.
2. The thread takes everything that waits into one transaction. It tries all batches at once, records and findings many
   to a statement; when one of them is refused, it begins anew, with each in a savepoint of its own, so that a refused
   batch leaves the others alone. One commit for all of them.
3. Only then is anybody told. What was told is durable (goal L1).
4. When the database itself refuses (no room, a broken disk), the whole transaction is undone and each batch is tried
   once more in a transaction of its own, so that one batch does not sink its neighbours.

What a database adds to this is in `writer` (SQLite) and `postgres_writer`.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

from hansa.adapters.store.prepared import Session
from hansa.adapters.store.writes import Batch
from hansa.kernel.errors import Fault, HansaError, Refused
from hansa.node.rows import Change

MAX_GROUP = 1_024
"""Batches in one commit. Raising it makes busy nodes faster and the slowest answer slower."""

Outcomes = list[HansaError | None]
"""For each batch why it was not made, or None."""


class Transactions(Session, Protocol):
    """A session whose transactions are opened and closed by hand."""

    def begin(self) -> None:
        """Opens a transaction that may write."""
        ...

    def commit(self) -> None:
        """Makes the transaction durable."""
        ...

    def rollback(self) -> None:
        """Undoes the transaction; nothing happens where there is none."""
        ...

    def savepoint(self) -> AbstractContextManager[None]:
        """Undoes what is done within when it raises; the transaction goes on."""
        ...


@dataclass(frozen=True, slots=True)
class Handed:
    """A batch that waits to be made.

    Attributes:
        since: the last commit of other processes that was known when it was decided on.
    """

    changes: Sequence[Change]
    since: int = 0


@dataclass(frozen=True, slots=True)
class _Waiting:
    batches: tuple[Handed, ...]
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Outcomes]

    def tell(self, outcomes: Outcomes) -> None:
        """Wakes whoever waits; nobody is there any more when its loop is closed."""
        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self._resolve, outcomes)

    def _resolve(self, outcomes: Outcomes) -> None:
        if not self.future.done():  # cancelled: what is durable stays there
            self.future.set_result(outcomes)


class GroupWriter(ABC):
    """Applies batches in the order in which they were handed in. `start` starts its thread.

    Attributes:
        commits: transactions committed so far.
        batches: batches made so far.
        LONE_AT_ONCE: try a batch that comes alone as many are tried, without a savepoint.
    """

    LONE_AT_ONCE = False

    def __init__(self, session: Transactions, journal_bound: int) -> None:
        """Takes the session over; the thread owns it once it runs."""
        self.commits = 0
        self.batches = 0
        self._transactions = session
        self._journal_bound = journal_bound
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._gate = threading.Lock()  # nothing is put behind the stop mark
        self._stopped = False
        self._thread = threading.Thread(target=self._work, name="hansa-store", daemon=True)

    def start(self) -> None:
        """Begins to work."""
        self._thread.start()

    async def apply(self, changes: Sequence[Change], since: int = 0) -> None:
        """Returns when the changes are durable; raises when none of them is."""
        (error,) = await self.apply_each([changes], since)
        if error is not None:
            raise error

    def apply_each(self, batches: Sequence[Sequence[Change]], since: int = 0) -> asyncio.Future[Outcomes]:
        """Hands batches in; the answer is there when each is durable or refused.

        Args:
            since: see `Handed`.

        Raises:
            Fault: the store is closed.
        """
        loop = asyncio.get_running_loop()
        waiting = _Waiting(tuple(Handed(one, since) for one in batches), loop, loop.create_future())
        if not batches:
            waiting.future.set_result([])
            return waiting.future
        with self._gate:
            if self._stopped:
                raise Fault("the store is closed")
            self._queue.put(waiting)
        return waiting.future

    def stop(self) -> None:
        """Finishes what waits and lets go of the database."""
        with self._gate:
            if not self._stopped:
                self._stopped = True
                self._queue.put(None)
        self._thread.join()

    # ---- what a database adds, in the thread

    @abstractmethod
    def _translated(self, error: Exception) -> HansaError:
        """Returns what to tell in place of what the database raised."""

    @abstractmethod
    def _end(self) -> None:
        """Lets go of the database, when nothing waits any more."""

    def _look_before(self) -> None:  # noqa: B027 - nothing, unless a database has something to look at
        """Raises where nothing may be written now."""

    def _overtaken(self, group: Sequence[Handed]) -> Outcomes:
        """Returns for each batch why it may not be made any more, or None; asked first in each transaction."""
        return [None] * len(group)

    def _before_commit(self, made: Sequence[Handed]) -> None:  # noqa: B027
        """Writes what goes with a commit of these batches."""

    def _after_commit(self) -> None:  # noqa: B027
        """Does what follows a commit."""

    def _ends_all(self, error: Exception) -> bool:
        """Says whether trying each batch by itself is no use."""
        return False

    # ---- in the thread

    def _work(self) -> None:
        while group := self._take():
            outcomes = iter(self._commit([batch for waiting in group for batch in waiting.batches]))
            for waiting in group:
                waiting.tell(list(islice(outcomes, len(waiting.batches))))
        self._end()

    def _take(self) -> list[_Waiting]:
        """Returns all that waits, once something does; nothing when it is time to stop."""
        group: list[_Waiting] = []
        size = 0
        try:
            while size < MAX_GROUP:
                waiting = self._queue.get(block=not group)
                if waiting is None:
                    self._queue.put(None)  # found again at the next turn
                    break
                group.append(waiting)
                size += len(waiting.batches)
        except queue.Empty:
            pass
        return group

    def _commit(self, group: Sequence[Handed]) -> Outcomes:
        """Returns what became of each batch; never raises, for nobody would be told."""
        try:
            self._look_before()
            together = len(group) > 1 or self.LONE_AT_ONCE
            made = self._transaction(group, self._at_once) if together else []
            return made or self._transaction(group, self._one_by_one)
        except Exception as error:
            if len(group) == 1 or self._ends_all(error):
                return [self._translated(error)] * len(group)
        return [self._commit([one])[0] for one in group]

    def _transaction(self, group: Sequence[Handed], make: Callable[[Sequence[Handed]], Outcomes]) -> Outcomes:
        """Makes all batches in one transaction; anything but a refusal undoes it and is raised.

        Args:
            make: makes those that may still be made; returns nothing where that is to be tried in another way.
        """
        self._transactions.begin()
        try:
            outcomes = self._overtaken(group)
            left = [one for one, error in zip(group, outcomes, strict=True) if error is None]
            found = make(left)
            if len(found) < len(left):
                return []
            made = [one for one, error in zip(left, found, strict=True) if error is None]
            if made:
                self._before_commit(made)
                self._transactions.commit()
                self.commits += 1
                self.batches += len(made)
                self._after_commit()
        finally:
            self._transactions.rollback()
        following = iter(found)
        return [next(following) if error is None else error for error in outcomes]

    def _at_once(self, group: Sequence[Handed]) -> Outcomes:
        """Makes all batches as if they were one; returns nothing when one is refused.

        A savepoint would do as well, at the price (in SQLite) of a copy of each page that is changed.
        """
        try:
            changes = [one for batch in group for one in batch.changes]
            Batch(self._transactions, self._journal_bound, many=True).make(changes)
        except Refused:
            return []
        return [None] * len(group)

    def _one_by_one(self, group: Sequence[Handed]) -> Outcomes:
        return [self._one(batch.changes) for batch in group]

    def _one(self, changes: Sequence[Change]) -> HansaError | None:
        try:
            with self._transactions.savepoint():
                Batch(self._transactions, self._journal_bound).make(changes)
        except Refused as error:
            return error
        return None
