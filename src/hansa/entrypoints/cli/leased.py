"""What `hansa prove --leased` shows of the lenders."""

from __future__ import annotations

from typing import Any

from hansa.entrypoints.cli.show import say, short, table


def show_leases(value: dict[str, Any]) -> None:
    """Prints what was brought to whom, and what came of it; nothing where nothing was to be brought anywhere."""
    leases = value.get("leases")
    if leases is None:
        return
    if not leases:
        say("no lease of processor time that works can be brought to now: proofs run here alone")
        return
    rows = [
        (
            short(one["lease"]), one["lender"], one["units"], one["brought"], one["answered"], one["right"],
            one["doubtful"], one["forged"], f"{one['used_ms'] / 1000:.1f}", _why(one["unanswered"]),
        )
        for one in leases
    ]  # fmt: skip
    columns = (
        "lease",
        "lender",
        "units",
        "brought",
        "answered",
        "right",
        "doubtful",
        "forged",
        "seconds",
        "unanswered",
    )
    table(columns, rows, right=columns[2:9])


def _why(counts: dict[str, int]) -> str:
    return ", ".join(f"{number} {code}" for code, number in counts.items())
