"""How the process is: how late its event loop wakes up, how much memory it holds. Measured, never guessed."""

from __future__ import annotations

import asyncio
import os
import resource
import sys
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

SECONDS = 1.0
KEPT = 60
LATE_SECONDS = 1.0
"""A loop that wakes up later than this has been held by something; peers' requests waited as long."""


@dataclass(slots=True)
class Pulse:
    """The last minute of an event loop.

    Attributes:
        lags: seconds by which each of the last wakings was late, newest last.
    """

    lags: deque[float] = field(default_factory=lambda: deque(maxlen=KEPT))

    @property
    def lag(self) -> float:
        """The last lag."""
        return self.lags[-1] if self.lags else 0.0

    @property
    def worst(self) -> float:
        """The largest lag of the last minute."""
        return max(self.lags, default=0.0)

    async def beat(self, stopping: asyncio.Event) -> None:
        """Sleeps once, and writes down how late it woke."""
        loop = asyncio.get_running_loop()
        due = loop.time() + SECONDS
        try:
            await asyncio.wait_for(stopping.wait(), SECONDS)
        except TimeoutError:
            self.lags.append(max(0.0, loop.time() - due))


def resident_bytes() -> int:
    """Returns the memory that this process holds in RAM; on systems without /proc the most it ever held."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else most * 1024
