"""The wire kinds of delegated tasks.

    capability   to all: what this node does for others, signed, said again when it changes and now and then
    task         for one node: do this
    task_said    for whoever asked: accepted, running, or what came of it
    task_stop    for one node: that task is not wanted any more

All are live and kept nowhere. A capability is a word of its own and no part of presence: presence is said by every node
every few seconds and read by all, while most nodes do nothing for others, and what one can changes rarely. A refusal is
no message of its own: the word of its arrival, which the refusing node signs, has the reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from hansa.kernel.errors import Refused
from hansa.kernel.verdict import Reason
from hansa.kernel.wire import Id, Label, Wire, parse
from hansa.swarm.states import State
from hansa.swarm.tasks import MAX_CALLS

CAPABILITY = "capability"
TASK = "task"
TASK_SAID = "task_said"
TASK_STOP = "task_stop"

MAX_RESULT = 65_536
"""Characters of a result, all its texts together."""

MAX_ERROR = 300


class TaskSaidBody(Wire, frozen=True):
    """Kind "task_said": where a task stands at the node that was asked.

    Attributes:
        task: its id.
        values: of one that is done: what it came to, a text for each part (`swarm.tasks`).
        error: of one that failed: why, in a line, without a path of that machine.
        harness: what ran it. `digest`: of what it put out.
        used_ms: milliseconds that it ran.
    """

    task: Id
    state: State
    values: Annotated[
        tuple[Annotated[str, msgspec.Meta(max_length=MAX_RESULT)], ...], msgspec.Meta(max_length=MAX_CALLS)
    ] = ()
    error: Annotated[str, msgspec.Meta(max_length=MAX_ERROR)] = ""
    harness: Label = ""
    digest: Label = ""
    used_ms: Annotated[int, msgspec.Meta(ge=0, lt=2**53)] = 0


class TaskStopBody(Wire, frozen=True):
    """Kind "task_stop": the task with that id is not wanted any more."""

    task: Id


SAID = (State.ACCEPTED, State.RUNNING, State.DONE, State.FAILED, State.CANCELLED)
"""States that the node that was asked may say; the others are for whoever asked to see."""


def read_said(body: Mapping[str, Any]) -> TaskSaidBody:
    """Returns what is said of a task.

    Raises:
        Refused: BAD_BODY, also when its parts contradict each other, or it is too long.
    """
    said = parse(body, TaskSaidBody)
    if said.state not in SAID:
        raise Refused(Reason.BAD_BODY, f"{said.state} is not the asked node's to say")
    if (said.values and said.state is not State.DONE) or (said.error and said.state is not State.FAILED):
        raise Refused(Reason.BAD_BODY, "a result of what is not done, or an error of what has not failed")
    if sum(map(len, said.values)) > MAX_RESULT:
        raise Refused(Reason.BAD_BODY, f"a result has {MAX_RESULT} characters at most")
    return said
