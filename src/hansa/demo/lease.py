"""B buys proof time from A: an offer, a request, a lease; proofs in A's sandbox, and what both ends note of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hansa.demo.waiting import after, until
from hansa.demo.world import Resident
from hansa.entrypoints.cli.show import short, table
from hansa.starter import skill_files

BOUGHT = ("edit_distance", "luhn_valid", "deep_merge", "percentile")
"""Skills of the starter set that B has proved."""

COMPUTE = "computational_power"


def buys_proof_time(story: Any, a: Resident, b: Resident) -> None:
    """Plays the act.

    Args:
        a: the lender. `b`: the borrower, which has a link to it, and was let in by it.
    """
    story.title("B buys proof time from A: one processor, at 0.06 credits an hour, and no clearing house in between.")
    a.ask("market.offer", resource=COMPUTE, amount="1 core", price="0.06", hours="1")
    b.ask("market.request", resource=COMPUTE, amount="1 core", most="0.1", lasts="10m")
    leased = until(lambda: _lease(b)["state"] == "active" and _lease(a)["state"] == "active")
    story.expect(leased is not None, "no lease came of the offer and the request")
    story.line(f"A offers, B asks. {after(leased)} later the lease is active: A has signed it, and B has taken it.")
    value = _proves(story, b)
    b.ask("market.release", id=_lease(b)["lease"])
    settled = until(lambda: _lease(b)["state"] == "settled" and _lease(a)["state"] == "settled")
    story.expect(settled is not None, f"the lease was not settled: {_lease(b)['state']}, {_lease(a)['state']}")
    story.line(f"B gives the lease back. {after(settled)} later both have signed what it cost:")
    rows = [_row("A", a, b), _row("B", b, a)]
    columns = ("at", "lease", "state", "used (ms)", "cost (millionths)", "is owed", "receipts about the other")
    if not story.quiet:
        table(columns, rows, right=columns[3:])
    story.expect(rows[0][1:5] == rows[1][1:5], f"the two ends differ: {rows}")
    story.expect(rows[0][5] == -rows[1][5] > 0, f"the accounts do not balance: {rows}")
    story.expect(rows[0][6] == rows[1][6] == 1, f"not one receipt at each end: {rows}")
    story.facts["lease"] = {
        "active_seconds": leased, "settled_seconds": settled, "brought": value["brought"], "right": value["right"],
        "used_ms": rows[0][3], "cost": rows[0][4],
    }  # fmt: skip


def _proves(story: Any, b: Resident) -> dict[str, Any]:
    """Has B prove skills on the lease; returns what came of it."""
    files = {Path(path).stem: str(path) for path in skill_files()}
    added = b.ask("skill.add", paths=[files[name] for name in BOUGHT], license="MIT").value["added"]
    done = b.ask("prove", ids=[one["trace_id"] for one in added], leased=True).value
    (value,) = done["leases"] or ({"brought": 0, "answered": 0, "right": 0, "used_ms": 0},)
    counts = ", ".join(f"{number} {key}" for key, number in sorted(done["counts"].items()))
    story.line(
        f"B brings {value['brought']} skills of its own to A. A runs 35 trials of each in its sandbox, and signs what"
        f" came of it: {value['used_ms'] / 1000:.1f} s of a processor."
    )
    story.line(f"B admits nothing on A's word: it runs them itself, and holds both runs together: {counts}.")
    story.expect(value["answered"] == value["brought"] == len(added) > 0, f"A answered {value}")
    story.expect(value["right"] == len(added), f"own trials bore out {value['right']} of {len(added)} results")
    return dict(value)


def _row(name: str, one: Resident, other: Resident) -> tuple[Any, ...]:
    lease = _lease(one)
    owed = {row["peer"]: row["owes"] for row in one.ask("market.accounts").value["balances"]}
    good = one.ask("standing.show", id=other.id).value["good"]
    return (
        name,
        short(lease["lease"]),
        lease["state"],
        lease["used"] // 1000,
        lease["cost"],
        owed.get(other.id, 0),
        good,
    )


def _lease(one: Resident) -> dict[str, Any]:
    found = one.ask("market.leases", all=True).value["leases"]
    return dict(found[0]) if found else {"lease": "", "state": "", "used": 0, "cost": 0}
