"""Time as a process has it that works on one thread: what it worked, and what it waited for a timer or a message.

What others at the machine took from it does not pass: timers of two programs that are compared run out after as much
work on a busy machine as on an idle one.
"""

from __future__ import annotations

import asyncio
import selectors
import time
from typing import Any

from hansa.kernel.instant import Instant


class OwnTime:
    """Seconds that this process had, since some beginning."""

    def __init__(self) -> None:
        """Begins now."""
        self._waited = 0.0
        self._since = 0.0

    def now(self) -> float:
        """Returns the seconds so far."""
        return time.process_time() + self._waited

    def waits(self) -> None:
        """Notes that the process begins to wait."""
        self._since = time.perf_counter()

    def woke(self, most: float | None) -> None:
        """Notes that it goes on; it wanted to wait `most` seconds, or for a message alone."""
        waited = time.perf_counter() - self._since
        self._waited += waited if most is None else min(waited, max(0.0, most))


class OwnClock:
    """Implements `node.ports.Clock`; the wall clock stands where it stood, and moves on by the process's own time."""

    def __init__(self, own: OwnTime) -> None:
        """Reads the machine's clock once."""
        self._own = own
        self._began = time.time() - own.now()

    def now(self) -> Instant:
        """Returns the present instant."""
        return Instant(int((self._began + self._own.now()) * 1_000))

    def stopwatch_us(self) -> int:
        """Returns microseconds of the process's own time."""
        return int(self._own.now() * 1e6)


class _Selector(selectors.DefaultSelector):  # type: ignore[misc, valid-type]
    def __init__(self, own: OwnTime) -> None:
        super().__init__()
        self._own = own

    def select(self, timeout: float | None = None) -> Any:
        self._own.waits()
        try:
            return super().select(timeout)
        finally:
            self._own.woke(timeout)


class OwnLoop(asyncio.SelectorEventLoop):
    """An event loop whose timers run by the process's own time."""

    def __init__(self, own: OwnTime) -> None:
        """Makes a loop that tells `own` when it waits."""
        self._own = own
        super().__init__(_Selector(own))

    def time(self) -> float:
        """Returns the time of its timers."""
        return self._own.now()
