"""What can be asked of a node, by name, with plain arguments: the one list behind every door.

The command line runs an operation in its own process, or, when a node is up in that data directory, has the node run
it (`http.admin`). Each operation yields `Progress` while it works and ends with one `Result`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from hansa.entrypoints.app import App
from hansa.entrypoints.steps import Progress, Result
from hansa.kernel.errors import UsageError


class Arguments(dict[str, Any]):
    """The arguments of an operation, by name."""

    def __missing__(self, name: str) -> Any:
        """Says which argument was left out."""
        raise UsageError(f"the argument {name} is missing")


Outcome = AsyncIterator[Progress | Result]
Operation = Callable[[App, Arguments], Outcome]

OPERATIONS: dict[str, Operation] = {}


def operation(name: str) -> Callable[[Operation], Operation]:
    """Enters a function in the list under `name`."""

    def enter(function: Operation) -> Operation:
        OPERATIONS[name] = function
        return function

    return enter


async def run(app: App, name: str, arguments: Mapping[str, Any]) -> Outcome:
    """Runs an operation.

    Raises:
        UsageError: there is no such operation. Whatever the operation raises.
    """
    function = OPERATIONS.get(name)
    if function is None:
        raise UsageError(f"there is no operation {name}: the running node may be another version")
    async for step in function(app, Arguments(arguments)):
        yield step
