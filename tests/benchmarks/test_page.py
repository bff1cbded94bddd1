"""The page of figures is written by the run: parts are replaced by name, and a target that is missed says so."""

from __future__ import annotations

import pytest

from benchmarks.measure import Row, at_least, at_most, row
from benchmarks.page import HEAD, PAGE, part, table, updated
from benchmarks.registry import SUBJECTS, subject


def written(name: str, ratio: float) -> str:
    return part(name, "About it.", "Measured on a machine.", [Row("do it", 1000.0, "doing nothing", ratio)])


def test_only_the_parts_that_were_measured_are_replaced() -> None:
    order = ("a", "b", "c")
    first = updated("", {"c": written("c", 0.5), "a": written("a", 2.0)}, order)
    assert first == f"{HEAD.strip()}\n\n{written('a', 2.0)}\n\n{written('c', 0.5)}\n"
    second = updated(first, {"b": written("b", 3.0)}, order)
    assert second == f"{HEAD.strip()}\n\n{written('a', 2.0)}\n\n{written('b', 3.0)}\n\n{written('c', 0.5)}\n"
    assert updated(second, {}, order) == second


def test_a_subject_that_is_gone_leaves_the_page() -> None:
    before = updated("", {"old": written("old", 1.0)}, ("old",))
    assert "## old" not in updated(before, {}, ("new",))


@pytest.mark.parametrize(
    ("target", "ratio", "held"),
    [(at_most(1.5), 1.5, "yes"), (at_most(1.5), 1.51, "**no**"),
     (at_least(4), 0.25, "yes"), (at_least(4), 0.26, "**no**")],
)  # fmt: skip
def test_a_target_is_held_or_not(target: object, ratio: float, held: str) -> None:
    line = table([Row("do it", 1.0, "other", ratio, target)]).splitlines()[-1]  # type: ignore[arg-type]
    assert line.endswith(f"| {held} |")


def test_a_line_is_the_median_of_its_rounds() -> None:
    found = row("do it", [(1.0, 4.0), (2.0, 4.0), (8.0, 4.0)], "other")
    assert (found.ratio, found.low, found.high, found.per_second) == (0.5, 0.25, 2.0, 0.5)
    assert "2.00x as fast (0.50x to 4.00x)" in table([found])


@pytest.mark.parametrize("name", SUBJECTS)
def test_a_subject_says_what_it_is_about(name: str) -> None:
    assert subject(name).title.endswith(".")
    assert callable(subject(name).body)


def test_the_page_has_a_part_for_each_subject() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text == updated(text, {}, SUBJECTS)
    assert [line[3:] for line in text.splitlines() if line.startswith("## ")] == list(SUBJECTS)
