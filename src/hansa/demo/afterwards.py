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


def recall(story: Any, hub: Resident, a: Resident, b: Resident) -> None:
    """A recalls a skill from which B has made one of its own; B's node hears of it, holds its own one, and says so."""
    story.title("A recalls a skill. B has a copy of it, and a skill of its own that is made from it.")
    parent = b.ask("find", intent="turn a title into a URL slug", limit=1).value["skills"][0]
    derivative = _derived(b, parent["trace_id"])
    a.ask("subscribe", url=hub.url)
    told = a.ask("recall", id=parent["trace_id"], why="it forgets accents").value
    b.ask("sync")
    a.ask("sync")
    rows = []
    for name, node, id_ in (("copy", hub, parent["trace_id"]), ("copy", b, parent["trace_id"]), ("own", b, derivative)):
        value = node.ask("skill.show", id=id_).value
        rows.append((node.name, name, value["state"], value["reason"].replace("_", " ")))
    again = b.ask("prove", ids=[derivative]).value["proofs"][0]["state"]
    (status,) = a.ask("recall.status", id=parent["trace_id"]).value["recalls"]
    if not story.quiet:
        table(("at", "what", "state", "reason"), rows)
    heard = {one["instance_id"] for one in status["acknowledged"]}
    story.line(f"No proof lets B's own one out again ({again}): B's operator has to look at it.")
    story.line(f"{len(heard)} holders have acknowledged it to A, {len(status['missing'])} have not.")
    story.expect([row[2] for row in rows] == ["removed", "removed", "quarantined"], f"the recall led to {rows}")
    story.expect(again == "quarantined", f"a proof let a held skill out: {again}")
    story.expect(b.id in heard, "B did not acknowledge the recall")
    story.facts["recall"] = {"told": told["told"], "acknowledged": len(heard), "missing": len(status["missing"])}


def _derived(b: Resident, parent: str) -> str:
    """Has B make a skill of its own from another; returns its id."""
    made = {
        "intent": "Turn a title into a file name.",
        "reasoning_path": ["Make a slug of it, and add the ending."],
        "result": {"text": _FILE_NAME, "entry_point": "file_name", "media_type": "text/x-python"},
        "checks": [{"args": "('Hello World',)", "expect": "'hello-world.txt'"}],
        "license": "MIT",
        "lineage": [parent],
    }
    path = b.home / "file_name.jsonl"
    path.write_text(json.dumps(made) + "\n", encoding="utf-8")
    (added,) = b.ask("skill.add", paths=[str(path)]).value["added"]
    b.ask("prove", ids=[added["trace_id"]])
    return str(added["trace_id"])


_FILE_NAME = "def file_name(title):\n    return '-'.join(title.lower().split()) + '.txt'\n"


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
