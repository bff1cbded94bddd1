"""Publications: passing a proved skill on, when the operator lets this session."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from hansa.entrypoints.mcp.foreign import Answer, Foreign
from hansa.entrypoints.mcp.hands import Hands
from hansa.entrypoints.mcp.scopes import Scope
from hansa.entrypoints.mcp.tools.tool import Tool, WholeTraceId
from hansa.kernel.plain import plain

DryRun = Annotated[bool, Field(description="Decide and show everything; keep and send nothing.")]


class Gate(Answer):
    """A condition of passing a skill on."""

    gate: str
    passed: bool
    reason: str
    asked: str


class GateText(Foreign):
    """What each gate found in the skill, in the order of the gates."""

    found: list[str]


class Published(Answer):
    """What publishing came to."""

    trace_id: str
    passes_every_gate: bool
    dry_run: bool
    delivered: int
    pending: int
    refused: int
    gates: list[Gate]
    foreign_text: GateText


def tools(hands: Hands) -> Iterator[Tool]:
    """Yields the tools of this noun."""

    async def publish_skill(trace_id: WholeTraceId, dry_run: DryRun = True) -> Published:
        """Sign a proved skill and pass it on to the nodes that this one subscribes to. It can't be unsent.

        Do this only when the person you work for asked for it. By default nothing is sent: you see which gates it
        passes (reasoning path, checks, score, confidence, no secrets, a licence that allows sharing).
        """
        value = (await hands.ask("publish", ids=[trace_id], to=[], dry_run=dry_run)).value
        one = value["publications"][0]
        gates = [
            Gate(gate=gate["gate"], passed=not gate["reason"], reason=gate["reason"], asked=plain(gate["asked"]))
            for gate in one["gates"]
        ]
        return Published(
            trace_id=one["trace_id"],
            passes_every_gate=one["published"],
            dry_run=value["dry_run"],
            delivered=value["delivered"],
            pending=value["pending"],
            refused=value["refused"],
            gates=gates,
            foreign_text=GateText(found=[plain(str(gate["found"])) for gate in one["gates"]]),
        )

    yield Tool(publish_skill, "Publish a skill", Scope.PUBLISH, destructive=True, goes_out=True)
