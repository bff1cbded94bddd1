"""The life of a task, as a table."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansa.kernel.errors import UsageError
from hansa.swarm.states import OPEN, OVER, TRANSITIONS, State, Trigger, move


def test_every_state_is_open_or_over() -> None:
    assert sorted([*OPEN, *OVER]) == sorted(State)


@given(st.lists(st.sampled_from(Trigger), max_size=8))
def test_nothing_moves_what_is_over_and_every_way_ends_in_one_step(triggers: list[Trigger]) -> None:
    state, was_over = State.ASKED, False
    for trigger in triggers:
        assert not was_over or state in OVER
        if (state, trigger) in TRANSITIONS:
            assert not was_over
            state = move(state, trigger)
        else:
            with pytest.raises(UsageError):
                move(state, trigger)
        was_over = was_over or state in OVER
    if state in OPEN:
        for trigger in (Trigger.FINISHED, Trigger.BROKE, Trigger.TURNED_DOWN, Trigger.CALLED_OFF, Trigger.RAN_OUT):
            assert move(state, trigger) in OVER


def test_a_task_never_goes_back() -> None:
    order = list(OPEN)
    for (state, _), after in TRANSITIONS.items():
        assert after in OVER or order.index(after) > order.index(state)
