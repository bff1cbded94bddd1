"""The overlay: this node's place among the others."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from hansa.entrypoints.mcp.foreign import Answer
from hansa.entrypoints.mcp.hands import Hands
from hansa.entrypoints.mcp.scopes import Scope
from hansa.entrypoints.mcp.tools.tool import Tool


class NetStatus(Answer):
    """The node's place in the overlay; the same as `hansa net status --json`."""

    instance_id: str
    addresses: list[str] = Field(description="Where others can dial this node; empty when it can only dial them.")
    links: int
    members: dict[str, int] = Field(description="How many other nodes are known, by state.")
    records: int = Field(description="Records that travel from here.")
    records_digest: str = Field(description="The same at two nodes that hold the same records.")
    health: dict[str, float] = Field(description="How well the network is, overall and by figure, from 0 to 1.")
    frames: dict[str, int]
    slow_by: int = Field(description="How late this node itself has been lately; 0 is well.")
    words: dict[str, int] = Field(description="What was counted of gossip since the start, by name.")


def tools(hands: Hands) -> Iterator[Tool]:
    """Yields the tools of this noun."""

    async def net_status() -> NetStatus:
        """Show this node's links to others, and how well the network is. It takes a node that is up."""
        return NetStatus(**(await hands.ask("net.status")).value)

    yield Tool(net_status, "Show the network", Scope.READ, reads=True)
