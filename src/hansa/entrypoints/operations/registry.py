"""What can be asked of a node, by name, with plain arguments: the one list behind every door.

The command line runs an operation in its own process, or, when a node is up in that data directory, has the node run
it (`http.admin`). Each operation yields `Progress` while it works and ends with one `Result`.

One that changes something, reaches out or runs code says so with `orders`, and is written down in the audit log before
it begins and when it has ended (`entrypoints.audit`): here, so that no door can leave that out.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from typing import Any

import structlog

from hansa.entrypoints.app import App
from hansa.entrypoints.audit import told
from hansa.entrypoints.audit.chain import BROKEN_OFF, DONE, REFUSED
from hansa.entrypoints.audit.told import PROGRAM, Caller
from hansa.entrypoints.errors import problem
from hansa.entrypoints.steps import Progress, Result
from hansa.kernel.errors import HansaError, UsageError

log = structlog.get_logger("hansa")


class Arguments(dict[str, Any]):
    """The arguments of an operation, by name."""

    def __missing__(self, name: str) -> Any:
        """Says which argument was left out."""
        raise UsageError(f"the argument {name} is missing")


Outcome = AsyncGenerator[Progress | Result]
Operation = Callable[[App, Arguments], Outcome]

OPERATIONS: dict[str, Operation] = {}

ORDERS: dict[str, tuple[str, ...]] = {}
"""Of operations that change something: the arguments that the audit log shows. None of them may hold a secret."""


def operation(name: str, orders: str | None = None) -> Callable[[Operation], Operation]:
    """Enters a function in the list under `name`.

    Args:
        orders: where it changes something, reaches out or runs code: the arguments that the audit log shows, with
            blanks between them, maybe none; None where it only looks.
    """

    def enter(function: Operation) -> Operation:
        OPERATIONS[name] = function
        if orders is not None:
            ORDERS[name] = tuple(orders.split())
        return function

    return enter


async def run(app: App, name: str, arguments: Mapping[str, Any], by: Caller = PROGRAM) -> Outcome:
    """Runs an operation.

    Args:
        by: who orders it, for the audit log.

    Raises:
        UsageError: there is no such operation. DiskFull, Unavailable: it would change something and can't be written
            down first; it was not begun. Whatever the operation raises.
    """
    function = OPERATIONS.get(name)
    if function is None:
        raise UsageError(f"there is no operation {name}: the running node may be another version")
    steps = function(app, Arguments(arguments))
    if name in ORDERS and app.audit is not None:
        number = app.audit.order(name, told.arguments(arguments, ORDERS[name]), by)
        steps = _written_down(app, number, name, steps)
    async with aclosing(steps):
        async for step in steps:
            yield step


async def _written_down(app: App, number: int, name: str, steps: Outcome) -> Outcome:
    """Yields what an operation yields; its result once the outcome is written down."""
    last: Result | None = None
    outcome = BROKEN_OFF
    try:
        async with aclosing(steps):
            async for step in steps:
                if isinstance(step, Result):
                    last = step
                else:
                    yield step
        outcome = DONE if last is None or last.ok else REFUSED
    except HansaError as error:
        outcome = problem(error)["reason"]
        raise
    finally:
        _end(app, number, name, outcome, last)
    if last is not None:
        yield last


def _end(app: App, number: int, name: str, outcome: str, last: Result | None) -> None:
    """Writes an outcome; where that fails, what was done stays done, and the order stands there without one."""
    if app.audit is None:
        return
    try:
        app.audit.outcome(number, name, outcome, told.made(last) if last else {})
    except HansaError as error:
        log.error("audit.no_outcome", order=number, why=str(error))
