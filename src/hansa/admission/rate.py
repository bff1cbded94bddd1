"""A token bucket: how many records an author may send, as a pure function of the last state and now."""

from __future__ import annotations

import msgspec

from hansa.kernel.instant import MINUTE, Instant

UNITS = MINUTE
"""A token is this many units, so that one millisecond at any whole rate refills a whole number of units."""


class Bucket(msgspec.Struct, frozen=True):
    """Units left at an instant."""

    units: int
    at: Instant


def take(bucket: Bucket | None, per_minute: int, now: Instant) -> tuple[Bucket, bool]:
    """Takes one token. Exact: asking often neither gains nor loses anything.

    Args:
        bucket: the state after the last take; None for an author never seen.
        per_minute: refill rate and capacity, tokens.
        now: a clock that went backwards refills nothing until it has caught up.

    Returns:
        The new state, and whether there was a token to take.
    """
    full = per_minute * UNITS
    level, at = full, now
    if bucket is not None:
        at = max(bucket.at, now)
        level = min(full, bucket.units + (at - bucket.at) * per_minute)
    if level < UNITS:
        return Bucket(level, at), False
    return Bucket(level - UNITS, at), True
