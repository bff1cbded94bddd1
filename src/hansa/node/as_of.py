"""As of when a task decides: what it has read is no older than the last commit of other processes it knew of then.

Whoever holds a turn reads, waits for this and that, and writes in the end. What another process has committed since the
turn was taken may not be in what was read, so the store is told the moment of the turn, not that of the writing
(`node.touched`). A task that holds no turn decides as of now.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_since: ContextVar[tuple[asyncio.Task[object] | None, int]] = ContextVar("since")


@contextmanager
def deciding(seen: int) -> Iterator[None]:
    """Lets the present task decide as of `seen`, or as of before where it does so already, while the block runs.

    Args:
        seen: the last commit of other processes that is known now.
    """
    before = _found()
    token = _since.set((asyncio.current_task(), seen if before is None else before))
    try:
        yield
    finally:
        _since.reset(token)


def since(seen: int) -> int:
    """Returns as of when the present task decides; `seen` where it does as of now."""
    before = _found()
    return seen if before is None else before


def _found() -> int | None:
    """Tasks inherit what their maker's context has; it is not theirs."""
    task, found = _since.get((None, 0))
    return found if task is not None and task is asyncio.current_task() else None
