"""The life of a task that somebody else was asked for, as a table (S2).

asked ──taken──▶ accepted ──began──▶ running ──finished──▶ done
  │                 │                   │ └─────broke────▶ failed
  └─────────────────┴─────────┬─────────┘
                              ├──turned down──▶ refused      the peer's word: it does not do it
                              ├──called off───▶ cancelled    this node's: it is not wanted any more
                              └──ran out──────▶ expired      nobody's: no answer in time

Words may be lost on the way, so what was asked may be found running, or done.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from hansa.kernel.lifecycle import moved


class State(StrEnum):
    """Where a task stands."""

    ASKED = "asked"
    ACCEPTED = "accepted"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class Trigger(StrEnum):
    """What moves it."""

    TAKEN = "taken"
    BEGAN = "began"
    FINISHED = "finished"
    BROKE = "broke"
    TURNED_DOWN = "turned down"
    CALLED_OFF = "called off"
    RAN_OUT = "ran out"


OPEN = (State.ASKED, State.ACCEPTED, State.RUNNING)
"""States of which something is still to come."""

OVER = (State.DONE, State.FAILED, State.REFUSED, State.CANCELLED, State.EXPIRED)
"""States after which nothing follows."""

TRANSITIONS: Mapping[tuple[State, Trigger], State] = {
    (State.ASKED, Trigger.TAKEN): State.ACCEPTED,
    **dict.fromkeys(((one, Trigger.BEGAN) for one in (State.ASKED, State.ACCEPTED)), State.RUNNING),
    **dict.fromkeys(((one, Trigger.FINISHED) for one in OPEN), State.DONE),
    **dict.fromkeys(((one, Trigger.BROKE) for one in OPEN), State.FAILED),
    **dict.fromkeys(((one, Trigger.TURNED_DOWN) for one in OPEN), State.REFUSED),
    **dict.fromkeys(((one, Trigger.CALLED_OFF) for one in OPEN), State.CANCELLED),
    **dict.fromkeys(((one, Trigger.RAN_OUT) for one in OPEN), State.EXPIRED),
}
"""Every legal move; all others are refused and change nothing."""


def move(state: State, trigger: Trigger) -> State:
    """Returns the state after a trigger.

    Raises:
        UsageError: the move is not in the table.
    """
    return moved(TRANSITIONS, state, trigger, "a task that is {state} can't be {trigger}")
