"""A token bucket: how many of something somebody may have, as a pure function of the last state and now."""

from __future__ import annotations

import msgspec

from hansa.kernel.instant import MINUTE, Instant


class Bucket(msgspec.Struct, frozen=True):
    """Units left at an instant. As many of them are a token as the period has milliseconds: no rate needs fractions."""

    units: int
    at: Instant


def take(bucket: Bucket | None, rate: int, now: Instant, period: int = MINUTE) -> tuple[Bucket, bool]:
    """Takes one token. Exact: asking often neither gains nor loses anything.

    Args:
        bucket: the state after the last take; None before the first.
        rate: tokens that a period refills, and the most that there are.
        now: a clock that went backwards refills nothing until it has caught up.
        period: milliseconds.

    Returns:
        The new state, and whether there was a token to take.
    """
    full = rate * period
    level, at = full, now
    if bucket is not None:
        at = max(bucket.at, now)
        level = min(full, bucket.units + (at - bucket.at) * rate)
    if level < period:
        return Bucket(level, at), False
    return Bucket(level - period, at), True
