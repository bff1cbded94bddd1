"""A token bucket: how many records an author may send, as a pure function of the last state and now."""

from __future__ import annotations

from dataclasses import dataclass

from hansa.kernel.instant import MINUTE, Instant


@dataclass(frozen=True, slots=True)
class Bucket:
    """Tokens left (in thousandths, so that refilling is exact) at an instant."""

    milli_tokens: int
    at: Instant


def take(bucket: Bucket | None, per_minute: int, now: Instant) -> tuple[Bucket, bool]:
    """Takes one token.

    Args:
        bucket: the state after the last take; None for an author never seen.
        per_minute: refill rate and capacity, tokens.
        now: a clock that went backwards refills nothing and takes nothing away.

    Returns:
        The new state, and whether there was a token to take.
    """
    full = per_minute * 1000
    if bucket is None:
        level = full
    else:
        elapsed = max(0, now - bucket.at)
        level = min(full, bucket.milli_tokens + elapsed * full // MINUTE)
    if level < 1000:
        return Bucket(level, now), False
    return Bucket(level - 1000, now), True
