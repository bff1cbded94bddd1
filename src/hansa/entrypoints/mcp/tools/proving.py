"""Proofs: running a skill's checks in the sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from mcp.server.mcpserver import Context
from pydantic import Field

from hansa.entrypoints.mcp.foreign import Answer, Foreign
from hansa.entrypoints.mcp.hands import Hands, not_allowed
from hansa.entrypoints.mcp.scopes import Scope
from hansa.entrypoints.mcp.tools.tool import Tool, TraceId
from hansa.entrypoints.steps import Progress
from hansa.kernel.plain import plain
from hansa.kernel.verdict import Reason

Trials = Annotated[int, Field(ge=1, le=1_000, description="Fresh runs. Passing it on later asks for 35 good ones.")]


class ProofText(Foreign):
    """What the run said of itself, and what the skill is for."""

    intent: str
    detail: str


class Proved(Answer):
    """What a proof came to."""

    trace_id: str
    outcome: str = Field(description="pass, fail, inconclusive, or none when there was nothing to run.")
    reason: str = Field(description="Code of why it is no pass.")
    state: str
    trials: int
    successes: int
    checks_passed: int
    checks_total: int
    wall_ms: float
    foreign_text: ProofText


def tools(hands: Hands) -> Iterator[Tool]:
    """Yields the tools of this noun."""

    async def prove_skill(trace_id: TraceId, ctx: Context, trials: Trials = 35) -> Proved:
        """Run a skill's checks in the sandbox and write down what they came to.

        A skill of this node that passes is admitted: find_skill finds it from then on. Progress is reported while it
        runs. The sandbox has no network and no files.
        """
        shown = (await hands.ask("skill.show", id=trace_id)).value
        if shown["origin"] != "own" and shown["state"] != "admitted" and Scope.REVIEW not in hands.scopes:
            raise not_allowed(Scope.REVIEW)
        if shown["reason"] == Reason.OPERATOR.code and Scope.ADMIN not in hands.scopes:
            raise not_allowed(Scope.ADMIN)  # a person has refused it

        async def watch(step: Progress) -> None:
            await ctx.report_progress(step.done, step.total, f"{step.done} of {step.total} proved")

        await ctx.report_progress(0, 1, "running its checks")
        value = (await hands.ask("prove", watch, ids=[shown["trace_id"]], trials=trials)).value
        return _proved(shown, next(iter(value["proofs"]), None))

    yield Tool(prove_skill, "Prove a skill", Scope.PROVE, idempotent=False)


def _proved(shown: dict[str, Any], proof: dict[str, Any] | None) -> Proved:
    found = proof or {"outcome": "none", "reason": "no_checks", "state": shown["state"], "detail": ""}
    return Proved(
        trace_id=shown["trace_id"],
        outcome=found["outcome"],
        reason=found["reason"],
        state=found["state"],
        trials=found.get("trials", 0),
        successes=found.get("successes", 0),
        checks_passed=found.get("passed", 0),
        checks_total=found.get("total", 0),
        wall_ms=found.get("wall_ms", 0.0),
        foreign_text=ProofText(intent=plain(shown["intent"]), detail=plain(found["detail"])),
    )
