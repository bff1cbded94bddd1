"""`hansa prove --leased`: what is said of the lenders."""

from __future__ import annotations

from pathlib import Path

import pytest

from hansa.entrypoints.cli.leased import show_leases
from tests.cli.conftest import Hansa

SKILL = 'def double(x):\n    """Double a number.\n\n    >>> double(2)\n    4\n    """\n    return 2 * x\n'


@pytest.fixture
def learnt(hansa: Hansa, tmp_path: Path) -> Hansa:
    """Gives the command of a node with one skill that is not proved yet."""
    file = tmp_path / "double.py"
    file.write_text(SKILL)
    assert hansa("init").code == 0
    assert hansa("skill", "add", file).code == 0
    return hansa


@pytest.mark.sandbox
def test_without_a_lease_all_is_proved_here_and_that_is_said(learnt: Hansa) -> None:
    said = learnt("prove", "--leased")
    assert said.code == 0
    assert "no lease of processor time" in said.out
    assert "1 proved" in said.out


@pytest.mark.sandbox
def test_the_json_has_the_leases(learnt: Hansa) -> None:
    assert learnt("prove", "--leased", "--json").json["leases"] == []


def test_the_number_of_trials_is_not_given_as_well(learnt: Hansa) -> None:
    said = learnt("prove", "--leased", "--trials", "3")
    assert said.code != 0
    assert "leave out --trials" in said.err


def test_what_was_brought_to_whom_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    one = {
        "lease": "a" * 64, "lender": "did:key:zLender", "units": 1000, "brought": 7, "answered": 5, "right": 4,
        "doubtful": 0, "forged": 1, "used_ms": 1_234, "took_ms": 2_000, "unanswered": {"late": 1, "no_lease": 1},
    }  # fmt: skip
    show_leases({"leases": [one]})
    said = capsys.readouterr().out
    assert "did:key:zLender" in said and "1.2" in said and "1 late, 1 no_lease" in said
    assert "a" * 13 not in said


def test_nothing_is_said_where_nothing_was_to_be_brought(capsys: pytest.CaptureFixture[str]) -> None:
    show_leases({})
    assert capsys.readouterr().out == ""
