"""After a restore: `status`, `sync` and `store repair` say what is waited for, and what ends it."""

from __future__ import annotations

from pathlib import Path

import pytest

from hansa.entrypoints.cli.restored import waits
from tests.cli.conftest import Hansa, Up

GO_ON = "hansa store repair --go-on ends it"
KNOWN = [f"did:key:z6Mk{rest}" for rest in (
    "pTHR8VNsBxYAAWHut2Geadd9jSwuBV8xRoAnwWsdvktH", "iTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp",
)]  # fmt: skip


@pytest.fixture
def restored(node: Hansa, home: Path, tmp_path: Path) -> Hansa:
    """Gives `hansa` for a node that was just restored and knows nobody."""
    assert node("store", "backup", tmp_path / "backup").code == 0
    assert node("store", "restore", tmp_path / "backup").code == 0
    return node


@pytest.mark.parametrize(
    ("known", "told"),
    [
        (0, f"There is no source to ask, and no known peer where 2 must answer: {GO_ON}"),
        (1, f"There is no source to ask, and 1 known peer where 2 must answer: {GO_ON}"),
        (2, f"before 2 of 2 known peers have answered (0 so far): hansa up asks them; {GO_ON} without"),
    ],
)
def test_each_command_says_how_many_must_answer_and_what_ends_it(restored: Hansa, known: int, told: str) -> None:
    for one in KNOWN[:known]:
        assert restored("peer", "add", one).code == 0
    assert told in restored("status").out
    repair = restored("store", "repair")
    assert (repair.code, told in repair.out) == (1, True)
    shown = restored("status", "--json").json["restored"]
    assert shown == {"sources": 0, "known": known, "needed": 2, "answered": 0, "only_by_hand": known < 2}
    assert restored("store", "repair", "--go-on").code == 0
    assert restored("status", "--json").json["restored"] is None
    assert "restored" not in restored("status").out


def test_with_sources_they_are_what_is_waited_for() -> None:
    value = {"sources": 1, "known": 1, "needed": 2, "answered": 0, "only_by_hand": False}
    head = "restored: nothing new is signed before your source has answered: hansa sync asks"
    assert waits(value) == f"{head}; {GO_ON} without"
    assert "all your 3 sources have" in waits(value | {"sources": 3})
    assert waits(None) == ""


def test_news_may_be_told_meanwhile_and_the_answer_says_why(restored: Hansa, home: Path) -> None:
    made = Up(home)
    try:
        said = restored("net", "tell", "of_my_own", "word=hello")
        assert said.code == 0
        assert said.out.splitlines()[1].startswith("(restored: news is kept nowhere and may be told; what lasts waits")
        assert "- " in restored("net", "health").out
        assert restored("store", "repair", "--go-on").code == 0
        assert "restored" not in restored("net", "tell", "of_my_own", "word=hello").out
    finally:
        made.stop()


def test_a_node_alone_is_told_to_link_and_nothing_else(up: Up, hansa: Hansa) -> None:
    lines = {line.split()[0]: line.split(maxsplit=2) for line in hansa("net", "health").out.splitlines() if line}
    assert lines["connectivity"][1] == "0.00" and "hansa net connect URL" in lines["connectivity"][2]
    for name in ("redundancy", "latency", "throughput", "utilisation", "trust", "flow", "balance"):
        assert [one.strip() for one in lines[name]] == [name, "-"]
