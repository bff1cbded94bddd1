"""What this node asked others for, and how far it has come: orders, the nodes that were asked, and what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from hansa.kernel.errors import UsageError
from hansa.kernel.ids import ContentId, NodeId
from hansa.kernel.instant import SECOND, Instant
from hansa.swarm.messages import TaskSaidBody
from hansa.swarm.placement import Placed
from hansa.swarm.states import OPEN, State, Trigger, move
from hansa.swarm.tasks import Data, Prove, Python, TaskBody, TaskKind

_ORDER = (State.ASKED, State.ACCEPTED, State.RUNNING)


@dataclass(frozen=True, slots=True)
class Order:
    """What is wanted of others.

    Attributes:
        to: ask this node and no other.
        within_ms: the result is of no use after that. `work_ms`: that it may run there at most.
        expect: for each call of a computation the value that must come out, if that is known; compared here.
        copies: nodes that are asked at once. `agree`: that must come to the same.
        because: the task of another node for which this one is asked; budgets only shrink (`swarm.tasks.handed_on`).
    """

    data: Data
    to: NodeId | None = None
    within_ms: int = 0
    work_ms: int = 10 * SECOND
    priority: int = 0
    correlation: str = ""
    expect: tuple[str, ...] = ()
    copies: int = 1
    agree: int = 1
    because: TaskBody | None = None

    @property
    def kind(self) -> TaskKind:
        """The kind of task that it is."""
        if isinstance(self.data, Python):
            return TaskKind.PYTHON
        return TaskKind.PROVE if isinstance(self.data, Prove) else TaskKind.QUERY

    def check(self) -> None:
        """Raises UsageError when it makes no sense."""
        if not 1 <= self.agree <= self.copies <= 16:
            raise UsageError("ask 1 to 16 nodes, and have no more of them agree than are asked")
        if self.to is not None and self.copies > 1:
            raise UsageError("one node can't be asked for several copies: leave --to out, or ask for one copy")
        if self.expect and not (isinstance(self.data, Python) and len(self.expect) == len(self.data.calls)):
            raise UsageError("values to expect belong to computations, one for each call")


@dataclass(slots=True)
class Attempt:
    """One node that was asked.

    Attributes:
        id: of the task. `sent`: ids of the envelopes that brought it.
        why: in words: a refusal, an error, or what was wrong with the result.
        checked: how the result was looked at: "", "expected", "agreed" or "computed here".
    """

    node: NodeId
    id: ContentId
    body: TaskBody
    state: State = State.ASKED
    said: TaskSaidBody | None = None
    why: str = ""
    checked: str = ""
    sent: dict[ContentId, None] = field(default_factory=dict)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def moved(self, trigger: Trigger, why: str = "") -> None:
        """Moves it on; a move that is not in the table is passed over: words come late, and more than once."""
        with suppress(UsageError):
            self.state = move(self.state, trigger)
            self.why = why or self.why
            self.news.set()


@dataclass(slots=True)
class Delegation:
    """An order and all that was done for it.

    Attributes:
        id: of it at this node; travels nowhere.
        values: what it came to, once it is done.
        order_of: who was to be asked, with why.
        changed: set, and replaced, with each step.
    """

    id: ContentId
    order: Order
    began: Instant
    state: State = State.ASKED
    attempts: list[Attempt] = field(default_factory=list)
    values: tuple[str, ...] = ()
    why: str = ""
    ended: Instant | None = None
    order_of: Sequence[Placed] = ()
    task: asyncio.Task[None] | None = None
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self) -> None:
        """Wakes whoever follows it."""
        before, self.changed = self.changed, asyncio.Event()
        before.set()

    def seen(self, state: State) -> None:
        """Takes note of where one of its attempts stands: of several the furthest is shown, while it is not over."""
        if self.state in OPEN and state in OPEN and _ORDER.index(state) > _ORDER.index(self.state):
            self.state = state
        self.tell()
