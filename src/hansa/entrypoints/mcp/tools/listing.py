"""The tools as data, for `hansa mcp tools` and the reference."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from hansa.entrypoints.mcp.hands import Hands
from hansa.entrypoints.mcp.scopes import EVERYTHING
from hansa.entrypoints.mcp.tools import all_tools
from hansa.entrypoints.steps import Progress, Result


def listed() -> list[dict[str, Any]]:
    """Returns every tool: name, title, scope, description, hints and both schemas, as a client sees them."""
    from hansa.entrypoints.mcp.server import assemble

    hands = Hands(nothing, EVERYTHING)
    scopes = {tool.name: tool.scope.value for tool in all_tools(hands)}
    shown = asyncio.run(assemble(hands).list_tools())
    return [{"scope": scopes[one.name], **one.model_dump(mode="json", by_alias=True, exclude_none=True)}
            for one in shown]  # fmt: skip


async def nothing(_: str, __: dict[str, Any]) -> AsyncIterator[Progress | Result]:
    """Stands for a node where none is needed: every operation comes to nothing."""
    yield Result({}, ok=False)
