"""The node's operations as a session may use them: each call is held to the session's scopes before it is made."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

from mcp.server.mcpserver.exceptions import ToolError

from hansa.entrypoints import reach
from hansa.entrypoints.audit.told import Caller
from hansa.entrypoints.mcp.scopes import Scope, needed
from hansa.entrypoints.steps import Progress, Result
from hansa.kernel.errors import Busy, HansaError, Refused
from hansa.kernel.plain import plain

Steps = Callable[[str, dict[str, Any]], AsyncIterator[Progress | Result]]
"""Runs an operation, wherever the node is."""

Watch = Callable[[Progress], Awaitable[None]]

PATIENCE_SECONDS = 15.0
"""How long a call waits for its turn when another process has the data directory."""

_PAUSE_SECONDS = 0.1
_MAX_ERROR = 400


class Hands:
    """What one session can do."""

    def __init__(self, steps: Steps, scopes: frozenset[Scope]) -> None:
        """Holds `steps` to `scopes`."""
        self._steps = steps
        self.scopes = scopes

    async def ask(self, operation: str, watch: Watch | None = None, /, **arguments: Any) -> Result:
        """Runs an operation and returns its result.

        Raises:
            ToolError: the session may not do that, or the operation refused; the text says why, and is plain.
        """
        self.check(operation, arguments)
        last = Result({}, ok=False)
        try:
            async for step in self._steps(operation, arguments):
                if isinstance(step, Result):
                    last = step
                elif watch is not None:
                    await watch(step)
        except HansaError as error:
            raise ToolError(told(error)) from None
        return last

    def check(self, operation: str, arguments: dict[str, Any]) -> None:
        """Checks that the session may run an operation.

        Raises:
            ToolError: it may not.
        """
        scope = needed(operation, arguments)
        if scope is None or scope not in self.scopes:
            raise not_allowed(scope)

    async def skill(self, trace_id: str, unproved: bool = False) -> dict[str, Any]:
        """Returns a whole skill.

        Args:
            unproved: also one that is not admitted here, which takes the scope `review`.

        Raises:
            ToolError: it is not admitted, and the session may not see such.
        """
        view = (await self.ask("skill.show", id=trace_id)).value
        if view["state"] != "admitted":
            if Scope.REVIEW not in self.scopes:
                raise ToolError(f"{view['trace_id'][:12]} is not proved here, and this session sees proved skills only")
            if not unproved:
                raise ToolError(f"{view['trace_id'][:12]} is {view['state']}: ask with include_quarantined to see it")
        return view


def not_allowed(scope: Scope | None) -> ToolError:
    """Returns the error for what a session may not do: it tells the person, for the model can't change it."""
    if scope is None:
        return ToolError("no agent session can do that: the person who runs this node can, with the hansa command")
    return ToolError(f"this session lacks the scope {scope}: the person who runs this node gives it, if they want to")


def told(error: HansaError) -> str:
    """Returns an error in one plain line; what a peer may have said in it stands in quotes, at its end."""
    if isinstance(error, Refused):
        said = f' (found: "{plain(error.detail, _MAX_ERROR)}")' if error.detail else ""
        return f"{error.reason.code}: {error.reason.text}{said}"
    return plain(str(error), _MAX_ERROR)


def in_turn(directory: Path, by: Caller | None = None) -> Steps:
    """Returns steps that reach the node of a data directory, one operation at a time.

    Another process that has the directory (a command, another agent's session) is waited for, a while.

    Args:
        by: who the session is, for the audit log.
    """
    turn = asyncio.Lock()

    async def steps(operation: str, arguments: dict[str, Any]) -> AsyncIterator[Progress | Result]:
        loop = asyncio.get_running_loop()
        end = loop.time() + PATIENCE_SECONDS
        async with turn:
            while True:
                try:
                    async for step in reach.steps(directory, operation, arguments, by):
                        yield step
                    return
                except Busy:  # raised before anything is done
                    if loop.time() > end:
                        raise
                    await asyncio.sleep(_PAUSE_SECONDS)

    return steps
