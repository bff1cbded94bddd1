"""The tools that agents have, one module per noun; a new noun is a new module with a `tools` function, entered here.

A tool is a plain async function: its name and its docstring are what a model reads, its annotated parameters make the
input schema and its return type the output schema. No description holds anything that came from elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from hansa.entrypoints.mcp.hands import Hands
from hansa.entrypoints.mcp.tools import finding, network, node, proving, publishing, quarantine, recording, reflecting
from hansa.entrypoints.mcp.tools.tool import Tool

MODULES: tuple[Callable[[Hands], Iterator[Tool]], ...] = (
    finding.tools,
    recording.tools,
    proving.tools,
    publishing.tools,
    quarantine.tools,
    reflecting.tools,
    node.tools,
    network.tools,
)


def all_tools(hands: Hands) -> list[Tool]:
    """Returns every tool there is, whether the session may use it or not."""
    return [tool for tools in MODULES for tool in tools(hands)]


def tools_for(hands: Hands) -> list[Tool]:
    """Returns the tools of a session: those that its scopes cover."""
    return [tool for tool in all_tools(hands) if tool.scope in hands.scopes]
