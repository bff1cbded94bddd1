"""The door for agents tests itself: it is opened as a client opens it, and asked what it offers.

No tool is called, so that nothing in the data directory changes: the protocol's greeting, then the list of tools.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from mcp.client.stdio import StdioServerParameters, stdio_client

from hansa.entrypoints.mcp import clients
from hansa.entrypoints.mcp.hands import Hands
from hansa.entrypoints.mcp.scopes import AGENT
from hansa.entrypoints.mcp.tools import tools_for
from hansa.entrypoints.mcp.tools.listing import nothing
from hansa.kernel.errors import Unavailable
from mcp import Client

SECONDS = 30.0
"""How long the server may take to come up and to answer."""


async def rehearsed(directory: Path) -> str:
    """Starts the very command that `hansa mcp install` writes down, greets it, and holds its tools against ours.

    Returns:
        What was seen, for people.

    Raises:
        Unavailable: it does not come up, does not answer in time, or lacks a tool.
    """
    try:
        async with asyncio.timeout(SECONDS):
            found = await _offered(directory)
    except TimeoutError:
        raise Unavailable(f"no answer within {SECONDS:.0f} s: run hansa mcp, and see what it says") from None
    except Exception:  # of the SDK, or a group of them: the server ended before it answered
        raise Unavailable("does not come up: run hansa mcp, and see what it says") from None
    if missing := sorted({tool.name for tool in tools_for(Hands(nothing, AGENT))} - found):
        raise Unavailable(f"lacks {', '.join(missing)}: install Hansa anew")
    return f"answers a client on standard input and output, with {len(found)} tools"


async def _offered(directory: Path) -> set[str]:
    """Returns the names of the tools that a client gets; what the server says on standard error is left out."""
    entry = clients.entry(directory, (), typed=False)
    command = StdioServerParameters(command=entry["command"], args=entry["args"], env={**os.environ, **entry["env"]})
    with Path(os.devnull).open("w", encoding="utf-8") as unread:
        async with Client(stdio_client(command, errlog=unread)) as client:
            return {tool.name for tool in (await client.list_tools()).tools}
