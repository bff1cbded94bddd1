"""The life of a lease, as a table (M8).

granted ──taken──▶ active ──over──▶ metered ──settled──▶ settled
│                  │                └────broken────▶ broken
├──released──▶ released
└──lapsed────▶ lapsed         granted, and not taken within a minute: whoever asked did not show up
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class State(StrEnum):
    """Where a lease stands."""

    GRANTED = "granted"
    ACTIVE = "active"
    METERED = "metered"
    SETTLED = "settled"
    BROKEN = "broken"
    RELEASED = "released"
    LAPSED = "lapsed"


class Trigger(StrEnum):
    """What moves it."""

    TAKEN = "taken"
    OVER = "over"
    SETTLED = "settled"
    BROKEN = "broken"
    RELEASED = "released"
    LAPSED = "lapsed"


TRANSITIONS: Mapping[tuple[State, Trigger], State] = {
    (State.GRANTED, Trigger.TAKEN): State.ACTIVE,
    (State.GRANTED, Trigger.RELEASED): State.RELEASED,
    (State.GRANTED, Trigger.LAPSED): State.LAPSED,
    (State.ACTIVE, Trigger.OVER): State.METERED,
    (State.METERED, Trigger.SETTLED): State.SETTLED,
    (State.METERED, Trigger.BROKEN): State.BROKEN,
}
"""Every legal move; all others are refused and change nothing."""

HOLDS = (State.GRANTED, State.ACTIVE)
"""States in which its units are nobody else's."""

OVER = (State.SETTLED, State.BROKEN, State.RELEASED, State.LAPSED)
"""States after which nothing follows."""
