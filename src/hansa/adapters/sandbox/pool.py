"""Workers that wait for their next job, so that a proof need not wait for an interpreter.

Rules:

1. A worker serves jobs of the same limits only, one at a time.
2. It comes back only after a job in which nothing out of the ordinary happened; everyone else ends it.
3. It ends after `MOST_JOBS` jobs, and after `idle_seconds` without one; an idle pool is empty.
4. No more wait than there are places. The one that has waited longest makes room.
"""

from __future__ import annotations

import asyncio

from hansa.adapters.sandbox.worker import Worker
from hansa.kernel.jobs import SandboxLimits

MOST_JOBS = 200


class Pool:
    """Keeps workers between jobs."""

    def __init__(self, places: int, idle_seconds: float) -> None:
        """Starts empty.

        Args:
            places: how many may wait; 0 keeps none.
            idle_seconds: how long one may wait.
        """
        self.places = places
        self._idle_seconds = idle_seconds
        self._waiting: list[tuple[float, SandboxLimits, Worker]] = []
        self._ending: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        """How many are waiting."""
        return len(self._waiting)

    def take(self, limits: SandboxLimits) -> Worker | None:
        """Returns a waiting worker for jobs of these limits, the one that has waited least; None when there is none."""
        for place in reversed(range(len(self._waiting))):
            _, of, worker = self._waiting[place]
            if of == limits:
                del self._waiting[place]
                if worker.is_fit():
                    return worker
                self._end(worker)
        return None

    def put(self, limits: SandboxLimits, worker: Worker) -> None:
        """Takes a worker back, or ends it when its time has come."""
        if self.places == 0 or worker.jobs >= MOST_JOBS:
            self._end(worker)
            return
        loop = asyncio.get_running_loop()
        self._waiting.append((loop.time(), limits, worker))
        if len(self._waiting) > self.places:
            self._end(self._waiting.pop(0)[2])
        loop.call_later(self._idle_seconds, self.expire)

    def expire(self) -> None:
        """Ends those that have waited too long."""
        since = asyncio.get_running_loop().time() - self._idle_seconds
        while self._waiting and self._waiting[0][0] <= since:
            self._end(self._waiting.pop(0)[2])

    async def close(self) -> None:
        """Ends all that are waiting, and waits until they are gone."""
        while self._waiting:
            self._end(self._waiting.pop()[2])
        while self._ending:
            await asyncio.gather(*self._ending)

    def _end(self, worker: Worker) -> None:
        task = asyncio.get_running_loop().create_task(worker.end())
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)
