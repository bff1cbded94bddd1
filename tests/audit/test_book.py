"""The audit log as a file: its chain, what breaks it, what a crash leaves, and how it is put aside."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansa.entrypoints.audit import book, chain, told
from hansa.entrypoints.audit.book import Book
from hansa.entrypoints.audit.told import Caller, called
from hansa.entrypoints.steps import Result
from hansa.kernel.errors import DiskFull, Unavailable, UsageError

ME = Caller(user="ann")
TEXTS = st.text(st.characters(codec="utf-8"), max_size=300)


def opened(home: Path, **options: int) -> Book:
    return Book(home, lambda: 1_000, **options)


def filled(home: Path, orders: int = 3, **options: int) -> Book:
    made = opened(home, **options)
    for number in range(orders):
        order = made.order("peer.set", {"id": f"peer {number}"}, ME)
        made.outcome(order, "peer.set", "done", {})
    return made


def verdict(home: Path, noted: str = "") -> chain.Verdict:
    return chain.verify(book.lines(home), noted)


def changed(home: Path, change: Callable[[list[bytes]], list[bytes]]) -> chain.Verdict:
    """Changes the lines of the log, and verifies it."""
    path = home / book.NAME
    path.write_bytes(b"".join(change(path.read_bytes().splitlines(keepends=True))))
    return verdict(home)


def test_what_was_written_down_holds(tmp_path: Path) -> None:
    head = filled(tmp_path).head
    found = verdict(tmp_path, head)
    assert found.ok and (found.entries, found.first, found.last, found.head) == (6, 1, 6, head)
    assert found.noted and not found.unanswered and not found.torn
    assert (tmp_path / book.NAME).stat().st_mode & 0o777 == 0o600


def test_another_process_goes_on_where_the_last_one_ended(tmp_path: Path) -> None:
    for _ in range(3):
        filled(tmp_path, 1)
    assert verdict(tmp_path).ok and verdict(tmp_path).last == 6


@pytest.mark.parametrize("at", range(6))
def test_a_line_that_is_changed_taken_out_doubled_or_moved_is_named(tmp_path: Path, at: int) -> None:
    filled(tmp_path)
    whole = (tmp_path / book.NAME).read_bytes()
    last = at == 5
    ways: list[tuple[Callable[[list[bytes]], list[bytes]], int]] = [
        (lambda all_: [*all_[:at], all_[at].replace(b"peer.set", b"peer.get"), *all_[at + 1 :]], at + 1),
        (lambda all_: [*all_[:at], all_[at].replace(b'"at":1000', b'"at":1001'), *all_[at + 1 :]], at + 1),
        (lambda all_: [*all_[: at + 1], all_[at], *all_[at + 1 :]], at + 2),
        (lambda all_: [*all_[:at], b"{}\n", *all_[at + 1 :]], at + 1),
        (lambda all_: [*all_[:at], b"x" * 40_000 + b"\n", *all_[at + 1 :]], at + 1),
    ]
    if 0 < at < 5:
        ways.append((lambda all_: [*all_[:at], *all_[at + 1 :]], at + 1))
    if not last:
        ways.append((lambda all_: [*all_[:at], all_[at + 1], all_[at], *all_[at + 2 :]], at + (2 if at == 0 else 1)))
    for change, place in ways:
        (tmp_path / book.NAME).write_bytes(whole)
        found = changed(tmp_path, change)
        assert not found.ok and found.wrong == f"{book.NAME}:{place}", place


def test_a_line_that_was_sealed_anew_does_not_fit_the_next_one(tmp_path: Path) -> None:
    filled(tmp_path)

    def forge(all_: list[bytes]) -> list[bytes]:
        one = chain.read(all_[2][:-1])
        assert isinstance(one, chain.Entry)
        other = chain.Entry(one.number, one.at, one.kind, "peer.remove", one.by, one.given, one.before).sealed()
        return [*all_[:2], other.line(), *all_[3:]]

    found = changed(tmp_path, forge)
    assert found.wrong == f"{book.NAME}:4" and "does not follow" in found.why


def test_a_head_that_was_noted_shows_a_cut_and_a_log_that_was_written_anew(tmp_path: Path) -> None:
    head = filled(tmp_path).head
    assert changed(tmp_path, lambda all_: all_[:-1]).ok  # by itself a cut end does not show
    assert not verdict(tmp_path, head).ok
    (tmp_path / book.NAME).unlink()
    opened(tmp_path).order("peer.remove", {}, ME)
    filled(tmp_path, 4)
    found = verdict(tmp_path, head)
    assert not found.ok and not found.wrong and found.noted is False


@pytest.mark.parametrize("left", [1, 7, 100])
def test_what_a_crash_left_of_a_line_is_taken_away_and_said(tmp_path: Path, left: int) -> None:
    filled(tmp_path)
    path = tmp_path / book.NAME
    line = path.read_bytes().splitlines(keepends=True)[-1]
    with path.open("ab") as file:
        file.write(line[:left])
    assert verdict(tmp_path).ok and verdict(tmp_path).torn
    filled(tmp_path, 1)
    found = verdict(tmp_path)
    assert found.ok and not found.torn and found.last == 9
    mended = [one for _, line in book.lines(tmp_path) if isinstance(one := chain.read(line[:-1]), chain.Entry)][6]
    assert (mended.kind, mended.given) == (chain.MENDED, {"bytes": left})


def test_nothing_follows_from_a_last_line_that_does_not_hold(tmp_path: Path) -> None:
    filled(tmp_path)
    changed(tmp_path, lambda all_: [*all_[:-1], all_[-1].replace(b"done", b"none")])
    with pytest.raises(Unavailable, match="does not hold"):
        filled(tmp_path, 1)


def test_an_order_without_an_outcome_is_named(tmp_path: Path) -> None:
    made = filled(tmp_path, 1)
    number = made.order("key.revoke", {}, ME)
    assert verdict(tmp_path).ok and verdict(tmp_path).unanswered == {number: "key.revoke"}


def test_a_log_is_put_aside_and_its_chain_goes_on(tmp_path: Path) -> None:
    filled(tmp_path, 40, rotated_at=2_000, kept=100)
    files = book.files(tmp_path)
    assert len(files) > 5 and files[-1].name == book.NAME
    assert all(one.stat().st_size < 2_000 + chain.MAX_LINE for one in files)
    found = verdict(tmp_path)
    assert found.ok and (found.first, found.last, found.entries) == (1, 80, 80)


def test_no_more_files_are_kept_than_the_bound_and_what_is_left_holds(tmp_path: Path) -> None:
    head = filled(tmp_path, 10, rotated_at=2_000, kept=3).head
    filled(tmp_path, 40, rotated_at=2_000, kept=3)
    found = verdict(tmp_path)
    assert len(book.files(tmp_path)) <= 4
    assert found.ok and found.first > 1 and found.last == 100
    assert verdict(tmp_path, head).noted is False  # so long ago that its line is gone


def test_a_file_that_was_taken_out_of_the_middle_shows(tmp_path: Path) -> None:
    filled(tmp_path, 40, rotated_at=2_000, kept=100)
    book.files(tmp_path)[2].unlink()
    found = verdict(tmp_path)
    assert not found.ok and "missing" in found.why


def test_a_log_that_ended_with_a_whole_file_goes_on(tmp_path: Path) -> None:
    filled(tmp_path)
    (tmp_path / book.NAME).rename(tmp_path / "audit-000000000006.jsonl")
    filled(tmp_path, 1)
    assert verdict(tmp_path).ok and verdict(tmp_path).last == 8


def test_an_export_is_verified_alone_and_shows_where_it_was_cut(tmp_path: Path) -> None:
    head = filled(tmp_path).head
    made = list(book.export(tmp_path, "did:key:me", 0))

    def read(lines: list[bytes]) -> chain.Verdict:
        return chain.verify([(str(place), line) for place, line in enumerate(lines, 1)])

    found = read(made)
    assert found.ok and found.ended and found.node == "did:key:me" and found.head == head
    assert read(made[2:]).ok and read(made[2:]).first == 3
    assert not read([*made[:4], made[-1]]).ok
    assert not read([*made[:4], chain.End(read(made[:4]).head, 4).line(), *made[4:6]]).ok
    assert not read(made[:-1]).ended
    assert list(book.export(tmp_path, "", 1_001)) == [chain.End(head, 6).line()]


def test_what_can_not_be_written_is_not_ordered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = filled(tmp_path)
    before = (tmp_path / book.NAME).read_bytes()
    write = os.write
    monkeypatch.setattr(os, "write", lambda to, line: write(to, line[:10]))
    with pytest.raises(DiskFull, match="not done"):
        made.order("peer.set", {}, ME)
    monkeypatch.undo()
    assert (tmp_path / book.NAME).read_bytes() == before
    filled_on = made.order("peer.set", {}, ME)
    assert filled_on == 7 and verdict(tmp_path).ok


def test_the_log_is_no_link_to_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "aim").touch()
    (tmp_path / book.NAME).symlink_to(tmp_path / "aim")
    with pytest.raises(Unavailable):
        opened(tmp_path).order("peer.set", {}, ME)
    assert not (tmp_path / "aim").read_bytes()


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no"):
        list(book.lines_of(tmp_path / "x"))


# ---- what is written down


def test_no_secret_is_written_down() -> None:
    given = {
        "url": "https://ann:hunter22@hub.example/x?token=abc#CODE", "invitation": "CODE",
             "why": "password='hunter2222'", "ids": list(range(100)), "n": 2**60, "part": 0.25, "none": None,
    }  # fmt: skip
    shown = told.arguments(given, ("url", "why", "ids", "n", "part", "none"))
    assert shown == {"url": "https://hub.example/x", "why": told.LEFT_OUT, "ids": list(range(20)), "n": str(2**60),
                     "part": "0.25"}  # fmt: skip
    assert told.made(Result({"code": "CODE", "id": "68729d65", "offer": 3})) == {"id": "68729d65"}


@given(st.dictionaries(TEXTS, st.recursive(TEXTS | st.integers() | st.floats() | st.none(), st.lists, max_leaves=5)))
def test_whatever_is_given_can_be_written_down_and_read_again(value: dict[str, object]) -> None:
    shown = told.arguments(value, tuple(value))
    entry = chain.Entry(1, 0, chain.ORDER, "x", {}, shown, chain.BEGINNING).sealed()
    assert b"\n" not in entry.line()[:-1]
    if len(entry.line()) <= chain.MAX_LINE:
        assert chain.read(entry.line()[:-1]) == entry


def test_an_order_with_too_many_words_stands_there_without_them(tmp_path: Path) -> None:
    opened(tmp_path).order("skill.add", {"paths": ["x" * 200] * 300}, ME)
    assert verdict(tmp_path).ok and (tmp_path / book.NAME).stat().st_size < chain.MAX_LINE


@pytest.mark.parametrize("said", ["", "{", "[]", '{"door":1}', "[" * 5_000, '"x"'])
def test_who_does_not_say_who_they_are_is_a_holder_of_the_token(said: str) -> None:
    assert called(said) == Caller("admin")


def test_a_line_longer_than_any_is_none() -> None:
    entry = chain.Entry(1, 0, chain.ORDER, "x", {}, {"a": "x" * chain.MAX_LINE}, chain.BEGINNING).sealed()
    with pytest.raises(ValueError, match="longer"):
        chain.read(entry.line()[:-1])
