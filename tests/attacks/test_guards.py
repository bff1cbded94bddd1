"""The list of guards keeps up with the source; `python -m tests.attacks.guard_lists` shows that each is watched."""

from __future__ import annotations

import ast

import pytest

from tests.attacks.guard_lists import ALL_GUARDS, chosen
from tests.attacks.guards import BACKED, PACKAGE, ROOT, Guard, check_guards
from tests.attacks.security_page import BEGIN, END, PAGE, page_with_guards
from tests.attacks.specimens import scaled


@pytest.mark.parametrize("guard", ALL_GUARDS, ids=lambda guard: guard.name)
def test_a_guard_stands_where_the_list_says(guard: Guard) -> None:
    text = (ROOT / PACKAGE / guard.file).read_text(encoding="utf-8")
    removed = guard.removed_from(text)
    assert removed != text
    assert ast.parse(removed)
    assert guard.tests


@pytest.mark.parametrize(("file", "line", "behind"), BACKED)
def test_a_guard_with_another_behind_it_stands_too(file: str, line: str, behind: str) -> None:
    assert line in (ROOT / PACKAGE / file).read_text(encoding="utf-8")
    assert behind


def test_every_test_that_watches_a_guard_exists() -> None:
    for node in sorted({test for guard in ALL_GUARDS for test in guard.tests}):
        file, name = node.split("::")
        tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
        functions = (one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef))
        assert name in {one.name for one in functions}, node


def test_a_guard_that_nobody_watches_is_reported() -> None:
    """The check itself can fail: this row names a test that has nothing to do with the guard."""
    unwatched = Guard(
        "kernel/ids.py",
        'EVERYONE = "*"',
        'EVERYONE = "**"',
        ("tests/kernel/test_ids.py::test_a_content_id_is_sha256_in_small_hex",),
    )
    assert check_guards([unwatched]) == [f"{unwatched.name}: still green: {unwatched.tests[0]}"]


def test_guards_are_chosen_by_parts_of_file_names() -> None:
    assert chosen([]) == ALL_GUARDS
    assert {guard.file for guard in chosen(["node/taking"])} == {"node/taking.py"}
    with pytest.raises(ValueError, match="no file with guards has a name with nothing in it"):
        chosen(["taking", "nothing"])


def test_the_list_in_the_security_page_is_up_to_date() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert (text.count(BEGIN), text.count(END)) == (1, 1)
    assert text == page_with_guards(text, ALL_GUARDS), "run: python -m tests.attacks.guard_lists --write"


def test_a_section_that_is_not_up_to_date_is_written_anew_and_the_page_around_it_kept() -> None:
    text = page_with_guards("# Page\n\nBefore.\n", ALL_GUARDS[1:])
    assert text.startswith("# Page\n\nBefore.\n\n" + BEGIN)
    assert page_with_guards(text, ALL_GUARDS) == page_with_guards("# Page\n\nBefore.\n", ALL_GUARDS) != text


@pytest.mark.slow
@pytest.mark.skipif(scaled(1) == 1, reason="takes minutes: before a release, with HANSA_TEST_SCALE=10")
def test_every_guard_is_missed_when_it_is_gone() -> None:
    assert check_guards(ALL_GUARDS) == []
