"""What may be asked of another node: a closed list of kinds, each with its own data (S2, S3, S10).

| kind               | data                                            | result, one text each              |
| ------------------ | ----------------------------------------------- | ---------------------------------- |
| python-computation | code, the name of a function, calls as literals | `repr` of what each call returned  |
| prove-skill        | id of a skill, trials, a seed, perhaps its text | outcome, trials, successes, reason |
| query              | an intent, and how many skills at most          | skill and intent, in turn          |
| code-generation    | none yet                                        | served nowhere yet                 |
| file-analysis      | none yet                                        | served nowhere yet                 |

What a call is to return never travels: whoever asked compares it at home. A result is data: nothing here or in the node
runs it, and no text in it is an order.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

import msgspec

from hansa.kernel import canonical
from hansa.kernel.errors import Refused
from hansa.kernel.ids import ContentId, NodeId, content_id
from hansa.kernel.instant import HOUR
from hansa.kernel.verdict import Reason
from hansa.kernel.wire import Id, Label, Wire, parse

MAX_CALLS = 64
MAX_TRIALS = 1_000
MAX_DEPTH = 3
"""Nodes that may stand behind a task: who asked first, and who handed it on."""

MAX_PRIORITY = 9

Node = Annotated[NodeId, msgspec.Meta(min_length=8, max_length=64)]
Nonce = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{32}\Z")]
"""128 bits that nobody else can foretell."""

_Span = Annotated[int, msgspec.Meta(ge=1, le=HOUR)]


class TaskKind(StrEnum):
    """Kinds of tasks."""

    PYTHON = "python-computation"
    PROVE = "prove-skill"
    QUERY = "query"
    CODE = "code-generation"
    FILES = "file-analysis"


class Python(Wire, frozen=True):
    """Data of "python-computation".

    Attributes:
        code: Python source; `entry_point`: name of the function in it.
        calls: of that function, each a Python literal of a tuple of its arguments.
    """

    code: Annotated[str, msgspec.Meta(min_length=1, max_length=65_536)]
    entry_point: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    calls: Annotated[
        tuple[Annotated[str, msgspec.Meta(min_length=2, max_length=16_384)], ...],
        msgspec.Meta(min_length=1, max_length=MAX_CALLS),
    ]


class Prove(Wire, frozen=True):
    """Data of "prove-skill".

    Attributes:
        skill: id of what is to be proved.
        trials: fresh processes; trial i seeds chance with seed + i.
        text: the skill as canonical JSON; left out where the node that is asked is said to hold it.
    """

    skill: Id
    trials: Annotated[int, msgspec.Meta(ge=1, le=MAX_TRIALS)]
    seed: Annotated[int, msgspec.Meta(ge=0, lt=2**53)] = 0
    text: Annotated[str, msgspec.Meta(min_length=1, max_length=131_072)] | msgspec.UnsetType = msgspec.UNSET


class Query(Wire, frozen=True):
    """Data of "query": skills that fit an intent, `limit` of them at most."""

    intent: Annotated[str, msgspec.Meta(min_length=1, max_length=1_000)]
    limit: Annotated[int, msgspec.Meta(ge=1, le=32)] = 10


Data = Python | Prove | Query


class TaskBody(Wire, frozen=True):
    """Kind "task": something for the node that it is addressed to.

    Attributes:
        nonce: makes two tasks out of two that are alike.
        path: who asked for it first, and who handed it on; whoever signed it is the last one.
        within_ms: milliseconds within which the result is of use. `work_ms`: that it may run, at most.
        priority: 0 to 9; before others of the same node's that wait, the highest first.
        correlation: the asker's own name for what it belongs to.
        python, prove, query: its data: the one that belongs to its kind.
    """

    kind: TaskKind
    nonce: Nonce
    path: Annotated[tuple[Node, ...], msgspec.Meta(min_length=1, max_length=MAX_DEPTH)]
    within_ms: _Span
    work_ms: _Span
    priority: Annotated[int, msgspec.Meta(ge=0, le=MAX_PRIORITY)] = 0
    correlation: Label = ""
    python: Python | msgspec.UnsetType = msgspec.UNSET
    prove: Prove | msgspec.UnsetType = msgspec.UNSET
    query: Query | msgspec.UnsetType = msgspec.UNSET

    @property
    def data(self) -> Data | None:
        """Its data, or None for a kind that has none."""
        return next((one for one in (self.python, self.prove, self.query) if one is not msgspec.UNSET), None)


SCHEMAS: dict[TaskKind, type[Data] | None] = {
    TaskKind.PYTHON: Python,
    TaskKind.PROVE: Prove,
    TaskKind.QUERY: Query,
    TaskKind.CODE: None,
    TaskKind.FILES: None,
}
"""What the tasks of each kind consist of; None: of nothing yet, and no node serves it."""


def read_task(body: Mapping[str, Any]) -> TaskBody:
    """Returns a task.

    Raises:
        Refused: BAD_BODY, also when its data are not those of its kind, or its path has somebody twice.
    """
    task = parse(body, TaskBody)
    given = [type(one) for one in (task.python, task.prove, task.query) if one is not msgspec.UNSET]
    wanted = SCHEMAS[task.kind]
    if given != ([wanted] if wanted is not None else []):
        raise Refused(Reason.BAD_BODY, f"that is not what a task of kind {task.kind} consists of")
    if len(dict.fromkeys(task.path)) < len(task.path):
        raise Refused(Reason.BAD_BODY, "its path has somebody twice")
    return task


def task_id(body: TaskBody, asked: NodeId) -> ContentId:
    """Returns the id of a task: the same whichever envelope brings it, and another for each node that is asked."""
    return content_id(canonical.encode([asked, msgspec.to_builtins(body)]))


def handed_on(of: TaskBody, by: NodeId, within_ms: int, work_ms: int) -> tuple[tuple[NodeId, ...], int, int]:
    """Returns path and budgets of a task that is asked for because of another one: both can only shrink (attack 57).

    Args:
        of: the task that `by` was asked for.
        within_ms, work_ms: what is wished; milliseconds that are left of the first one at most.

    Returns:
        The path, milliseconds within which, and milliseconds that it may run.

    Raises:
        Refused: TASK_LOOP, when too many have handed it on, or `by` did before.
    """
    if len(of.path) >= MAX_DEPTH or by in of.path:
        raise Refused(Reason.TASK_LOOP, f"{len(of.path)} nodes stand behind it already")
    return (*of.path, by), min(of.within_ms, within_ms), min(of.work_ms, work_ms)
