"""What people and programs are shown of work on leases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hansa.kernel.ids import ContentId
from hansa.node.borrowed_proofs import Tally


def brought(tallies: Mapping[ContentId, Tally]) -> list[dict[str, Any]]:
    """Returns what was brought to each lease, and what came of it."""
    return [
        {
            "lease": id_, "lender": one.lender, "units": one.units, "brought": one.brought, "answered": one.answered,
            "right": one.right, "doubtful": one.doubtful, "forged": one.forged, "used_ms": one.used_ms,
            "took_ms": one.took_ms, "unanswered": dict(sorted(one.why.items())),
        }
        for id_, one in tallies.items()
    ]  # fmt: skip
