"""hansa recall at the command line: what it asks for, what it prints, what it ends with."""

from __future__ import annotations

import json
from pathlib import Path

from hansa.identity.envelope import Signed
from hansa.skills.messages import TOMBSTONE, tombstone_body
from tests.attacks.specimens import key
from tests.cli.conftest import Hansa
from tests.node.world import SLUG, multiplier, skill_message, speak

CHILD = multiplier(3, lineage=(SLUG.id,))


def bring(node: Hansa, folder: Path, *messages: Signed) -> None:
    path = folder / "brought"
    path.write_bytes(b"\n".join(one.raw for one in messages))
    assert node("skill", "import", path).code == 0


def skill_by(number: int) -> Signed:
    return skill_message(key(number), SLUG, network="hansa")


def recall_by(number: int) -> Signed:
    return speak(key(number), TOMBSTONE, tombstone_body(SLUG.id, "drops accents", True), network="hansa")


def test_a_recall_wants_a_reason_a_skill_and_a_yes(node: Hansa, tmp_path: Path) -> None:
    bring(node, tmp_path, skill_by(1))
    assert node("recall", SLUG.id[:12]).code == 2
    assert node("recall", SLUG.id[:12], "--why", "").code == 2
    asked = node("recall", SLUG.id[:12], "--why", "wrong")
    assert (asked.code, "--yes" in asked.err) == (2, True)
    assert node("recall", "0" * 12, "--why", "wrong", "--yes").code == 3
    assert node("recall", "--explode").code == 2
    assert "removed" not in node("skill", "list").out


def test_a_recall_says_what_it_holds_and_who_is_told(node: Hansa, tmp_path: Path) -> None:
    bring(node, tmp_path, skill_by(1), skill_message(key(1), CHILD, network="hansa"))
    done = node("recall", SLUG.id[:12], "--why", "drops accents", "--yes")
    assert done.code == 0
    assert "recalled here alone" in done.out
    assert "1 that come from it are held here" in done.out
    shown = node("recall", "status")
    assert (shown.code, "has not" in shown.out) == (0, False), "nobody has it from here"
    assert "drops accents" in shown.out
    assert CHILD.id[:12] in shown.out
    assert "recalled: drops accents" in node("skill", "show", SLUG.id[:12]).out


def test_a_recall_of_somebody_else_is_lifted(node: Hansa, tmp_path: Path) -> None:
    bring(node, tmp_path, skill_by(1), skill_by(2), recall_by(1))
    assert node("recall", "lift", CHILD.id[:12]).code == 3
    shown = node("recall", "status")
    assert (shown.code, "has not" in shown.out) == (1, True), "whoever else passed it on has not said that it is gone"
    (missing,) = json.loads(node("recall", "status", "--json").out)["recalls"][0]["missing"]
    assert missing["instance_id"] == str(key(2).public.did)
    done = node("recall", "lift", SLUG.id[:12], "--why", "read it")
    said = f"{SLUG.id[:12]} is quarantined here; its recall binds here no more"
    assert (done.code, done.out.splitlines()) == (0, [said, f"next: hansa prove {SLUG.id[:12]} --again"])
    assert node("recall", "lift", SLUG.id[:12]).code == 2
    assert node("recall", "status").code == 0


def test_a_proof_of_a_held_skill_says_that_it_stays_held(node: Hansa, tmp_path: Path) -> None:
    bring(node, tmp_path, skill_by(1), skill_message(key(1), CHILD, network="hansa"), recall_by(1))
    done = node("prove", CHILD.id[:12])
    assert "1 proved" in done.out
    assert f"held all the same, for a skill they come from was recalled: {CHILD.id[:12]}" in done.out
    assert node("find", CHILD.intent).code == 1


def test_no_recalls_are_no_error(node: Hansa) -> None:
    shown = node("recall", "status")
    assert (shown.code, shown.out.strip()) == (0, "no recalls")
