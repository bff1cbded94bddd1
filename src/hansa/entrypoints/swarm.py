r"""Tasks for other nodes, for programs: on a node that this program runs (S1, S2).

    async with MycorrhizalNetworkManager("ann") as ann:
        swarm = Swarm(ann)
        data = {"code": "def f(x):\n    return 2 * x", "entry_point": "f", "calls": ["(21,)"]}
        done = await swarm.delegate_task("python-computation", data)
        done["success"], done["values"]

What comes back is data. Nothing here runs it, and a program that hands it to a model hands on a stranger's words.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hansa.entrypoints.manager import MycorrhizalNetworkManager
from hansa.kernel.errors import HansaError

TIMEOUT_SECONDS = 60.0


class Swarm:
    """Has other nodes do things."""

    def __init__(self, manager: MycorrhizalNetworkManager) -> None:
        """Works with one node."""
        self._manager = manager

    async def delegate_task(
        self, task_type: str, data: Mapping[str, Any], *, timeout_seconds: float = TIMEOUT_SECONDS, **options: Any
    ) -> dict[str, Any]:
        """Has another node do something; returns what `hansa task run --json` prints.

        What goes wrong is told under `success` and `error`, and never raised.

        Args:
            task_type: python-computation, prove-skill or query.
            data: of that kind (`hansa.swarm.tasks`).
            options: to, copies, agree, priority, correlation, expect, work_ms, as of the operation `task.run`.
        """
        given = {**data, **options, "kind": task_type, "within_ms": round(timeout_seconds * 1000)}
        try:
            return (await self._manager.ask("task.run", **given)).value
        except HansaError as error:
            return {"success": False, "error": str(error), "values": [], "state": "refused", "attempts": []}

    async def capabilities(self) -> dict[str, Any]:
        """Returns what this node can, as it was just tried, and what others say that they can."""
        return (await self._manager.ask("capabilities")).value

    async def cancel_task(self, task: str) -> dict[str, Any]:
        """Calls a task off; returns where it stands.

        Raises:
            NotFound, UsageError: no such task, or several.
        """
        return (await self._manager.ask("task.cancel", id=task)).value
