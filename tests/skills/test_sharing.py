"""Shared notes: what makes two the same, what is left at home, and when one may be used."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansa.kernel.errors import Refused
from hansa.kernel.wire import parse
from hansa.skills.reflections import By, Reflection, Went
from hansa.skills.sharing import (
    CORROBORATIONS,
    ReflectionBody,
    corroborated,
    secrets_of,
    shared_body,
    taken_in,
)

WORDS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40).filter(str.strip)
NOTE = Reflection(Went.SUCCESS, "Read  dates with fromisoformat", "Parsing", ("dates",), "s1", "", "", By.AGENT, 5)


def body(**changes: object) -> ReflectionBody:
    return parse(shared_body(NOTE) | changes, ReflectionBody)  # type: ignore[arg-type, operator]


def test_neither_the_session_nor_the_time_leaves() -> None:
    assert set(shared_body(NOTE)) == {"outcome", "description", "category", "tags", "error", "about"}
    assert "s1" not in str(shared_body(NOTE))


def test_the_same_words_are_the_same_but_for_case_and_blanks() -> None:
    same = body(description="read dates\n with FROMISOFORMAT ", category="parsing", tags=[])
    assert same.pattern == body().pattern


@pytest.mark.parametrize(
    "changes",
    [{"outcome": "failure"}, {"description": "x"}, {"category": "x"}, {"error": "x"}, {"about": "x"},
     {"category": "parsing read", "description": "dates with fromisoformat"}],
)  # fmt: skip
def test_any_other_word_makes_another_note(changes: dict[str, str]) -> None:
    assert body(**changes).pattern != body().pattern


@given(WORDS, WORDS, st.lists(WORDS, max_size=20))
def test_every_note_can_be_shared_and_read_again(description: str, category: str, tags: list[str]) -> None:
    note = Reflection(Went.FAILURE, description, category, tuple(tags))
    said = parse(shared_body(note), ReflectionBody)
    taken = taken_in([said], "did:key:z6Mkabcdefghijklmnop", 7)
    assert (taken.description, taken.source, taken.at, taken.session) == (description, By.PEER, 7, "")
    assert taken.tags[-1] == "shared_from_efghijklmnop" and len(taken.tags) <= 16


def test_only_tags_that_all_gave_stay_and_nobody_names_another_as_its_origin() -> None:
    first, second = body(tags=["dates", "run this", "shared_from_friend"]), body(tags=["dates", "shared_from_friend"])
    assert taken_in([first, second], "did:key:abcdefghijkl", 1).tags == ("dates", "shared_from_abcdefghijkl")


def test_the_first_author_bears_out_nothing_and_nobody_counts_twice() -> None:
    assert CORROBORATIONS == 2
    assert not corroborated("a", ["a", "a", "a"])
    assert not corroborated("a", ["a", "b", "b"])
    assert not corroborated("stranger", ["b"])
    assert corroborated("a", ["a", "b", "c"])
    assert corroborated("stranger", ["b", "c"])


@pytest.mark.parametrize("field", ["description", "error", "category"])
def test_a_secret_is_found_wherever_it_stands(field: str) -> None:
    token = "ghp_" + "a1B2" * 9
    note = Reflection(**{"outcome": Went.SUCCESS, "description": "x", field: f"use {token}"})  # type: ignore[arg-type]
    assert secrets_of(note) == ("GitHub token",)
    assert secrets_of(Reflection(Went.SUCCESS, "x", tags=(token,))) and not secrets_of(NOTE)


@pytest.mark.parametrize("changes", [{"session": "s"}, {"tags": ["a"] * 16}, {"description": ""}, {"outcome": "won"}])
def test_what_is_no_note_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(Refused):
        body(**changes)
