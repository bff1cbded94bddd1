"""Amounts, credits and times as people write them come back as they were, and what is none is named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansa.kernel.errors import UsageError
from hansa.kernel.instant import DAY, HOUR, MINUTE, Instant
from hansa.kernel.resources import Resource
from hansa.market.messages import DEAREST, MOST_UNITS
from hansa.market.quantities import (
    amount,
    amount_of,
    credits,
    credits_of,
    moment_of,
    per,
    price,
    price_of,
    resource_of,
    span,
    span_of,
)

CPU, MEMORY, QUEUE = Resource.COMPUTATIONAL_POWER, Resource.MEMORY_CAPACITY, Resource.PROCESSING_QUEUE


@given(st.sampled_from(list(Resource)), st.integers(1, MOST_UNITS))
def test_what_is_shown_of_an_amount_reads_back(resource: Resource, units: int) -> None:
    assert amount_of(resource, amount(resource, units)) == amount_of(resource, units) == units


@given(st.integers(0, DEAREST))
def test_what_is_shown_of_credits_reads_back(millionths: int) -> None:
    assert credits_of(credits(millionths), "--price") == millionths


@given(st.integers(1, 366 * DAY // 1000))
def test_what_is_shown_of_a_length_of_time_reads_back(seconds: int) -> None:
    assert span_of(span(seconds * 1000), "--lasts") == seconds * 1000


@pytest.mark.parametrize(
    ("resource", "text", "units"),
    [
        (CPU, "2 cores", 2000), (CPU, "1.5cores", 1500), (CPU, "1 CORE", 1000), (CPU, "1500m", 1500),
        (CPU, "0.001 cores", 1), (MEMORY, "4 GiB", 4096), (MEMORY, "0.5 gib", 512), (MEMORY, "100MiB", 100),
        (MEMORY, "1 TiB", 1024 * 1024), (QUEUE, "3", 3), (QUEUE, "3 jobs", 3),
        (Resource.KNOWLEDGE_BASE, "10 records", 10), (Resource.CONSCIOUSNESS_STATE, "1 snapshot", 1),
    ],
)  # fmt: skip
def test_amounts_are_read_with_their_unit(resource: Resource, text: str, units: int) -> None:
    assert amount_of(resource, text) == units


@pytest.mark.parametrize(
    ("resource", "text", "told"),
    [
        (CPU, "2", "2 cores"), (CPU, "2 GiB", "no amount of computational_power"), (CPU, "0.0001 cores", "no whole"),
        (CPU, "0m", "at least one unit"), (CPU, "-1m", "no amount"), (CPU, "", "nothing is no amount"),
        (CPU, "1e3m", "no amount"), (CPU, "2,5 cores", "no amount"), (CPU, "\u0662 cores", "no amount"),
        (MEMORY, "4 GB", "4 GiB"), (MEMORY, "512", "512 MiB"), (QUEUE, "1.5", "no whole"), (QUEUE, "x", "no amount"),
        (CPU, "999999999999999 cores", "give less"), (QUEUE, True, "no amount"), (QUEUE, 0, "at least"),
    ],
)  # fmt: skip
def test_what_is_no_amount_is_named(resource: Resource, text: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        amount_of(resource, text)


@pytest.mark.parametrize("text", ["", "-1", "1.0000001", "1e3", "free", "9999999999999", "\u0663"])
def test_what_is_no_price_is_named(text: str) -> None:
    with pytest.raises(UsageError, match="--price"):
        credits_of(text, "--price")


@pytest.mark.parametrize("text", ["", "30", "0m", "1w", "-2h", "2h3d", "999999d", "h"])
def test_what_is_no_length_of_time_is_named(text: str) -> None:
    with pytest.raises(UsageError, match="--lasts"):
        span_of(text, "--lasts")


def test_a_moment_is_a_date_or_a_time_from_now() -> None:
    now = Instant(1_760_000_000_000)
    assert moment_of(None, now, "--from") == now
    assert moment_of("2h", now, "--from") == now + 2 * HOUR
    assert moment_of("2026-11-22T18:00Z", now, "--from") == 1_795_370_400_000
    assert moment_of(now + MINUTE, now, "--from") == now + MINUTE
    for past in ("2020-01-01", now - 1, "yesterday", 2**60):
        with pytest.raises(UsageError, match="--from"):
            moment_of(past, now, "--from")


def test_a_resource_is_named_by_its_start_and_what_is_none_names_all_eight() -> None:
    assert resource_of("comp") is CPU
    assert resource_of("Memory-Capacity") is MEMORY
    assert resource_of("optimization_insights") is Resource.OPTIMISATION_INSIGHTS
    with pytest.raises(UsageError, match="c may be computational_power or"):
        resource_of("c")
    for text in ("", "storage", "computational_powers"):
        with pytest.raises(UsageError) as told:
            resource_of(text)
        assert all(one.value in str(told.value) for one in Resource)


@given(st.sampled_from(list(Resource)), st.integers(0, DEAREST // 1024))
def test_what_is_shown_of_a_price_reads_back(resource: Resource, millionths: int) -> None:
    assert price_of(resource, price(resource, millionths), "--price") == millionths
    assert price_of(resource, millionths, "--price") == millionths


def test_a_price_is_for_a_core_a_gib_or_a_unit() -> None:
    assert price_of(CPU, "0.06", "--price") == 60
    assert price_of(MEMORY, "0.06", "--price") == 59, "the nearest: 58.6 millionths a MiB"
    assert price_of(QUEUE, "0.06", "--price") == 60_000
    assert price_of(CPU, "0", "--price") == 0
    assert [per(one) for one in (CPU, MEMORY, Resource.KNOWLEDGE_BASE)] == ["core and hour", "GiB and hour", "record"]
    with pytest.raises(UsageError, match=r"less than the least price here, 0\.001"):
        price_of(CPU, "0.0001", "--price")
