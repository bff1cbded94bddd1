"""The numbers that a node signs under: none twice, rising, also where several processes number at once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hansa.kernel.instant import Instant
from hansa.node.numbering import FINE, MOST, Numbering, milliseconds

NOW = 1_790_000_000_000


class Clock:
    """A clock that is set."""

    def __init__(self, now: int = NOW) -> None:
        self.at = now

    def now(self) -> Instant:
        return Instant(self.at)

    def stopwatch_us(self) -> int:
        return self.at * 1000


def test_alone_a_node_numbers_by_milliseconds() -> None:
    numbering = Numbering(Clock(), -1)
    assert [numbering.next() for _ in range(3)] == [NOW, NOW + 1, NOW + 2]
    assert milliseconds(numbering.last) == NOW + 2


def test_after_an_old_backup_numbers_go_on_from_what_was_used() -> None:
    clock = Clock()
    numbering = Numbering(clock, NOW + 50)
    assert numbering.next() == NOW + 51
    numbering.used(NOW + 90)
    assert numbering.next() == NOW + 91
    clock.at = NOW + 1_000
    assert numbering.next() == NOW + 1_000


@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3)), max_size=200),
    st.permutations(range(MOST)).map(lambda places: places[:5]),
)
def test_no_two_processes_of_a_node_choose_the_same_number(steps: list[tuple[int, int]], places: list[int]) -> None:
    clock = Clock()
    processes = [Numbering(clock, NOW) for _ in places]
    for one, place in zip(processes, places, strict=True):
        one.share(place)
    given_out: list[int] = []
    last = dict.fromkeys(range(5), 0)
    for who, passed in steps:
        clock.at += passed
        number = processes[who].next()
        assert number > last[who]
        assert number >= clock.at * 1_000
        last[who] = number
        given_out.append(number)
    assert len(set(given_out)) == len(given_out)


def test_what_is_said_later_has_the_higher_number_wherever_it_is_said() -> None:
    clock = Clock()
    first, second = Numbering(clock, NOW), Numbering(clock, NOW)
    first.share(63)
    second.share(0)
    before = [first.next() for _ in range(5)][-1]
    clock.at += 1
    assert second.next() > before
    assert milliseconds(before) in (NOW, NOW + 1)


def test_who_has_numbered_finely_goes_on_so_when_it_is_alone_again() -> None:
    clock = Clock()
    several = Numbering(clock, NOW)
    several.share(7)
    last = several.next()
    clock.at += 5_000
    alone = Numbering(clock, last)
    assert alone.next() == clock.at * 1_000 > last >= FINE
    assert alone.after(5_000) == alone.last + 5_000_000


def test_the_time_left_for_what_is_on_its_way_is_the_same_in_either_unit() -> None:
    numbering = Numbering(Clock(), -1)
    assert numbering.after(5_000) == NOW + 5_000
    numbering.share(0)
    assert numbering.after(5_000) == (NOW + 5_000) * 1_000
