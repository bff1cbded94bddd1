"""The way of dealing over many rounds: each of its rules, and that no on-off way of others pays more than honesty."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from hansa.conduct.steadfast import Bond, Patience, after
from tests.attacks.specimens import scaled

PATIENCE = Patience()
R, T, S, P = 3, 5, 0, 1
"""What a round pays in the prisoner's dilemma that Axelrod's tournaments play."""

Way = Callable[[list[bool], list[bool]], bool]
"""What somebody does next, from what they and the other one did so far."""


def play(way: Way, rounds: int, slips: Sequence[int] = ()) -> tuple[list[bool], list[bool]]:
    """Returns what `steadfast` and somebody else did in each round; in those of `slips` ours comes out otherwise."""
    bond, ours, theirs = Bond(), [], []
    for number in range(rounds):
        mine, other = bond.friendly ^ (number in slips), way(theirs, ours)
        ours.append(mine)
        theirs.append(other)
        bond = after(bond, other, mine, PATIENCE)
    return ours, theirs


def paid(theirs: list[bool], ours: list[bool]) -> int:
    """Returns what the other one has gained."""
    table = {(True, True): R, (True, False): S, (False, True): T, (False, False): P}
    return sum(table[one] for one in zip(theirs, ours, strict=True))


def friendly(mine: list[bool], other: list[bool]) -> bool:
    return True


def tit_for_tat(mine: list[bool], other: list[bool]) -> bool:
    return other[-1] if other else True


def alone(round_: int) -> Way:
    return lambda mine, other: len(mine) != round_


def test_it_begins_friendly_and_stays_so_with_friends() -> None:
    ours, _ = play(friendly, 200)
    assert all(ours)


def test_it_answers_a_wrong_once() -> None:
    ours, _ = play(alone(5), 20)
    assert [number for number, one in enumerate(ours) if not one] == [6]


def test_it_bears_the_answer_to_its_own_slip() -> None:
    ours, theirs = play(tit_for_tat, 20, slips=[5])
    assert [number for number, one in enumerate(ours) if not one] == [5]
    assert [number for number, one in enumerate(theirs) if not one] == [6]


def test_two_of_it_come_back_from_a_slip_of_either() -> None:
    one, other = Bond(), Bond()
    seen = []
    for number in range(20):
        mine, theirs = one.friendly ^ (number == 4), other.friendly ^ (number == 9)
        one, other = after(one, theirs, mine, PATIENCE), after(other, mine, theirs, PATIENCE)
        seen.append((mine, theirs))
    assert seen[-8:] == [(True, True)] * 8


def test_it_gives_up_after_five_wrongs_that_nobody_mended() -> None:
    ours, _ = play(lambda mine, other: bool(len(mine) % 3), 40)
    assert not any(ours[20:])


def test_it_leads_out_of_answering_each_other_for_ever() -> None:
    def begins_hostile(mine: list[bool], other: list[bool]) -> bool:
        return other[-1] if other else False

    ours, theirs = play(begins_hostile, 30)
    assert all(ours[-10:])
    assert all(theirs[-10:])


def test_no_on_off_pattern_gains_more_than_honesty() -> None:
    rounds = 400
    honest = paid(*reversed(play(friendly, rounds)))
    for length in range(1, 9):
        for pattern in product((True, False), repeat=length):

            def way(mine: list[bool], other: list[bool], pattern: tuple[bool, ...] = pattern) -> bool:
                return pattern[len(mine) % len(pattern)]

            ours, theirs = play(way, rounds)
            assert paid(theirs, ours) <= honest + T, (
                pattern
            )  # a last blow that nobody can answer any more is worth one T


@given(st.lists(st.booleans(), min_size=1, max_size=300))
def test_no_history_whatever_gains_more_than_honesty_and_one_last_blow(acts: list[bool]) -> None:
    ours, theirs = play(lambda mine, other: acts[len(mine)], len(acts))
    assert paid(theirs, ours) <= R * len(acts) + (T - R) * 6


@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=scaled(200)))
def test_what_it_holds_stays_bounded(rounds: list[tuple[bool, bool]]) -> None:
    bond = Bond()
    for theirs, ours in rounds:
        bond = after(bond, theirs, ours, PATIENCE)
        assert 0 <= bond.wrongs <= 10 * (len(rounds) + 1)
        assert 0 <= bond.swings <= len(rounds)
