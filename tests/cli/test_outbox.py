"""What waits in the outbox can be seen, given up and tried again; publish says when nothing arrived."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.conftest import Hansa
from tests.cli.test_bad_input import SKILL_FILE
from tests.node.world import SLUG, World

NOWHERE = "http://127.0.0.1:9"
CHECKED = SKILL_FILE.replace("'a-b'", "'a-b'\n    >>> slugify('C')\n    'c'")


@pytest.fixture
def proved(node: Hansa, tmp_path: Path) -> Hansa:
    (tmp_path / "slugify.py").write_text(CHECKED)
    node("skill", "add", tmp_path / "slugify.py")
    assert node("prove").code == 0
    return node


def test_publishing_to_nobody_is_fine_and_to_somebody_who_is_not_there_is_not(proved: Hansa) -> None:
    assert proved("publish").code == 0
    said = proved("publish", "--to", NOWHERE)
    assert said.code == 1
    assert "1 waiting" in said.out
    assert "hansa outbox" in said.out
    assert proved("publish", "--to", NOWHERE, "--dry-run").code == 0


def test_what_waits_can_be_given_up_and_brought_back(proved: Hansa) -> None:
    proved("publish", "--to", NOWHERE)
    [waiting] = proved("outbox", "list", "--json").json["deliveries"]
    assert (waiting["url"], waiting["state"], waiting["reason"]) == (NOWHERE, "pending", "unreachable")
    assert proved("outbox", "drop", waiting["trace_id"][:12]).code == 0
    assert proved("outbox", "list", "--json").json["count"] == 0
    assert proved("outbox", "list", "--state", "dropped", "--json").json["count"] == 1
    assert "given up by the operator" in proved("why", waiting["trace_id"][:12]).out
    assert proved("status", "--json").json["outbox"] == 0
    assert proved("outbox", "retry", "--to", NOWHERE).code == 1
    assert proved("outbox", "list", "--json").json["count"] == 1


def test_every_try_is_counted_those_that_were_asked_for_too(proved: Hansa) -> None:
    proved("publish", "--to", NOWHERE)
    for tries in (2, 3):
        proved("outbox", "retry", "--all")
        assert [one["tries"] for one in proved("outbox", "list", "--json").json["deliveries"]] == [tries]


def test_publishing_again_says_what_was_published_already(proved: Hansa) -> None:
    assert "1 published, 0 stay here" in proved("publish").out
    assert "1 published (0 new, 1 already), 0 stay here" in proved("publish").out


def test_what_stands_in_the_feed_is_told_to_whoever_pulls(proved: Hansa) -> None:
    proved("publish")
    id_ = proved("skill", "list", "--json").json["skills"][0]["trace_id"]
    said = proved("skill", "remove", id_)
    assert (said.code, "say --yes" in said.sentence) == (2, True)
    assert proved("skill", "show", id_, "--json").json["state"] == "admitted"
    assert "to be told: whoever pulls from this node" in proved("skill", "remove", id_, "--yes").out


def test_what_never_left_is_told_to_nobody(proved: Hansa) -> None:
    id_ = proved("skill", "list", "--json").json["skills"][0]["trace_id"]
    assert "to be told: nobody" in proved("skill", "remove", id_, "--yes").out


@pytest.mark.parametrize(
    ("words", "code"),
    [(("drop",), 2), (("retry",), 2), (("drop", "--all"), 3), (("drop", "abcdef"), 3), (("list", "--state", "x"), 2)],
)
def test_what_makes_no_sense(node: Hansa, words: tuple[str, ...], code: int) -> None:
    assert node("outbox", *words).code == code


async def test_one_that_is_given_up_while_it_is_tried_stays_given_up(tmp_path: Path) -> None:
    world = World(tmp_path)
    try:
        a, hub = world.settle("a"), world.settle("hub", "hub")
        world.table.teach(SLUG)
        world.net.down.add(hub.url)
        await a.publish(SLUG, hub)
        caller = a.node.core.caller
        tried = caller.post

        async def meanwhile(url: str, path: str, body: bytes):
            await a.node.outbox.drop(a.node.outbox.rows(["pending"]))
            return await tried(url, path, body)

        caller.post = meanwhile  # type: ignore[method-assign]
        assert [one async for one in a.node.publisher.deliver()]
        assert a.store.outbox("pending") == []
        assert len(a.store.outbox("dropped")) == 1
    finally:
        world.close()


# ---- what newcomers stumbled over


def test_gates_that_keep_many_in_are_named_once(node: Hansa, tmp_path: Path) -> None:
    for number in range(4):
        text = CHECKED.replace("License: MIT\n", "").replace("Turn a title", f"Turn title {number}")
        (tmp_path / f"skill{number}.py").write_text(text)
        node("skill", "add", tmp_path / f"skill{number}.py")
    node("prove")
    said = node("publish")
    assert "0 published, 4 stay here" in said.out
    [line] = [line for line in said.out.splitlines() if "keeps 4" in line]
    assert "licen" in line
    assert len(re.findall(r"\b[0-9a-f]{12}\b", line)) == 4


def test_nothing_to_prove_says_what_can_be_done(node: Hansa, tmp_path: Path) -> None:
    bare = re.sub(r"    >>> .*\n    .*\n", "", SKILL_FILE)
    (tmp_path / "bare.py").write_text(bare)
    node("skill", "add", tmp_path / "bare.py")
    said = node("prove")
    assert "nothing to prove" in said.out
    assert "1 in quarantine have no checks" in said.out
    assert "hansa quarantine approve" in said.out


def test_execute_without_arguments_says_what_it_found(proved: Hansa) -> None:
    said = proved("execute", "turn a title into a slug")
    assert "give --args to call it" in said.out
    assert said.err.startswith("fits ")
    assert proved("reflect", "list").out.startswith("no notes yet")


@pytest.mark.parametrize("width", [60, 80, 110])
def test_tables_fit_the_screen_and_say_what_is_left_out(proved: Hansa, monkeypatch, width: int) -> None:
    from rich.console import Console

    from hansa.entrypoints.cli import show

    proved("peer", "add", "did:key:z6MktwupdmLXVVqTzCw4i46r4uGyosGXRnR3XjN4Zq7oMMsw")
    monkeypatch.setattr(show, "console", lambda: Console(width=width, highlight=False))
    for words in (("skill", "list"), ("peer", "list"), ("ledger", "list"), ("find", "slug", "--all")):
        said = proved(*words)
        assert max((len(line.rstrip()) for line in said.out.splitlines()), default=0) <= width, said.out
        head = said.out.splitlines()[0]
        if width == 60 and words == ("skill", "list"):
            assert "intent" in head
            assert "no room for" in said.out


def test_long_lines_hang_under_their_first_word(monkeypatch, capsys) -> None:
    from rich.console import Console

    from hansa.entrypoints.cli import show

    monkeypatch.setattr(show, "console", lambda: Console(width=50, highlight=False))
    monkeypatch.setattr(show.sys.stdout, "isatty", lambda: True, raising=False)
    show.hanging("  ✓ send         ", "a word and another " * 8)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) > 3
    assert all(line.startswith(" " * 17 + "a") or line[17:] for line in lines[1:])
    assert all(line[:17] == " " * 17 for line in lines[1:])
    assert max(map(len, lines)) <= 50
