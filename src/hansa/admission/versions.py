"""Protocol versions (H12): which ones are spoken here, and which one two nodes choose."""

from __future__ import annotations

from collections.abc import Iterable

from hansa.kernel.errors import Refused
from hansa.kernel.verdict import Reason

SUPPORTED = ("1.0",)
"""Versions this node speaks, best last."""


def negotiate(theirs: Iterable[str], ours: Iterable[str] = SUPPORTED) -> str:
    """Returns the highest version that both sides speak.

    Raises:
        Refused: BAD_VERSION, naming both sides' versions, when there is none.
    """
    offered, spoken = set(theirs), set(ours)
    common = sorted(offered & spoken, key=_order)
    if not common:
        raise Refused(Reason.BAD_VERSION, f"offered {_list(offered)}, spoken here {_list(spoken)}")
    return common[-1]


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(part) if part.isdigit() else 0 for part in version.split("."))


def _list(versions: set[str]) -> str:
    return ", ".join(sorted(version[:16] for version in versions)) or "none"
