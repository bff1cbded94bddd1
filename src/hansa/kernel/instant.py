"""Time as a value: milliseconds since 1970-01-01 UTC, always passed in, never read here."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NewType

Instant = NewType("Instant", int)
"""Milliseconds since the Unix epoch, UTC, an integer within JSON's safe range."""

ALWAYS, NEVER = Instant(0), Instant(1 << 62)
"""Before and after all times that come: when something is due that is to be looked at each time, and that is not."""

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = 253_402_300_799_999


@lru_cache(maxsize=256)  # what happens at once is written down together
def iso(at: Instant | int) -> str:
    """Returns `at` as ISO 8601 in UTC with milliseconds, e.g. 2026-11-20T23:40:00.000Z.

    What lies beyond the year 9999 is written as its last millisecond: peers may name any instant.
    """
    moment = _EPOCH + timedelta(milliseconds=min(max(at, 0), _LAST))
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def from_iso(text: str) -> Instant:
    """Returns the instant that ISO 8601 text names; without a zone it is taken for UTC.

    Raises:
        ValueError: the text names none.

    >>> from_iso("2026-11-20T23:40:00Z"), from_iso("1970-01-01T00:00:00.001")
    (1795218000000, 1)
    """
    moment = datetime.fromisoformat(text)
    return Instant(((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH) // timedelta(milliseconds=1))
