"""Instants are integers; written out, they are ISO 8601 in UTC to the millisecond."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hansa.kernel.instant import DAY, HOUR, MINUTE, SECOND, iso
from hansa.kernel.limits import MAX_SAFE_INTEGER

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
END_OF_YEAR_9999 = 253_402_300_799_999


def test_units_are_milliseconds() -> None:
    assert (SECOND, MINUTE, HOUR, DAY) == (1_000, 60_000, 3_600_000, 86_400_000)


@pytest.mark.parametrize(
    ("at", "written"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1, "1970-01-01T00:00:00.001Z"),
        (999, "1970-01-01T00:00:00.999Z"),
        (951_782_400_000, "2000-02-29T00:00:00.000Z"),
        (1_795_218_000_000, "2026-11-20T23:40:00.000Z"),
        (1_760_000_000_123, "2025-10-09T08:53:20.123Z"),
    ],
)
def test_an_instant_is_written_in_utc(at: int, written: str) -> None:
    assert iso(at) == written


@given(st.integers(0, END_OF_YEAR_9999))
@settings(derandomize=True, deadline=None, max_examples=300)
def test_what_is_written_is_the_very_millisecond(at: int) -> None:
    assert (datetime.fromisoformat(iso(at)) - EPOCH) // timedelta(milliseconds=1) == at


def test_the_far_future_is_written_to_the_millisecond_too() -> None:
    assert (datetime.fromisoformat(iso(END_OF_YEAR_9999)) - EPOCH) // timedelta(milliseconds=1) == END_OF_YEAR_9999


@pytest.mark.parametrize("at", [END_OF_YEAR_9999, END_OF_YEAR_9999 + 1, MAX_SAFE_INTEGER, 2**63 - 1, 10**100])
def test_what_lies_beyond_the_year_9999_is_written_as_its_end(at: int) -> None:
    """Any peer can send such an expiry."""
    assert iso(at) == "9999-12-31T23:59:59.999Z"


@pytest.mark.parametrize("at", [-1, -DAY, -MAX_SAFE_INTEGER, -(10**100)])
def test_what_lies_before_the_epoch_is_written_as_the_epoch(at: int) -> None:
    assert iso(at) == "1970-01-01T00:00:00.000Z"


@given(st.integers(0, MAX_SAFE_INTEGER), st.integers(0, MAX_SAFE_INTEGER))
@settings(derandomize=True, deadline=None)
def test_what_is_written_sorts_as_time_does(one: int, other: int) -> None:
    assert (iso(one) <= iso(other)) or one > other
    assert len(iso(one)) == len(iso(0))
