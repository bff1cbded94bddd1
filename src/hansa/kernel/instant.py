"""Time as a value: milliseconds since 1970-01-01 UTC, always passed in, never read here."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NewType

Instant = NewType("Instant", int)
"""Milliseconds since the Unix epoch, UTC, an integer within JSON's safe range."""

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


def iso(at: Instant | int) -> str:
    """Returns `at` as ISO 8601 in UTC with milliseconds, e.g. 2026-11-20T23:40:00.000Z."""
    return datetime.fromtimestamp(at / SECOND, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
