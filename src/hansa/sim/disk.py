"""A simulated disk: a write takes its time, and is there once its fsync is through; a crash in between loses it whole.

Writes that come while one is under way wait and go together with the next (group commit). Each write passes two points
at which a process can be killed: *before* its commit, where nothing of it is kept, and *after* it, where all of it is
kept and nobody was told.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from hansa.kernel.errors import DiskFull, Fault, HansaError
from hansa.kernel.rng import Rng
from hansa.node.ports import Store
from hansa.node.rows import Change
from hansa.sim.loop import Process, VirtualLoop

Outcomes = list[HansaError | None]
Commit = Callable[[Sequence[Sequence[Change]]], Outcomes]
Batches = Sequence[Sequence[Change]]


class Trouble(StrEnum):
    """What can be wrong with a disk: each is a refusal of the write, and nothing of it is kept."""

    FULL = "full"
    IO_ERROR = "io error"


class Point(StrEnum):
    """Where in a write a process can be killed."""

    BEFORE = "before"
    AFTER = "after"


class Contents(Store, Protocol):
    """A store whose rows outlive the process that wrote them; `adapters.store.simulated` is one."""

    def reopened(self, medium: object) -> Contents:
        """Returns a store with the same rows, which writes to `medium`; this one takes no more changes."""
        ...

    def copied(self) -> Contents:
        """Returns a copy of the rows as they are now, as a backup holds them."""
        ...

    def damage(self, id_: str, byte: int) -> None:
        """Flips a bit in a record's bytes."""
        ...


@dataclass(frozen=True, slots=True)
class Params:
    """How a disk behaves.

    Attributes:
        write_us, jitter_us: an fsync takes the first, and up to the second in addition.
        slow: how many times longer it takes while it is slow.
    """

    write_us: int = 400
    jitter_us: int = 400
    slow: int = 100


class Disk:
    """One node's disk, as one process sees it; made anew at each start.

    Attributes:
        trouble: what is wrong with it now, if anything.
        is_slow: whether each write takes much longer.
        trap: is asked at each point of each write, and may kill the process there.
        committed: is told of each batch that is durable.
    """

    def __init__(self, loop: VirtualLoop, rng: Rng, process: Process, params: Params | None = None) -> None:
        """Makes a healthy disk."""
        self.trouble: Trouble | None = None
        self.is_slow = False
        self.trap: Callable[[Point], None] | None = None
        self.committed: Callable[[Sequence[Change]], None] | None = None
        self.writes = 0
        self._loop = loop
        self._rng = rng
        self._process = process
        self._params = params or Params()
        self._waiting: list[tuple[Batches, Commit, asyncio.Future[Outcomes]]] = []
        self._busy = False

    def write(self, batches: Batches, commit: Commit) -> Awaitable[Outcomes]:
        """Hands in batches of changes; what is returned is done once they are durable, or refused.

        Args:
            commit: makes the changes.
        """
        done: asyncio.Future[Outcomes] = self._loop.create_future()
        if not self._process.alive:
            done.cancel()
            return done
        self._waiting.append((batches, commit, done))
        if not self._busy:
            self._begin()
        return done

    def _begin(self) -> None:
        self._busy = True
        jitter = self._params.jitter_us
        takes = self._params.write_us + (self._rng.below(jitter) if jitter else 0)
        together, self._waiting = self._waiting, []
        delay = takes * self._params.slow if self.is_slow else takes
        self._loop.post(delay, self._process.context, self._end, together)

    def _end(self, together: Sequence[tuple[Batches, Commit, asyncio.Future[Outcomes]]]) -> None:
        self._busy = False
        if self.trap is not None:
            self.trap(Point.BEFORE)
        told = [(done, self._made(batches, commit)) for batches, commit, done in together if self._process.alive]
        if self.trap is not None:
            self.trap(Point.AFTER)
        if not self._process.alive:
            return
        for done, outcomes in told:
            if not done.done():
                done.set_result(outcomes)
        if self._waiting:
            self._begin()

    def _made(self, batches: Batches, commit: Commit) -> Outcomes:
        if self.trouble is not None:
            return [self._error() if changes else None for changes in batches]
        outcomes = commit(batches)
        self.writes += 1
        for changes, error in zip(batches, outcomes, strict=True):
            if error is None and self.committed is not None:
                self.committed(changes)
        return outcomes

    def _error(self) -> HansaError:
        if self.trouble is Trouble.FULL:
            return DiskFull("the disk is full: free some space; nothing was written")
        return Fault("the disk can't be written to (input/output error); nothing was written")
