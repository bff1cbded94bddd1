"""Asking neighbours after a restore: who is asked what and when, and when enough have answered."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansa.kernel.ids import NodeId
from hansa.kernel.instant import Instant
from hansa.overlay.doing import Doing, Misdeed
from hansa.overlay.frames import Mine, Yours
from hansa.overlay.recollection import Params, Recollection, is_enough

A, B, C, D, E = (NodeId(f"did:key:z{name}") for name in "ABCDE")
X, Y = b"x" * 32, b"y" * 32


def at(ms: int) -> Instant:
    return Instant(1_000_000 + ms)


def asked(doing: Doing) -> list[tuple[NodeId, int]]:
    return [(whom, frame.since) for whom, frame in doing.sends if isinstance(frame, Mine)]


def test_pages_are_asked_for_one_after_the_other_at_a_pace() -> None:
    asker = Recollection()
    assert asked(asker.linked(A, at(0))) == [(A, 0)]
    assert not asked(asker.tick(at(100)))
    assert not asked(asker.heard(A, Yours(0, (X,), 7), (), at(100)))
    assert asked(asker.tick(at(250))) == [(A, 7)]
    assert not asked(asker.heard(A, Yours(7, (Y,)), (), at(300)))
    assert list(asker.answered) == [A]
    assert not asked(asker.tick(at(60_000)))


def test_a_neighbour_has_answered_once_all_that_it_named_is_here() -> None:
    asker = Recollection()
    asker.linked(A, at(0))
    asker.heard(A, Yours(0, (X, Y)), (X, Y), at(50))
    asker.came(X, at(60))
    asker.tick(at(70))
    assert not asker.answered
    asker.came(Y, at(80))
    asker.tick(at(90))
    assert list(asker.answered) == [A]


def test_one_that_says_no_more_is_asked_anew_from_the_beginning() -> None:
    asker = Recollection()
    asker.linked(A, at(0))
    asker.heard(A, Yours(0, (X,), 7), (X,), at(50))
    asker.tick(at(250))
    assert not asked(asker.tick(at(10_200)))
    assert asked(asker.tick(at(10_250))) == [(A, 0)]
    asker.heard(A, Yours(0, (X,)), (), at(10_300))
    assert list(asker.answered) == [A]


def test_what_comes_puts_off_asking_anew() -> None:
    asker = Recollection()
    asker.linked(A, at(0))
    asker.heard(A, Yours(0, (X, Y)), (X, Y), at(50))
    asker.came(X, at(9_000))
    assert not asked(asker.tick(at(18_000)))
    assert asked(asker.tick(at(19_000))) == [(A, 0)]


def test_what_was_not_asked_is_not_heard() -> None:
    asker = Recollection()
    asker.heard(A, Yours(0, ()), (), at(0))
    asker.linked(A, at(0))
    asker.heard(A, Yours(5, ()), (), at(10))
    assert not asker.expects(A, Yours(5, ()))
    asker.heard(B, Yours(0, ()), (), at(10))
    assert not asker.answered
    asker.heard(A, Yours(0, (), 9), (), at(20))
    assert not asker.expects(A, Yours(9, ()))
    asker.heard(A, Yours(9, ()), (), at(30))
    asker.lost(A)
    assert not asker.tick(at(60_000)).sends
    assert not asker.answered


def test_an_answer_that_goes_back_is_the_neighbours_fault_and_ends_the_asking() -> None:
    asker = Recollection()
    asker.linked(A, at(0))
    asker.heard(A, Yours(0, (), 9), (), at(20))
    asker.tick(at(300))
    (blame,) = asker.heard(A, Yours(9, (), 9), (), at(310)).blames
    assert (blame.whom, blame.what) == (A, Misdeed.BROKEN)
    assert not asker.tick(at(60_000)).sends


def test_one_that_names_much_which_nobody_brings_is_not_asked_for_more() -> None:
    asker = Recollection(Params(lacking=2))
    asker.linked(A, at(0))
    asker.heard(A, Yours(0, (X, Y), 9), (X, Y), at(20))
    assert not asked(asker.tick(at(5_000)))
    asker.came(X, at(5_100))
    assert asked(asker.tick(at(5_400))) == [(A, 9)]


@pytest.mark.parametrize(
    ("answered", "known", "sources", "enough"),
    [
        ((), (), (), False),
        ((A,), (A,), (), False),
        ((A, B), (B,), (), False),
        ((A, B), (A, B), (), True),
        ((A,), (A, B, C), (), False),
        ((A, C), (A, B, C), (), True),
        ((A, C), (A, B, C, D), (), False),
        ((A, C, D), (A, B, C, D), (), True),
        ((A, C, D), (A, B, C, D, E, NodeId("F"), NodeId("G"), NodeId("H")), (), True),
        ((A, C, D), (A, B, C, D), (B,), False),
        ((A, B, C), (A, B, C, D), (B,), True),
    ],
)
def test_how_many_are_enough(
    answered: tuple[NodeId, ...], known: tuple[NodeId, ...], sources: tuple[NodeId, ...], enough: bool
) -> None:
    assert is_enough(answered, known, sources) is enough


@given(st.sets(st.sampled_from([A, B, C, D, E])), st.sets(st.sampled_from([A, B, C, D, E])), st.sampled_from("ABCDE"))
def test_no_single_one_is_ever_enough_and_more_answers_never_take_it_back(
    answered: set[NodeId], known: set[NodeId], name: str
) -> None:
    one = NodeId(f"did:key:z{name}")
    assert not is_enough([one], sorted(known), ())
    if is_enough(answered, sorted(known), ()):
        assert is_enough(answered | {one}, sorted(known), ())


@pytest.mark.parametrize(
    ("change", "field"), [({"pace_ms": 0}, "pace_ms"), ({"again_ms": 1}, "again_ms"), ({"lacking": 0}, "lacking")]
)
def test_bounds_that_make_no_sense_are_named(change: dict[str, int], field: str) -> None:
    with pytest.raises(ValueError, match=f"^{field} "):
        Recollection(Params(**change))
