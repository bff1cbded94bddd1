"""What an operation yields while it works and at its end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an operation is: done of total, and what was done last."""

    done: int
    total: int
    label: str


@dataclass(frozen=True, slots=True)
class Result:
    """What an operation came to; `ok` is False when the answer is a no (exit code 1)."""

    value: dict[str, Any]
    ok: bool = True
