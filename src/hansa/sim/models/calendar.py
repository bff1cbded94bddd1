"""What is on its way: batches of things, by the millisecond at which they are due."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from itertools import pairwise
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Kind = TypeVar("Kind")
Numbers = NDArray[np.int64]


class Calendar:
    """Batches by time and kind; things of one kind that are due at one time come in the order in which they were put.

    >>> calendar = Calendar()
    >>> calendar.put("word", np.array([30, 20, 30]), np.array([1, 2, 3]))
    >>> [(at, due["word"][0].tolist()) for at, due in calendar.run()]
    [(20, [2]), (30, [1, 3])]
    """

    def __init__(self) -> None:
        """Begins empty."""
        self._due: dict[int, dict[str, list[tuple[Numbers, ...]]]] = {}
        self._times: list[int] = []

    def put(self, kind: str, times: Numbers, *columns: Numbers) -> None:
        """Notes things: when each is due, and what is to be known of it."""
        if not times.size:
            return
        order = np.argsort(times, kind="stable")
        times, columns = times[order], tuple(column[order] for column in columns)
        cuts = np.flatnonzero(np.diff(times)) + 1
        bounds = [0, *cuts.tolist(), times.size]
        for low, high in pairwise(bounds):
            at = int(times[low])
            if at not in self._due:
                self._due[at] = {}
                heapq.heappush(self._times, at)
            self._due[at].setdefault(kind, []).append(tuple(column[low:high] for column in columns))

    def run(self, until: int = 1 << 60) -> Iterator[tuple[int, dict[str, tuple[Numbers, ...]]]]:
        """Yields what is due, time by time, as long as there is anything; what is put meanwhile must be later."""
        while self._times and self._times[0] <= until:
            at = heapq.heappop(self._times)
            due = self._due.pop(at)
            yield at, {kind: tuple(np.concatenate(column) for column in zip(*due[kind], strict=True)) for kind in due}
