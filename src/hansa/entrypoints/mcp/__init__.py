"""The door for agents: the Model Context Protocol, over standard input and output or on the node's port.

    scopes     what a session may do; what it may not do is not there for it
    hands      the operations of the node, held to the scopes
    foreign    text of others, marked as such in every answer
    tools/     one module per noun
    skills     Agent Skills over MCP (SEP-2640)
    server     joins them
    clients    writes the configuration of coding agents
    rehearsal  has the door test itself, for `hansa doctor`

The SDK is an extra (`pip install 'hansa[mcp]'`); nothing outside of this folder imports it at start.
"""

from __future__ import annotations

from pathlib import Path


async def self_test(home: Path) -> str:
    """Opens the door for agents as a client would; returns what was seen.

    Raises:
        ImportError: the extra is not installed.
        Unavailable: the server does not come up, does not answer, or lacks a tool.
    """
    from hansa.entrypoints.mcp.rehearsal import rehearsed  # takes the SDK

    return await rehearsed(home)
