"""The default policy plays in the Axelrod library; skipped where that extra, which is large, is not installed."""

from __future__ import annotations

import pytest

AXL = pytest.importorskip("axelrod", reason="the extra `tournament` (the Axelrod library) is not installed")


def steadfast():  # type: ignore[no-untyped-def]
    from benchmarks.axelrod_player import Steadfast

    return Steadfast()


def test_it_plays_a_match_and_is_friendly_with_itself() -> None:
    match = AXL.Match((steadfast(), steadfast()), turns=50)
    assert set(match.play()) == {(AXL.Action.C, AXL.Action.C)}


def test_it_starts_over_with_each_match() -> None:
    player = steadfast()
    AXL.Match((player, AXL.Defector()), turns=50).play()
    assert set(AXL.Match((player, AXL.Cooperator()), turns=50).play()) == {(AXL.Action.C, AXL.Action.C)}


def test_it_does_better_than_tit_for_tat_among_a_few_under_noise() -> None:
    others = (AXL.TitForTat, AXL.GTFT, AXL.WinStayLoseShift, AXL.Grudger, AXL.Alternator, AXL.Random)
    few = [steadfast(), *(one() for one in others)]
    results = AXL.Tournament(few, turns=200, repetitions=5, noise=0.05, seed=7).play(progress_bar=False)
    names = results.ranked_names
    assert names.index("Steadfast") < names.index("Tit For Tat")
