"""Ticks that are left out: nothing would have come of them, whatever a run brings."""

from __future__ import annotations

import pytest

from hansa.entrypoints.simulation import Linked, Workshop, remembering, simulate
from hansa.kernel.instant import Instant
from hansa.node.overlay_parts import Ticking
from hansa.overlay.doing import Doing
from hansa.sim.scenario import SCENARIOS, play
from hansa.sim.world import Inhabitant, Place


class Always:
    """A part that is ticked in each turn, and what came of it too soon."""

    def __init__(self, part: Ticking, too_soon: list[str]) -> None:
        self._part = part
        self._too_soon = too_soon
        self.due = Instant(0)

    def tick(self, now: Instant) -> Doing:
        due = self._part.due
        doing = self._part.tick(now)
        if now < due and doing != Doing():
            self._too_soon.append(f"{type(self._part).__name__}: {doing}")
        return doing


class Restless(Workshop):
    """Nodes that leave no tick out."""

    def __init__(self) -> None:
        self.too_soon: list[str] = []

    def open(self, place: Place) -> Inhabitant:
        made = super().open(place)
        assert isinstance(made, Linked)
        for room in (made.network, made.network.words):
            room.ticking = tuple(Always(part, self.too_soon) for part in room.ticking)
        return made


@pytest.mark.parametrize("name", list(SCENARIOS))
def test_a_run_in_which_no_tick_is_left_out_is_the_same_run(name: str) -> None:
    restless = Restless()
    with remembering():
        report = play(name, 5, 4, restless, 10)
    assert restless.too_soon == []
    assert report == simulate(name, 5, 4, 10)
