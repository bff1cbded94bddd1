"""Keeping records durably, with SQLite's synchronous=FULL."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.measure import Row, against
from benchmarks.samples import sealed
from hansa.adapters.store.sqlite import SqliteStore
from hansa.kernel.instant import Instant
from hansa.node.rows import PutRecord
from hansa.node.shelf import record_row

WRITERS = 100
BATCHES = 40


@contextmanager
def empty_store() -> Iterator[SqliteStore]:
    """Gives an empty store in a temporary directory."""
    with tempfile.TemporaryDirectory() as folder:
        opened = SqliteStore.open(Path(folder) / "bench.db")
        try:
            yield opened
        finally:
            opened.close()


def rows() -> Iterable[Row]:
    """Many writers at once (group commit), against one after the other."""
    with empty_store() as one, empty_store() as many:
        seq = iter(range(10_000_000))

        def changes() -> list[PutRecord]:
            made = [record_row(sealed(next(seq)), "", Instant(1)) for _ in range(WRITERS)]
            return [PutRecord(row, in_feed=True) for row in made]

        async def together(changes: list[PutRecord]) -> None:
            await asyncio.gather(*(many.apply([change]) for change in changes))

        async def in_turn(changes: list[PutRecord]) -> None:
            for change in changes:
                await one.apply([change])

        prepared = iter([changes() for _ in range(BATCHES)])

        def grouped() -> int:
            batch = next(prepared)
            asyncio.run(together(batch))
            return len(batch)

        def single() -> int:
            batch = next(prepared)
            asyncio.run(in_turn(batch))
            return len(batch)

        what = f"keep a record of 2 kB durably, {WRITERS} writers at once"
        yield against(what, grouped, "the same, one after the other", single)
