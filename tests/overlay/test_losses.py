"""Whether frames are lost is seen from gaps in what neighbours say, and from nothing that death or silence leaves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansa.overlay.losses import are_lost, gaps

stories = st.lists(st.booleans(), max_size=24)


def bits(story: list[bool]) -> int:
    """Returns which words were said as bits, the last one as the lowest."""
    return sum(said << place for place, said in enumerate(reversed(story)))


@given(stories)
def test_gaps_are_the_words_not_said_before_one_that_was(story: list[bool]) -> None:
    while story and not story[-1]:
        story = story[:-1]
    assert gaps(len(story), bits(story)) == (len(story), story.count(False))


@given(stories, st.integers(0, 24))
def test_who_dies_leaves_no_gap(story: list[bool], silent: int) -> None:
    before = gaps(len(story), bits(story))
    assert gaps(len(story) + silent, bits([*story, *[False] * silent])) == before


@pytest.mark.parametrize(
    ("told", "lossy"),
    [
        ([], False),
        ([(24, 0)], False),
        ([(24, 1)], True),
        ([(23, 3)], False),
        ([(12, 1), (12, 0)], True),
        ([(24, 1), (24, 0)], False),
        ([(24, 12)], True),
        ([(24, 13)], False),
        ([(24, 13), (24, 0)], False),
        ([(24, 0)] * 9 + [(24, 24)] * 9, False),
    ],
)
def test_frames_are_lost_where_three_in_a_hundred_words_are_missing(told: list[tuple[int, int]], lossy: bool) -> None:
    assert are_lost(told, share=30, least=24) is lossy
