"""Tiers of links: the table, the formula, and who is kept."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansa.overlay.tiers import Bond, Tier, kept_first, strength, tier
from tests.overlay.graphs import node, nodes

BEST = Bond(10**6, 0, 100, 100, 0, 1.0, 1.0)
shares = st.floats(0, 1)
bonds = st.builds(
    Bond,
    delivered=st.integers(0, 10**6),
    lost=st.integers(0, 10**6),
    up_ms=st.integers(0, 10**6),
    since_ms=st.integers(0, 10**6),
    latency_ms=st.none() | st.integers(0, 10**6),
    gained=shares,
    given=shares,
)


@pytest.mark.parametrize(
    ("bond", "value"),
    [
        (Bond(), 0.0),
        (Bond(delivered=2), 0.2),
        (Bond(delivered=6, lost=8), 0.15),
        (Bond(up_ms=30, since_ms=60), 0.1),
        (Bond(up_ms=90, since_ms=60), 0.2),
        (Bond(latency_ms=0), 0.2),
        (Bond(latency_ms=100), 0.1),
        (Bond(latency_ms=300), 0.05),
        (Bond(gained=1.0), 0.0),
        (Bond(gained=1.0, given=0.5), 0.1),
        (BEST, 1.0),
    ],
)
def test_the_table_of_strength(bond: Bond, value: float) -> None:
    assert strength(bond) == pytest.approx(value, abs=1e-5)


def of(value: float, gained: float = 1.0, given: float = 1.0) -> Bond:
    """A link of just this strength: latency and delivery make up what benefit leaves."""
    rest = value - 0.2 * min(gained, given)
    uptime = min(0.2, max(0.0, rest))
    rest -= uptime
    delivery = min(0.4, rest)
    left = rest - delivery
    lost = 10**9
    return Bond(
        delivered=round(lost * delivery / 0.4), lost=lost - round(lost * delivery / 0.4) - 2 if delivery < 0.4 else -2,
        up_ms=round(uptime * 5 * 10**9), since_ms=10**9,
        latency_ms=round(100 * (0.2 / left - 1)) if left > 0 else None, gained=gained, given=given,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.0, "dormant"), (0.09999, "dormant"), (0.10001, "weak"), (0.29999, "weak"), (0.30001, "moderate"),
        (0.59999, "moderate"), (0.60001, "strong"),
    ],
)  # fmt: skip
def test_the_table_of_tiers(value: float, expected: str) -> None:
    assert strength(of(value, 0, 0)) == pytest.approx(value, abs=1e-6)
    assert tier(of(value, 0, 0)).word == expected


@pytest.mark.parametrize(
    ("bond", "expected"),
    [
        (BEST, Tier.SYMBIOTIC),
        (replace(BEST, latency_ms=299), Tier.SYMBIOTIC),
        (replace(BEST, latency_ms=301), Tier.STRONG),
        (replace(BEST, gained=0.81, given=0.81), Tier.SYMBIOTIC),
        (replace(BEST, gained=0.8), Tier.STRONG),
        (replace(BEST, given=0.8), Tier.STRONG),
        (replace(BEST, given=0.0), Tier.STRONG),
    ],
)
def test_symbiotic_takes_benefit_in_both_directions(bond: Bond, expected: Tier) -> None:
    assert tier(replace(bond, delivered=10**9)) is expected


@given(bonds)
def test_strength_is_a_share_and_rises_with_what_is_good(bond: Bond) -> None:
    value = strength(bond)
    assert 0 <= value <= 1
    assert strength(replace(bond, delivered=bond.delivered + 1)) >= value
    assert strength(replace(bond, lost=bond.lost + 1)) <= value
    assert strength(replace(bond, up_ms=bond.up_ms + 1)) >= value
    assert strength(replace(bond, given=1.0, gained=1.0)) >= value
    if bond.latency_ms is not None:
        assert strength(replace(bond, latency_ms=bond.latency_ms + 1)) <= value


def test_the_strongest_is_kept_first_and_the_order_does_not_depend_on_who_was_named_first() -> None:
    links = {
        node(1): Bond(),
        node(2): BEST,
        node(3): replace(BEST, given=0.0),
        node(4): replace(BEST, latency_ms=50),
        node(0): Bond(),
    }
    assert kept_first(links) == kept_first(dict(reversed(list(links.items())))) == list(nodes(2, 4, 3, 0, 1))
