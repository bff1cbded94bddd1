"""The quarantine: what came from peers and is not proved here, and the operator's word on it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from hansa.entrypoints.mcp.foreign import Answer, Provenance, SkillText, provenance, skill_text
from hansa.entrypoints.mcp.hands import Hands
from hansa.entrypoints.mcp.scopes import Scope
from hansa.entrypoints.mcp.tools.tool import Limit, Tool, WholeTraceId

Why = Annotated[str, Field(max_length=500, description="Kept in the journal, and shown to the operator.")]


class Waiting(Answer):
    """A skill in quarantine."""

    provenance: Provenance
    reason: str
    foreign_text: SkillText


class Quarantine(Answer):
    """What is not proved here."""

    skills: list[Waiting]
    count: int


class Settled(Answer):
    """What became of a skill."""

    trace_id: str
    state: str


def tools(hands: Hands) -> Iterator[Tool]:
    """Yields the tools of this noun."""

    async def list_quarantine(limit: Limit = 20) -> Quarantine:
        """List peers' skills that are not proved here, and those that were refused, oldest first."""
        states = ["quarantined", "refused"]
        value = (await hands.ask("skill.list", states=states, origin="peer", limit=limit)).value
        skills = [
            Waiting(provenance=provenance(one), reason=one["reason"], foreign_text=skill_text(one))
            for one in value["skills"]
        ]
        return Quarantine(skills=skills, count=value["count"])

    async def reject_skill(trace_id: WholeTraceId, why: Why = "") -> Settled:
        """Refuse a skill: it is not used here, and not found."""
        return await _settle(hands, trace_id, why, approve=False)

    async def approve_skill(trace_id: WholeTraceId, why: Why = "") -> Settled:
        """Let a skill be used here without a proof, on the operator's word for these very bytes.

        Do this only when the person you work for has read the skill and said so.
        """
        return await _settle(hands, trace_id, why, approve=True)

    yield Tool(list_quarantine, "List the quarantine", Scope.REVIEW, reads=True)
    yield Tool(reject_skill, "Refuse a skill", Scope.REVIEW, destructive=True)
    yield Tool(approve_skill, "Approve a skill unproved", Scope.ADMIN, destructive=True)


async def _settle(hands: Hands, trace_id: str, why: str, approve: bool) -> Settled:
    note = f"by an agent session: {why}" if why else "by an agent session"
    value = (await hands.ask("quarantine.settle", id=trace_id, approve=approve, why=note)).value
    return Settled(trace_id=value["trace_id"], state=value["state"])
