"""Texts as numbers: what a text has more than once is known, dropped texts leave nothing, wrong parts are refused."""

from __future__ import annotations

from math import log

import numpy as np
import pytest

from hansa.adapters.index.texts import NO_PAIR, Texts, surplus
from hansa.kernel.ids import ContentId

ONE, TWO = ContentId("one"), ContentId("two")


def texts() -> Texts:
    """Two texts of the words 0 to 3; the first has word 1 twice, and with it the features 8 and 9."""
    made = Texts()
    made.add(ONE, [0, 1, 1], [4, 5], [8, 9], surplus(np.array([2, 3])).tolist())
    made.add(TWO, [1, 3], [6])
    return made


def test_a_text_is_given_back_as_it_was_put_in() -> None:
    words, others, sizes = texts().whole(np.array([1, 0]))
    assert words.tolist()[:5] == [1, 3, 0, 1, 1]
    assert words.view(np.float32)[5:].tolist() == pytest.approx([1 + log(2) - 2, 1 + log(3) - 3])
    assert others.tolist() == [6, NO_PAIR, 4, 5, NO_PAIR, 8, 9]
    assert sizes.tolist() == [2, 5]


def test_a_word_names_its_rows_once_and_apart_those_that_have_it_twice() -> None:
    held = texts()
    assert [rows.tolist() for rows in held.rows_with([1, 3, 2])] == [[0, 1], [1], []]
    assert [rows.tolist() for rows in held.rows_with_twice([1, 3, 2])] == [[0], [], []]


def test_a_dropped_text_is_in_no_list() -> None:
    held = texts()
    held.drop(ONE)
    assert [rows.tolist() for rows in held.rows_with([0, 1, 3])] == [[], [1], [1]]
    assert [rows.tolist() for rows in held.rows_with_twice([1])] == [[]]
    assert [part.tolist() for part in held.whole(np.array([0]))] == [[], [], [0]]


@pytest.mark.parametrize("drop", [None, ONE, TWO])
def test_parts_make_the_same_texts_again(drop: ContentId | None) -> None:
    held = texts()
    if drop:
        held.drop(drop)
    *parts, rows = held.parts()
    again = Texts.of_parts(*parts, 4, 10)
    everything = np.arange(len(rows))
    assert [part.tolist() for part in again.whole(everything)] == [part.tolist() for part in held.whole(rows)]
    place = {row: number for number, row in enumerate(rows.tolist())}
    for lists in (Texts.rows_with, Texts.rows_with_twice):
        expected = [[place[row] for row in found] for found in lists(held, range(4))]
        assert [found.tolist() for found in lists(again, range(4))] == expected


@pytest.mark.parametrize(
    ("place", "number"),
    [
        (0, 4),  # a word that is not there
        (1, 10),  # a pair that is not there
        (1, NO_PAIR),  # no pair where there is one
        (5, 5),  # a pair where there is none
        (7, 10),  # a repeat that is not there
        (6, 3),  # a repeat that is none
        (6, 0x8000_0000),
        (6, 0xFF80_0000),
    ],
)
def test_parts_that_make_no_sense_are_refused(place: int, number: int) -> None:
    ids, lengths, repeats, flat, _ = texts().parts()
    Texts.of_parts(ids, lengths, repeats, flat, 4, 10)
    flat[place] = number
    with pytest.raises(ValueError, match="a text has a"):
        Texts.of_parts(ids, lengths, repeats, flat, 4, 10)
