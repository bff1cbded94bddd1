"""The operator's bound on links is kept, however small it is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hansa.node.overlay_parts import link_bounds
from hansa.node.overlay_settings import OverlaySettings
from hansa.overlay.link_params import Params


@given(st.integers(1, 1_000))
def test_links_stay_within_what_the_operator_allows(most: int) -> None:
    bounds = link_bounds(OverlaySettings(max_connections=most))
    bounds.validate()
    assert bounds.max_connections == most
    assert (bounds.low, bounds.target, bounds.high) <= (most, most, most)


def test_the_usual_bound_changes_nothing_else() -> None:
    assert link_bounds(OverlaySettings()) == Params()
