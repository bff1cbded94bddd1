"""Traces: an agent writes down what it just did."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import Field

from hansa.entrypoints.mcp.foreign import Answer
from hansa.entrypoints.mcp.hands import Hands
from hansa.entrypoints.mcp.scopes import Scope
from hansa.entrypoints.mcp.tools.tool import Tool
from hansa.kernel.plain import plain


class CaseGiven(Answer):
    """A call and what it must return, both as Python literals."""

    args: str = Field(max_length=20_000, description="""Arguments as a tuple: "('Hello World',)".""")
    expect: str = Field(max_length=20_000, description="""The value: "'hello-world'".""")


class Recorded(Answer):
    """What was kept."""

    trace_id: str
    new: bool = Field(description="False when the very same skill was here already.")
    notes: list[str]
    next_step: str


Intent = Annotated[
    str, Field(min_length=4, max_length=4_000, description="What it is for, in the words of someone who needs it.")
]
Steps = Annotated[list[str], Field(max_length=200, description="How you got there, one step each, in order.")]
ResultText = Annotated[
    str, Field(min_length=1, max_length=180_000, description="The code (one Python module) or the document.")
]
EntryPoint = Annotated[str, Field(max_length=128, description="For code: the function that cases call.")]
SHAPE_OF_CASES = """[{"args": "('Hello World',)", "expect": "'hello-world'"}]"""
GivenCases = Annotated[
    list[CaseGiven],
    Field(
        max_length=200,
        description="Checks as data, the best kind: calls of entry_point, each with its arguments as a tuple and the"
        f" value that it must return, both as text of Python literals: `{SHAPE_OF_CASES}`.",
    ),
]
GivenScripts = Annotated[
    list[Annotated[str, Field(max_length=100_000)]],
    Field(max_length=100, description="Checks as Python source that runs after the code, and passes by not raising."),
]
Licence = Annotated[str, Field(max_length=64, description="SPDX id, e.g. MIT. Without one it is never passed on.")]
Tags = Annotated[list[str], Field(max_length=32)]
Lineage = Annotated[
    list[Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]],
    Field(max_length=64, description="Whole trace_ids of the skills that you made this from."),
]


def tools(hands: Hands) -> Iterator[Tool]:
    """Yields the tools of this noun."""

    async def record_trace(
        intent: Intent,
        reasoning_steps: Steps,
        result: ResultText,
        entry_point: EntryPoint = "",
        cases: GivenCases | None = None,
        check_scripts: GivenScripts | None = None,
        license: Licence = "",
        tags: Tags | None = None,
        lineage: Lineage | None = None,
    ) -> Recorded:
        """Write down what you just did, so that you and others need not work it out again.

        Record a solution that generalises: a function with a clear intent, the steps that led to it, and checks that
        would fail if it were wrong. It is kept on this node alone, unproved; call prove_skill next. Without checks it
        can't be proved. Keep secrets, names of people and paths of this machine out of it.
        """
        record: dict[str, Any] = {
            "intent": intent,
            "reasoning_path": reasoning_steps,
            "result": {"text": result, "entry_point": entry_point},
            "checks": [one.model_dump() for one in cases or []] + list(check_scripts or []),
            "license": license,
            "tags": tags or [],
            "lineage": lineage or [],
        }
        value = (await hands.ask("skill.record", record=record)).value
        return Recorded(
            trace_id=value["trace_id"],
            new=value["new"],
            notes=[plain(note) for note in value["notes"]],
            next_step="prove_skill" if cases or check_scripts else "none: without checks it can't be proved",
        )

    yield Tool(record_trace, "Record what was done", Scope.RECORD)
