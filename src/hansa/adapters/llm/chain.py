"""The routes in order: the first that has a usable answer gives it.

A route is passed over, in this order of checks, when

1. it is left alone for a while, since it failed or asked for that
2. its budget does not hold another call
3. it has no answer (`endpoint.Trouble`)
4. its answer is cut off, or is not what was asked for

A route that fails is left alone for a pause that doubles with each failure in a row, up to five minutes, or for as long
as it asked. A question that one route refuses is still asked of the next.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from hansa.adapters.llm.answer import Completion
from hansa.adapters.llm.budget import Budget, Spent, estimate, worst_case
from hansa.adapters.llm.endpoint import Endpoint, Message, NoAnswer, Trouble
from hansa.kernel.errors import Unavailable
from hansa.kernel.instant import SECOND
from hansa.node.ports import Clock

MAX_PAUSE_SECONDS = 300

T = TypeVar("T")


@dataclass(slots=True)
class _Health:
    failures: int = 0
    alone_until: int = 0
    last: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a route stands, for `hansa llm list`.

    Attributes:
        alone_ms: milliseconds for which it is still left alone.
        last: its last trouble, or "".
    """

    endpoint: Endpoint
    spent: Spent
    alone_ms: int
    last: str


@dataclass(frozen=True, slots=True)
class Answered(Generic[T]):
    """A usable answer: what was made of it, the answer itself, and who was passed over for what."""

    value: T
    completion: Completion
    passed_over: tuple[str, ...]


class Chain:
    """Asks the routes in their order."""

    def __init__(self, endpoints: Sequence[Endpoint], budget: Budget, clock: Clock) -> None:
        """Asks nobody yet."""
        self._endpoints = endpoints
        self._budget = budget
        self._clock = clock
        self._health = {one.route.name: _Health() for one in endpoints}

    async def ask(self, messages: Sequence[Message], read: Callable[[str], T | None]) -> Answered[T]:
        """Returns the first usable answer.

        Args:
            read: makes of a text what is asked for; None when it can't.

        Raises:
            Unavailable: no route has one; names each with its trouble.
        """
        passed_over: list[str] = []
        for endpoint in self._endpoints:
            try:
                value, completion = await self._ask_one(endpoint, messages, read)
            except NoAnswer as trouble:
                passed_over.append(f"{endpoint.route.name} {trouble}")
            else:
                return Answered(value, completion, tuple(passed_over))
        raise Unavailable("no model answers: " + "; ".join(passed_over or ["no route is configured"]))

    async def _ask_one(
        self, endpoint: Endpoint, messages: Sequence[Message], read: Callable[[str], T | None]
    ) -> tuple[T, Completion]:
        health = self._health[endpoint.route.name]
        left = health.alone_until - self._clock.now()
        if left > 0:  # 1
            raise NoAnswer(Trouble.ALONE, f"for {-(-left // SECOND)} s more ({health.last})")
        size = worst_case(messages)
        aside = self._budget.set_aside(endpoint.route, size)
        if aside is None:  # 2
            raise NoAnswer(Trouble.SPENT, "for today")
        try:
            completion = await endpoint.ask(messages)
        except NoAnswer as trouble:  # 3
            self._budget.settle(aside, *_least(trouble, size))
            self._failed(health, trouble)
            raise
        health.failures, health.alone_until, health.last = 0, 0, ""
        said = len(completion.text.encode())
        self._budget.settle(
            aside,
            estimate(size) if completion.tokens_in is None else completion.tokens_in,
            estimate(said) if completion.tokens_out is None else completion.tokens_out,
        )
        value = None if completion.cut else read(completion.text)
        if value is None:  # 4
            raise NoAnswer(Trouble.UNFIT, "(cut off)" if completion.cut else "")
        return value, completion

    def _failed(self, health: _Health, trouble: NoAnswer) -> None:
        health.last = str(trouble)
        if not trouble.trouble.pause:
            return
        health.failures += 1
        pause = trouble.wait
        if pause is None:
            pause = max(trouble.trouble.pause, min(trouble.trouble.pause << (health.failures - 1), MAX_PAUSE_SECONDS))
        health.alone_until = self._clock.now() + pause * SECOND

    def standings(self) -> list[Standing]:
        """Returns how each route stands, in their order."""
        now = self._clock.now()
        return [
            Standing(one, self._budget.spent(one.route), max(0, health.alone_until - now), health.last)
            for one in self._endpoints
            for health in [self._health[one.route.name]]
        ]

    def only(self, name: str) -> Chain | None:
        """Returns a chain of the one route with that name, with nothing held against it; None when there is none."""
        chosen = [one for one in self._endpoints if one.route.name == name]
        return Chain(chosen, self._budget, self._clock) if chosen else None


def _least(trouble: NoAnswer, size: int) -> tuple[int, int]:
    """Returns the tokens of a call without an answer: those of its question, where the endpoint may have read it."""
    unread = (Trouble.GONE, Trouble.NO_KEY, Trouble.KEY, Trouble.BUSY, Trouble.ASKED)
    return (0, 0) if trouble.trouble in unread else (estimate(size), 0)
