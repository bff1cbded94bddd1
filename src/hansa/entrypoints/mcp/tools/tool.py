"""What a tool is, beside its function."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from mcp.types import ToolAnnotations
from pydantic import Field

from hansa.entrypoints.mcp.scopes import Scope

TraceId = Annotated[
    str, Field(pattern=r"^[0-9a-f]{4,64}$", description="A skill's trace_id, or the start of it (from 4 digits on).")
]
WholeTraceId = Annotated[
    str, Field(pattern=r"^[0-9a-f]{64}$", description="The whole trace_id: the decision is for these very bytes.")
]
Limit = Annotated[int, Field(ge=1, le=50, description="How many at the most.")]


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that a model can call.

    Attributes:
        title: its name for people.
        scope: without it a session does not have the tool.
        reads: it changes nothing.
        destructive: what it does can't be taken back.
        idempotent: doing it twice is like doing it once.
        goes_out: it reaches other nodes.
    """

    function: Callable[..., Any]
    title: str
    scope: Scope
    reads: bool = False
    destructive: bool = False
    idempotent: bool = True
    goes_out: bool = False

    @property
    def name(self) -> str:
        """The name by which it is called."""
        return self.function.__name__

    @property
    def description(self) -> str:
        """What a model reads about it."""
        return inspect.cleandoc(self.function.__doc__ or "")

    @property
    def annotations(self) -> ToolAnnotations:
        """Hints for clients, in the words of the protocol."""
        return ToolAnnotations(
            title=self.title,
            read_only_hint=self.reads,
            destructive_hint=self.destructive,
            idempotent_hint=self.idempotent,
            open_world_hint=self.goes_out,
        )
