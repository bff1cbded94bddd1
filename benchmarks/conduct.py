"""What is somebody to us? Recording a dealing and deciding whether to engage, after a history of many.

The history is that of 100 others over 90 days. The reference is the protocol as it is written down: a list that is gone
through for each question.
"""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

from benchmarks.list_scanning import ListScanning
from benchmarks.measure import Row, against, at_least
from hansa.conduct import AllianceTracker, InteractionType
from hansa.kernel.instant import DAY, Instant

USERS = 100
START = 1_790_000_000_000
STEP_MS = 1_000
"""Time goes on by so much between two dealings."""

SIZES = ((1_000, None), (10_000, None), (100_000, at_least(1_000)), (1_000_000, at_least(10_000)))


def rows() -> Iterable[Row]:
    """One row for each length of the history, and how the longest compares with the shortest."""
    for size, target in SIZES:
        mine, other = _Mine(size), _Other(size)
        # the reference needs a tenth of a second for each of the longest; ours is asked as often as it takes to measure
        reference = "a list that is gone through"
        what = f"record a dealing and decide, after {size:,}"
        yield against(what, mine.deal, reference, other.deal, rounds=5, target=target)


class _Mine:
    def __init__(self, size: int) -> None:
        self._now = START
        self._tracker = AllianceTracker(now=lambda: self._now, me="us")
        for at, user, kind in _history(size):
            self._now = at
            self._tracker.record_interaction(user, kind)
        self._now = START

    def deal(self) -> int:
        for number in range(2_000):
            self._now += STEP_MS
            user = f"user {number % USERS}"
            self._tracker.record_interaction(user, InteractionType.REPLY_POSITIVE)
            self._tracker.should_engage(user, {"post_id": "x"})
        return 2_000


class _Other:
    def __init__(self, size: int) -> None:
        self._now = START
        self._held = ListScanning()
        for at, user, kind in _history(size):
            self._held.record(user, kind, at)
        self._times = max(2, 200_000 // size)

    def deal(self) -> int:
        for number in range(self._times):
            self._now += STEP_MS
            user = f"user {number % USERS}"
            self._held.record(user, InteractionType.REPLY_POSITIVE, self._now)
            self._held.relationship(user, self._now)
        return self._times


def _history(size: int) -> list[tuple[Instant, str, InteractionType]]:
    random = Random(7)
    kinds = list(InteractionType)
    ages = sorted((random.randrange(90 * DAY) for _ in range(size)), reverse=True)
    return [(Instant(START - age), f"user {random.randrange(USERS)}", random.choice(kinds)) for age in ages]
