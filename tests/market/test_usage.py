"""What was needed by hour, and what is asked for ahead of time (M12)."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from hansa.kernel.ids import ContentId
from hansa.kernel.instant import HOUR, Instant
from hansa.kernel.resources import Resource
from hansa.market.lease_states import State
from hansa.market.model import Window
from hansa.market.usage import AHEAD, LONGEST, Part, ahead_number, covered, dearest, history, hour_of, peak, shortage
from tests.market.test_flows import CPU, ME, OTHERS, lease

NOW = Instant(50 * HOUR + 7)


def test_each_hour_has_the_most_units_at_one_instant() -> None:
    borrowed = [lease(begins=3, hours=2, amount=5), lease(begins=4, hours=1, amount=7), lease(begins=6, amount=2)]
    found = history([*borrowed, lease(begins=4, amount=1, lent=True)], {}, CPU, ME, NOW)
    assert found.begins == 3 * HOUR
    assert found.borrowed[:5] == (5, 12, 0, 2, 0)
    assert found.lent[:5] == (0, 1, 0, 0, 0)
    assert len(found.asked) == len(found.lent) == len(found.borrowed) == 47


def test_a_request_that_was_refused_and_granted_elsewhere_was_needed_once() -> None:
    refused = [replace(lease(begins=3, amount=9, state=None), request=4) for _ in range(3)]
    granted = replace(lease(begins=3, amount=6), request=4)
    assert history([*refused, granted], {}, CPU, ME, NOW).asked[0] == 6
    assert history(refused, {}, CPU, ME, NOW).asked[0] == 9
    assert history([replace(one, request=n) for n, one in enumerate(refused)], {}, CPU, ME, NOW).asked[0] == 27


def test_what_was_leased_ahead_was_needed_as_far_as_it_was_drawn_on() -> None:
    ahead = replace(lease(begins=3, amount=9), request=AHEAD + 5, id=ContentId("a" * 64))
    assert history([ahead], {}, CPU, ME, NOW).asked[0] == 0
    part = Part(4, Window(Instant(3 * HOUR), Instant(3 * HOUR + 60_000)))
    assert history([ahead], {ahead.id: [part]}, CPU, ME, NOW).asked[0] == 4


def test_copies_are_counted_in_the_hour_in_which_they_were_taken() -> None:
    asked = [lease(begins=at, amount=2, resource=Resource.KNOWLEDGE_BASE) for at in (3, 3, 4)]
    copies = [replace(one, brought=1) for one in asked]
    assert history(copies, {}, Resource.KNOWLEDGE_BASE, ME, NOW).asked[:3] == (4, 2, 0)
    assert history(copies, {}, Resource.KNOWLEDGE_BASE, ME, NOW).borrowed[:3] == (2, 1, 0)


def test_nothing_is_known_before_the_first_and_no_more_than_the_longest() -> None:
    assert history([], {}, CPU, ME, NOW).asked == ()
    assert history([lease(begins=60)], {}, CPU, ME, NOW).asked == ()
    late = Instant((LONGEST + 500) * HOUR)
    assert len(history([lease(begins=3), lease(begins=LONGEST)], {}, CPU, ME, late).asked) == LONGEST


PARTS = st.builds(
    lambda amount, begins, lasts: Part(amount, Window(Instant(begins), Instant(begins + lasts))),
    st.integers(1, 9), st.integers(0, 40), st.integers(1, 20),
)  # fmt: skip


@given(st.lists(PARTS, max_size=8), st.integers(0, 40), st.integers(1, 20))
def test_the_peak_is_that_of_looking_at_every_instant(parts: list[Part], begins: int, lasts: int) -> None:
    window = Window(Instant(begins), Instant(begins + lasts))
    slow = [
        sum(one.amount for one in parts if one.window.begins <= at < one.window.ends)
        for at in range(begins, begins + lasts)
    ]
    assert peak(parts, window) == max(slow)


@given(st.lists(st.tuples(st.floats(0, 1e6), st.integers(0, 10**6)), max_size=5), st.integers(0, 10**6))
def test_what_is_asked_for_ahead_is_bounded_by_what_was_ever_needed(hours: list[tuple[float, int]], most: int) -> None:
    expected = [(Instant(at * HOUR), units) for at, (units, _) in enumerate(hours)]
    leased = {Instant(at * HOUR): held for at, (_, held) in enumerate(hours)}
    for one in shortage(CPU, expected, leased, most, 7):
        assert 0 < one.amount <= most
        assert one.amount + one.leased == one.expected <= most
        assert one.most == 7
    assert not shortage(CPU, expected, {at: 10**7 for at, _ in expected}, most, 7)


def test_a_whole_hour_is_covered_or_not_at_all() -> None:
    parts = [Part(5, Window(Instant(0), Instant(2 * HOUR))), Part(3, Window(Instant(1), Instant(2 * HOUR)))]
    assert covered(parts, Instant(0)) == 5
    assert covered(parts, Instant(HOUR)) == 8
    assert covered(parts, Instant(2 * HOUR)) == 0


def test_no_more_is_paid_than_was_paid_within_a_week() -> None:
    paid = [replace(lease(begins=3), price=4), replace(lease(begins=3, state=None), price=9)]
    old = replace(lease(begins=-400), price=8)
    lent = replace(lease(begins=3, lent=True), price=7)
    assert dearest([*paid, old, lent], CPU, ME, NOW) == 4
    assert dearest([], CPU, ME, NOW) == 0


def test_each_hour_and_resource_has_a_number_of_its_own() -> None:
    hours = [Instant(at * HOUR) for at in range(400_000, 400_010)]
    numbers = [ahead_number(resource, hour) for resource in Resource for hour in hours]
    assert len(set(numbers)) == len(numbers)
    assert all(AHEAD < one < 2**53 for one in numbers)
    assert hour_of(Instant(HOUR + 1)) == HOUR and OTHERS
    assert State.SETTLED is lease().state
