"""The one writer: a thread that owns the only writing connection, and commits many batches at once.

1. Whoever has changes puts them into the queue and waits.
2. The thread takes everything that waits (group commit) into one transaction. It tries all batches at once, records and
   findings many to a statement; when one of them is refused, it begins anew, with each in a savepoint of its own, so
   that a refused batch leaves the others alone. One commit, one fsync for all of them.
3. Only then is anybody told. What was told is on the disk (goal L1).
4. When the database itself refuses (no room, a broken disk), the whole transaction is undone and each batch is tried
   once more in a transaction of its own, so that a batch too large for the disk does not sink its neighbours.

It also owns checkpoints. SQLite 3.7.0 to 3.51.2 can corrupt a file when two connections write or checkpoint at the same
moment (the "WAL-reset" bug, threat 68); here there is only ever one.
"""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from hansa.adapters.store import connections, faults
from hansa.adapters.store.session import SqliteSession
from hansa.adapters.store.writes import Batch, get_meta, put_meta
from hansa.kernel.errors import Fault, HansaError, Refused
from hansa.node.rows import Change

MAX_GROUP = 1_024
"""Batches in one commit. Raising it makes busy nodes faster and the slowest answer slower."""


Outcomes = list[HansaError | None]
"""For each batch why it was not made, or None."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    batches: tuple[Sequence[Change], ...]
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Outcomes]

    def tell(self, outcomes: Outcomes) -> None:
        """Wakes whoever waits; nobody is there any more when its loop is closed."""
        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self._resolve, outcomes)

    def _resolve(self, outcomes: Outcomes) -> None:
        if not self.future.done():  # cancelled: what is on the disk stays there
            self.future.set_result(outcomes)


class Writer:
    """Applies batches in the order in which they were handed in.

    Attributes:
        commits: transactions committed so far.
        batches: batches made so far.
    """

    def __init__(
        self,
        path: Path,
        session: SqliteSession,
        check_room: Callable[[], None],
        journal_bound: int,
    ) -> None:
        """Starts the thread, which owns `session` from now on. `check_room` raises DiskFull when there is none."""
        self.commits = 0
        self.batches = 0
        self._path = path
        self._session = session
        self._check_room = check_room
        self._journal_bound = journal_bound
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._dirty = get_meta(session, "clean") == "0"  # left so by one that was killed: an orderly close mends it
        self._marked = False  # the database file itself says that it is in use, see `wal`
        self._gate = threading.Lock()  # nothing is put behind the stop mark
        self._stopped = False
        self._thread = threading.Thread(target=self._work, name="hansa-store", daemon=True)
        self._thread.start()

    async def apply(self, changes: Sequence[Change]) -> None:
        """Returns when the changes are on the disk; raises when none of them is."""
        (error,) = await self.apply_each([changes])
        if error is not None:
            raise error

    def apply_each(self, batches: Sequence[Sequence[Change]]) -> asyncio.Future[Outcomes]:
        """Hands batches in; the answer is there when each is on the disk or refused.

        Raises:
            Fault: the store is closed.
        """
        loop = asyncio.get_running_loop()
        waiting = _Waiting(tuple(batches), loop, loop.create_future())
        if not batches:
            waiting.future.set_result([])
            return waiting.future
        with self._gate:
            if self._stopped:
                raise Fault("the store is closed")
            self._queue.put(waiting)
        return waiting.future

    def stop(self) -> None:
        """Finishes what waits, marks the file as properly closed and lets go of it."""
        with self._gate:
            if not self._stopped:
                self._stopped = True
                self._queue.put(None)
        self._thread.join()

    # ---- in the thread

    def _work(self) -> None:
        while group := self._take():
            outcomes = iter(self._commit([batch for waiting in group for batch in waiting.batches]))
            for waiting in group:
                waiting.tell(list(islice(outcomes, len(waiting.batches))))
        held = None if self._mark_clean() else self._hold_log()
        self._session.close()
        if held is not None:
            held.close()

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

    def _commit(self, group: list[Sequence[Change]]) -> Outcomes:
        """Returns what became of each batch; never raises, for nobody would be told."""
        try:
            self._check_room()
            return self._together(group)
        except Exception as error:
            if len(group) == 1:
                return [faults.translated(error, self._path)]
        return [self._commit([changes])[0] for changes in group]

    def _together(self, group: list[Sequence[Change]]) -> Outcomes:
        """Makes all batches in one transaction; anything but a refusal undoes it and is raised."""
        self._session.begin()
        try:
            outcomes = self._at_once(group) or [self._one(changes) for changes in group]
            if not all(outcomes):
                if not self._dirty:
                    put_meta(self._session, "clean", "0")
                self._session.commit()
                self._dirty = True
                self.commits += 1
                self.batches += outcomes.count(None)
                self._marked = self._marked or self._fold_mark()
        finally:
            self._session.rollback()
        return outcomes

    def _fold_mark(self) -> bool:
        """Brings the mark of being in use from the log into the database file; says whether that is done."""
        try:
            state = self._session.raw("PRAGMA wal_checkpoint(PASSIVE)")[0]
        except sqlite3.Error:
            return False  # the commit stands; tried again after the next one
        return bool(not state["busy"] and state["log"] == state["checkpointed"])

    def _at_once(self, group: list[Sequence[Change]]) -> Outcomes:
        """Makes all batches as if they were one; returns nothing, in a transaction begun anew, when one is refused.

        A savepoint would do as well, at the price of a copy of each page that is changed.
        """
        if len(group) == 1:
            return []
        try:
            Batch(self._session, self._journal_bound, many=True).make([one for changes in group for one in changes])
        except Refused:
            self._session.rollback()
            self._session.begin()
            return []
        return [None] * len(group)

    def _one(self, changes: Sequence[Change]) -> HansaError | None:
        try:
            with self._session.savepoint():
                Batch(self._session, self._journal_bound).make(changes)
        except Refused as error:
            return error
        return None

    def _mark_clean(self) -> bool:
        """Spares the next start its check; a disk that does not let it be said only costs that check."""
        if not self._dirty:
            return True
        try:
            put_meta(self._session, "clean", "1")  # a transaction of its own
            self._session.raw("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error:
            self._session.rollback()
            return False
        return True

    def _hold_log(self) -> SqliteSession | None:
        """Returns a connection that keeps SQLite from removing the log when the last writer goes.

        A file marked as in use without a log is taken for one whose log was lost (`wal`).
        """
        try:
            reader = connections.open_reading(self._path)
            get_meta(reader, "clean")
        except sqlite3.Error:
            return None
        return reader
