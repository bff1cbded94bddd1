"""Life cycles as tables: every legal move is a line, all others are refused and change nothing."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from hansa.kernel.errors import UsageError

S = TypeVar("S", bound=StrEnum)
T = TypeVar("T", bound=StrEnum)


def moved(table: Mapping[tuple[S, T], S], state: S, trigger: T, refusal: str) -> S:
    """Returns the state after a trigger.

    Args:
        refusal: what to say of a move that is not in the table, with {state} and {trigger}.

    Raises:
        UsageError: the move is not in the table.
    """
    after = table.get((state, trigger))
    if after is None:
        raise UsageError(refusal.format(state=state, trigger=trigger))
    return after
