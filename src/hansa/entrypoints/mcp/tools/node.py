"""The node: its counts, and the story of one skill."""

from __future__ import annotations

from collections.abc import Iterator

from mcp.server.mcpserver.exceptions import ToolError
from pydantic import Field

from hansa.entrypoints.mcp.foreign import Answer, Foreign
from hansa.entrypoints.mcp.hands import Hands
from hansa.entrypoints.mcp.scopes import Scope
from hansa.entrypoints.mcp.tools.tool import Tool, TraceId
from hansa.kernel.plain import plain


class Status(Answer):
    """The node's counts."""

    instance_id: str
    role: str
    sandbox: str = Field(description="The layers that proofs run in; empty when there is none.")
    skills: dict[str, int] = Field(description="How many skills there are, by state.")
    own: int
    records_in_feed: int = Field(description="What this node passes on: skills, findings, receipts, who signs for it.")
    waiting: int = Field(description="Peers' skills that were not tried yet.")
    peers: int
    subscriptions: int
    this_session_may: list[str]


class Box(Answer):
    """One station on a skill's way through the node."""

    box: str
    state: str


class StoryText(Foreign):
    """What the skill is for, and what was noted at each station, in their order."""

    what: str
    notes: list[str]


class Story(Answer):
    """What happened to a skill."""

    trace_id: str
    stopped_at: str
    boxes: list[Box]
    foreign_text: StoryText


def tools(hands: Hands) -> Iterator[Tool]:
    """Yields the tools of this noun."""

    async def node_status() -> Status:
        """Show this node's counts, and what this session may do."""
        value = (await hands.ask("status")).value
        return Status(
            instance_id=value["instance_id"],
            role=value["role"],
            sandbox=value["sandbox"] or "",
            skills=value["skills"],
            own=value["own"],
            records_in_feed=value["feed"]["length"],
            waiting=value["waiting"],
            peers=value["peers"],
            subscriptions=value["subscriptions"],
            this_session_may=sorted(hands.scopes),
        )

    async def why(trace_id: TraceId) -> Story:
        """Tell what happened to a skill here: each station it passed, where it was stopped, and for what reason."""
        shown = (await hands.ask("skill.show", id=trace_id)).value
        if shown["origin"] != "own" and shown["state"] != "admitted" and Scope.REVIEW not in hands.scopes:
            raise ToolError(f"{shown['trace_id'][:12]} is not proved here, and this session sees proved skills only")
        value = (await hands.ask("why", id=shown["trace_id"])).value
        return Story(
            trace_id=value["id"],
            stopped_at=value["stopped_at"],
            boxes=[Box(box=line["box"], state=line["state"]) for line in value["lines"]],
            foreign_text=StoryText(what=plain(value["what"]), notes=[plain(line["text"]) for line in value["lines"]]),
        )

    yield Tool(node_status, "Show the node", Scope.READ, reads=True)
    yield Tool(why, "Tell a skill's story", Scope.READ, reads=True)
