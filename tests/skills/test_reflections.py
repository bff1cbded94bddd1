"""Reflections: their bounds, their identity, and what many of them say together."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansa.kernel.errors import Refused
from hansa.kernel.plain import plain
from hansa.kernel.verdict import Reason
from hansa.skills.learning import RECENT, learning, patterns, signature
from hansa.skills.reflections import By, Reflection, Went, read_line, reflection_of, write_line
from hansa.skills.report import markdown

DAY = 86_400_000
START = 20_000 * DAY


def note(number: int = 0, **changed: Any) -> Reflection:
    fields: dict[str, Any] = {
        "outcome": Went.FAILURE,
        "description": "Split CSV at commas",
        "category": "parsing",
        "error": f"line {number} has a comma in quotes",
        "at": START + number,
    }
    return Reflection(**fields | changed)


reflections = st.builds(
    Reflection,
    outcome=st.sampled_from(Went),
    description=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40).filter(str.strip),
    category=st.sampled_from(["parsing", "execute", "général"]),
    tags=st.lists(st.sampled_from(["a", "b", "c"]), max_size=3).map(tuple),
    session=st.sampled_from(["", "s1", "s2"]),
    error=st.sampled_from(["", "line 1", "line 2", "no such file '/tmp/x'"]),
    source=st.sampled_from(By),
    at=st.integers(0, 2**40),
)


@given(reflections)
def test_what_is_written_is_read_again_and_has_one_id(one: Reflection) -> None:
    line = write_line(one)
    assert line.count(b"\n") == 1
    assert all(32 <= byte < 127 for byte in line[:-1])
    again = read_line(line.strip())
    assert again == one
    assert again.id == one.id


@given(reflections, reflections)
def test_different_notes_have_different_ids(one: Reflection, other: Reflection) -> None:
    assert (one.id == other.id) == (one == other)


BAD = {
    "an outcome that is none": {"outcome": "won"},
    "no description": {"description": ""},
    "a description of blanks": {"description": " \n "},
    "a long description": {"description": "x" * 4_001},
    "too many tags": {"tags": ["t"] * 17},
    "an empty tag": {"tags": [""]},
    "a long session": {"session": "s" * 129},
    "a long error": {"error": "e" * 2_001},
    "no category": {"category": ""},
    "an unknown field": {"mood": "good"},
    "a time before all times": {"at": -1},
    "a fraction": {"at": 0.5},
    "half a character": {"description": "\ud800"},
    "an unknown source": {"source": "rumour"},
}


@pytest.mark.parametrize("name", BAD)
def test_what_breaks_a_bound_is_refused_by_name(name: str) -> None:
    with pytest.raises(Refused) as refused:
        reflection_of({"outcome": "success", "description": "fine"} | BAD[name])
    assert refused.value.reason is Reason.BAD_BODY


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{", Reason.NOT_JSON),
        (b"[]", Reason.NOT_JSON),
        (b"\xff", Reason.NOT_JSON),
        (b"[" * 5_000, Reason.TOO_DEEP),
        (b"{}", Reason.BAD_BODY),
        (b" " * 70_000, Reason.TOO_LARGE),
    ],
)
def test_a_bad_line_is_refused(line: bytes, reason: Reason) -> None:
    with pytest.raises(Refused) as refused:
        read_line(line)
    assert refused.value.reason is reason


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("line 12 of 40", "line # of #"),
        ("No module named 'yaml'", "no module named …"),
        ('expected "a", got "b"', "expected …, got …"),
        ("can't read /srv/ann/x.csv: gone", "can't read …: gone"),
        (r"can't read D:\data\ann\x.csv now", "can't read … now"),
        ("object at 0x7fd5d1875e50", "object at #"),
        ("skill 9f0c41d2a7be failed", "skill # failed"),
        ("took 1.234,5 s", "took # s"),
        ("  two\n lines ", "two lines"),
        ("x" * 300, "x" * 100),
    ],
)
def test_a_signature_leaves_out_what_changes(text: str, found: str) -> None:
    assert signature(note(error=text)) == found


def test_a_success_goes_by_its_description_and_a_failure_by_its_error() -> None:
    assert signature(note(outcome=Went.SUCCESS, error="ignored")) == "split csv at commas"
    assert signature(note(error="")) == "split csv at commas"


def test_a_pattern_counts_its_members_and_names_the_newest() -> None:
    made = [note(n, session=f"s{n % 2}", tags=("csv", f"t{n}")) for n in range(4)]
    (found,) = patterns(reversed(made), Went.FAILURE)
    assert (found.count, found.sessions, found.first, found.last) == (4, 2, START, START + 3)
    assert (found.example, found.tags, found.overcome) == (made[3].id, ("csv",), 0)


def test_the_summary_counts_sessions_as_its_patterns_do() -> None:
    for sessions in (["", ""], ["", "s1"], ["s1", "s1"]):
        made = [note(n, session=session) for n, session in enumerate(sessions)]
        found = learning(made)
        assert found.sessions == found.failures[0].sessions == len(set(sessions))


def test_once_is_no_pattern() -> None:
    assert patterns([note()], Went.FAILURE) == []
    assert len(patterns([note()], Went.FAILURE, least=1)) == 1


def test_a_failure_is_overcome_by_a_later_success_of_the_same_kind() -> None:
    failures = [note(1), note(2)]
    after = note(3, outcome=Went.SUCCESS, error="")
    for other, times in [
        (after, 1),
        (note(0, outcome=Went.SUCCESS), 0),
        (note(3, outcome=Went.SUCCESS, category="painting"), 0),
        (note(3, outcome=Went.PARTIAL), 0),
    ]:
        (found,) = patterns([*failures, other], Went.FAILURE)
        assert found.overcome == times
    assert learning([*failures, after]).lessons == tuple(patterns([*failures, after], Went.FAILURE))
    assert learning(failures).lessons == ()


def test_without_times_a_failure_is_overcome_within_its_session() -> None:
    failures = [note(n, session="row 7", at=0) for n in (1, 2)]
    for session, times in [("row 7", 1), ("row 8", 0), ("", 0)]:
        solved = note(outcome=Went.SUCCESS, description="solved", session=session, at=0)
        (found,) = patterns([*failures, solved], Went.FAILURE)
        assert found.overcome == times


def test_rates_are_those_of_successes_and_the_trend_is_that_of_the_last() -> None:
    bad = [note(n) for n in range(RECENT)]
    good = [note(RECENT + n, outcome=Went.SUCCESS, description=f"d{n}") for n in range(RECENT)]
    (rate,) = learning(bad + good).categories
    assert (rate.count, rate.successes, rate.rate, rate.recent, rate.trend) == (2 * RECENT, RECENT, 0.5, 1.0, "up")
    assert 0.35 < rate.sure < 0.36  # lower Wilson bound of 20 of 40
    worse = [note(2 * RECENT + n, outcome=Went.PARTIAL, description=f"p{n}") for n in range(RECENT)]
    (rate,) = learning(good + worse).categories
    assert (rate.recent, rate.trend) == (0.0, "down")
    (rate,) = learning(good).categories
    assert rate.trend == "level"


@given(st.lists(reflections, max_size=30), st.randoms(use_true_random=False))
def test_the_order_in_which_notes_come_changes_nothing(notes: list[Reflection], chance: Any) -> None:
    mixed = list(notes)
    chance.shuffle(mixed)
    assert learning(mixed) == learning(notes)


@given(st.lists(reflections, max_size=30))
def test_the_summary_adds_up(notes: list[Reflection]) -> None:
    found = learning(notes)
    assert found.count == len(notes) == sum(found.outcomes.values()) == sum(one.count for one in found.categories)
    assert all(one.sure <= one.rate + 1e-9 <= 1 + 1e-9 for one in found.categories)


def test_a_report_of_nothing_says_so() -> None:
    assert "Nothing was noted yet" in markdown(learning([]))


@given(st.text(min_size=1, max_size=60).filter(str.strip))
def test_a_note_can_draw_nothing_in_a_report(text: str) -> None:
    """Headings, links, images, tags and tables in a note come out as letters (threats 16 and 24)."""
    notes = [note(n, error=f"{text} # [x](http://y) <img src=z> | `a`", tags=("<b>",)) for n in range(2)]
    report = markdown(learning(notes))
    lines = [line for line in report.splitlines() if line.startswith("- ")]
    assert len(lines) == 1
    assert not re.search(r"(?<!\\)[`*_{}\[\]<>|]", lines[0].replace(" [\\<b\\>]", ""))
    assert plain(lines[0]) == lines[0]


def test_a_report_has_a_part_for_each_thing_known() -> None:
    made = [note(1), note(2), note(3, outcome=Went.SUCCESS), note(4, outcome=Went.SUCCESS)]
    made += [note(number, error="never mended") for number in (5, 6)]
    report = markdown(learning(made))
    assert "6 reflections (2 success, 4 failure)" in report
    for title in ("How it goes", "What went wrong more than once", "What went well more than once", "Overcome"):
        assert f"\n## {title}\n" in report
    lines = [line for line in report.splitlines() if line.startswith("- ")]
    assert len(lines) == len(set(lines)) == 3
    wrong, _, overcome = report.partition("## Overcome")
    assert "never mended" in wrong and "2 times well since" not in wrong and "2 times well since" in overcome
