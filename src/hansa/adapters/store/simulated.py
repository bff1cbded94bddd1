"""The store of a simulated node: the memory store's rows, on a disk that takes its time and outlives its processes.

What `apply` has returned from is durable; what was handed in and not committed when its process was killed is gone as
a whole. `reopened` is what a new process finds. The disk itself (`sim.disk`) decides when and whether a write is made.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from copy import copy
from typing import Protocol

from msgspec import structs

from hansa.adapters.store.memory import MemoryStore
from hansa.kernel.errors import HansaError
from hansa.kernel.ids import ContentId
from hansa.node.rows import Change

Outcomes = list[HansaError | None]


class Medium(Protocol):
    """What a simulated store writes to."""

    def write(
        self, batches: Sequence[Sequence[Change]], commit: Callable[[Sequence[Sequence[Change]]], Outcomes]
    ) -> Awaitable[Outcomes]:
        """Makes the changes by `commit` when they are durable, or refuses them."""
        ...


class SimulatedStore(MemoryStore):
    """Implements `node.ports.Store` with rows in memory and writes under virtual time."""

    def __init__(self, medium: Medium | None = None, *, journal_bound: int = 1_000) -> None:
        """Makes an empty store; without a medium nothing can be written yet."""
        super().__init__(journal_bound=journal_bound)
        self._medium = medium

    async def apply(self, changes: Sequence[Change]) -> None:
        """Makes all changes or none, and returns when they are durable."""
        (error,) = await self.apply_each([changes])
        if error is not None:
            raise error

    def apply_each(self, batches: Sequence[Sequence[Change]]) -> Awaitable[Outcomes]:
        """Makes the changes of each batch, or none of that batch; durable once this is awaited."""
        if self._medium is None:
            raise RuntimeError("a copy that was not opened")
        return self._medium.write(batches, self.commit)

    def commit(self, batches: Sequence[Sequence[Change]]) -> Outcomes:
        """Makes changes at once; for the medium."""
        return [self._applied_or(changes) for changes in batches]

    def reopened(self, medium: object) -> SimulatedStore:
        """Returns what a new process finds; this store takes no more changes."""
        fresh = copy(self)
        fresh._medium = medium  # type: ignore[assignment]
        fresh._closed = False
        self._closed = True
        return fresh

    def copied(self) -> SimulatedStore:
        """Returns a copy of the rows as they are now: rows are values, so copying what holds them is enough."""
        made = copy(self)
        for name, value in vars(self).items():
            if isinstance(value, dict | list):
                setattr(made, name, copy(value))
        made._medium = None
        return made

    def damage(self, id_: str, byte: int) -> None:
        """Flips a bit in a record's bytes, as a bad disk does.

        Args:
            byte: which byte, counted round and round.
        """
        row = self._records[ContentId(id_)]
        data = bytearray(row.envelope)
        data[byte % len(data)] ^= 0x01
        self._records[row.id] = structs.replace(row, envelope=bytes(data))
