"""What comes after the lies: Mallory tries again, under another name as well, and friends of hers speak badly of A."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from hansa.demo.world import Resident, World
from hansa.entrypoints.cli.show import table
from hansa.kernel.verdict import Reason

SLANDERERS = 5


def second_life(story: Any, made: World, hub: Resident, a: Resident, b: Resident, mallory: Resident) -> None:
    """Mallory goes on under the old key, and under a new one; both get nowhere."""
    story.title("Mallory tries again: under the old key, then under a new one.")
    again = {"old key": lies(mallory, hub, a), "new key": lies(made.settle("mallory-2"), hub, a)}
    wanted = {"old key": Reason.BARRED.code, "new key": Reason.UNKNOWN_PEER.code}
    for name, told in again.items():
        reasons = {one["reason"] for one in told if one["reason"] != Reason.FORGED.code}
        story.line(f"{name}: the hub takes nothing ({', '.join(sorted(reasons))}).")
        story.expect(reasons == {wanted[name]}, f"Mallory's {name} was answered {sorted(reasons)}")
    rows = []
    for one, said in ((a, "A"), (mallory, "Mallory")):
        value = b.ask("standing.show", id=one.id).value
        rows.append(
            (said, value["rung"], value["reason"].replace("_", " "), value["good"], value["bad"], value["malice"])
        )
    if not story.quiet:
        table(("as B sees them", "rung", "reason", "good", "bad", "malice"), rows, right=("good", "bad", "malice"))
    story.line("The hub proves nothing: its operator has named B a verifier, so B's receipts count there too.")
    story.facts["standing"] = {name: {"rung": rung, "reason": reason} for name, rung, reason, *_ in rows}


def slander(story: Any, made: World, hub: Resident, a: Resident, b: Resident) -> None:
    """Five invited members report, each with a finding that was never made, that a skill of A reaches for files."""
    story.title(f"{SLANDERERS} members say of A what is not so, each with a signed finding that was never made.")
    ring = [made.settle(f"slanderer-{number}") for number in range(1, SLANDERERS + 1)]
    for one in ring:
        hub.ask("peer.set", id=one.id, invited=True, per_minute=6_000)
    before = _standing(a, hub, b)
    command = [sys.executable, "-m", "hansa.demo.slander", hub.url, a.id, *(str(one.home) for one in ring)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    told = json.loads(done.stdout)
    b.ask("sync")
    after = _standing(a, hub, b)
    seen = hub.ask("skill.show", id=told["skill"]).value["refutations"]
    story.line(f"The hub keeps and shows {seen} reports of a skill of A. A's standing, before and after:")
    if not story.quiet:
        rows = [(name, _words(one), _words(after[name])) for name, one in before.items()]
        table(("at", "before", "after"), rows)
    story.expect(seen == SLANDERERS, f"the hub kept {seen} of {SLANDERERS} reports")
    story.expect(before == after, "slander moved somebody")
    story.facts["slander"] = {"reports": seen, "moved": before != after}


def lies(liar: Resident, hub: Resident, victim: Resident) -> list[dict[str, Any]]:
    """Has somebody tell the lies of `demo.mallory`; returns how the hub answered."""
    command = [sys.executable, "-m", "hansa.demo.mallory", str(liar.home), hub.url, victim.id]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    told: list[dict[str, Any]] = json.loads(done.stdout)
    return told


def replay(story: Any, *residents: Resident) -> None:
    """Works every decision out again."""
    for one in residents:
        found = one.ask("replay")
        same = found.value["count"] - found.value["differing"]
        story.line(f"{one.name}: {same} of {found.value['count']} decisions come out the same when replayed.")
        story.expect(found.ok and found.value["count"] > 0, f"{one.name}'s decisions do not come out again")


def _standing(a: Resident, *seen_by: Resident) -> dict[str, dict[str, Any]]:
    shown = {one.name: one.ask("standing.show", id=a.id).value for one in seen_by}
    names = ("rung", "reason", "score", "reputation", "trust", "good", "bad")
    return {name: {each: value[each] for each in names} for name, value in shown.items()}


def _words(value: dict[str, Any]) -> str:
    return f"{value['rung']}, reputation {value['reputation']:.3f}, trust {value['trust']['total']:.3f}"
