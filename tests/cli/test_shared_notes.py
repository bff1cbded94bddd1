"""`hansa reflect share`, `pending`, `approve` and `drop`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.attacks.specimens import key
from tests.cli.conftest import Hansa
from tests.node.world import speak

SAID = "Read dates \u202ewith\u202c fromisoformat \x1b[31m"


def records(folder: Path, *descriptions: str) -> Path:
    made = [
        speak(
            key(number), "reflection", {"outcome": "success", "description": text, "tags": ["dates"]}, network="hansa"
        )
        for number, text in enumerate(descriptions, 1)
    ]
    path = folder / "notes"
    path.write_bytes(b"\n".join(one.raw for one in made))
    return path


def test_a_note_is_shown_before_it_is_shared(node: Hansa) -> None:
    id_ = node("reflect", "add", "success", "Read dates with fromisoformat", "--json").json["id"]
    shown = node("reflect", "share", id_[:8], "--dry-run")
    assert shown.code == 0 and "nothing was sent" in shown.out
    shared = node("reflect", "share", id_[:8], "--json").json
    assert shared["new"] and shared["record"] and shared["to"] == []
    assert "it was shared before" in node("reflect", "share", id_[:8]).out
    assert node("reflect", "share", "ffffffff").code == 3


def test_a_note_with_a_secret_is_refused(node: Hansa) -> None:
    id_ = node("reflect", "add", "success", "log in with ghp_" + "a1B2" * 9, "--json").json["id"]
    said = node("reflect", "share", id_[:8])
    assert said.code == 1 and "ghp_" not in said.err


@pytest.mark.parametrize("word", ["approve", "drop"])
def test_a_note_of_a_peer_waits_for_the_operator(node: Hansa, tmp_path: Path, word: str) -> None:
    assert node("reflect", "pending").out == "no note of a peer waits\n"
    assert node("skill", "import", records(tmp_path, SAID, "Another")).code == 0
    waiting = node("reflect", "pending", "--json").json
    assert waiting["count"] == 2 and waiting["next"] is None
    assert node("reflect", "pending", "--limit", "1", "--json").json["next"] == 1
    text = node("reflect", "pending").out
    assert "\x1b" not in text and "\u202e" not in text and "said by 1, 0 of them known here" in text
    assert node("reflect", "list", "--json").json["count"] == 0
    id_ = waiting["pending"][0]["id"]
    done = node("reflect", word, id_[:8])
    assert done.code == 0 and "\x1b" not in done.out
    assert node("reflect", "list", "--json").json["count"] == (word == "approve")
    assert node("reflect", "pending", "--json").json["count"] == 1
    assert node("reflect", word, id_[:8]).code == 3
    orders = node("audit", "list", "--json").json["orders"]
    assert [one["what"] for one in orders][-2:] == [f"reflection.{word}"] * 2
