"""The address table: what it keeps, what it can't be made to forget, and whom it picks."""

import collections

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hansa.kernel import canonical
from hansa.kernel.ids import NodeId
from hansa.kernel.rng import Rng
from hansa.overlay.candidates import Candidates, Params, range_of
from hansa.overlay.first_calls import ANCHORS, Known, first_calls

KEY = bytes(32)


def node(number: int | str) -> NodeId:
    return NodeId(f"did:key:z6Mk{number}")


def at(number: int) -> tuple[str, ...]:
    return (f"ws://{11 + number % 200}.{number // 200 % 250}.0.1:1",)


def anybody(whom: NodeId) -> bool:
    return True


def table(count: int = 0, source: str = "s") -> Candidates:
    found = Candidates(KEY, Params())
    for number in range(count):
        found.add(node(number), at(number), source)
    return found


@pytest.mark.parametrize(
    ("urls", "where"),
    [
        ([], ""),
        (["ws://203.0.113.7:8470"], "203.0"),
        (["wss://203.0.9.9"], "203.0"),
        (["ws://[2001:db8:1::2]:84"], "2001:db8"),
        (["https://a.b.example.org/x"], "example.org"),
        (["ws://127.0.0.1:8470"], "127.0.0.1:8470"),
        (["ws://192.168.4.5:1"], "192.168.4.5:1"),
        (["ws://[::1]:7"], "[::1]:7"),
        (["ws://[broken"], "ws://[broken"),
        (["zenoh-7"], "zenoh-7"),
    ],
)
def test_the_range_of_an_address(urls, where):
    assert range_of(urls) == where


def test_one_source_reaches_few_of_the_new_buckets_and_many_reach_all():
    one, many = table(5_000), Candidates(KEY, Params())
    for number in range(5_000):
        many.add(node(number), at(number), f"source {number % 500}")
    assert len(one) <= Params().per_source * Params().room
    assert len(many) > 0.9 * Params().new * Params().room


def test_a_flood_from_one_source_leaves_what_others_told_of():
    found = Candidates(KEY, Params())
    for number in range(200):
        found.add(node(f"honest{number}"), at(number), f"source {number}")
    for number in range(20_000):
        found.add(node(number), at(number), "flood")
    left = sum(entry.whom.startswith("did:key:z6Mkhonest") for entry in found.all())
    assert left >= 160


def test_in_a_full_bucket_the_entry_goes_that_failed_most_often_or_else_the_oldest():
    found = Candidates(KEY, Params(new=1, per_source=1, room=3))
    for number in range(3):
        found.add(node(number), at(number), "s")
    found.failed(node(1))
    found.add(node(3), at(3), "s")
    found.add(node(4), at(4), "s")
    assert [entry.whom for entry in found.all()] == [node(2), node(3), node(4)]


def tried(rooms: int = 2) -> Candidates:
    found = Candidates(KEY, Params(new=4, per_source=4, tried=1, per_range=1, room=rooms))
    for number in range(rooms + 1):
        found.add(node(number), at(number), str(number))
        found.answered(node(number))
    return found


def test_nothing_goes_from_a_full_tried_bucket_that_still_answers():
    found = tried()
    assert found.to_test() == [node(0)]
    found.answered(node(0))
    assert found.to_test() == []
    assert [found.get(node(number)).tried for number in range(3)] == [True, True, False]


def test_what_does_not_answer_the_test_makes_room_for_who_waits():
    found = tried()
    found.failed(node(0))
    assert found.get(node(0)) is None
    assert found.get(node(2)).tried
    assert found.to_test() == []


def test_new_entries_that_never_answer_are_dropped_and_tried_ones_are_kept():
    found = table(2)
    found.answered(node(1))
    for _ in range(20):
        found.failed(node(0))
        found.failed(node(1))
    assert [entry.whom for entry in found.all()] == [node(1)]


def test_a_pick_takes_new_and_tried_alike_and_does_not_favour_full_buckets():
    found = Candidates(KEY, Params())
    for number in range(100):
        found.add(node(f"flood{number}"), at(number), "flood")
    for number in range(4):
        found.add(node(f"tried{number}"), at(300 + number), "s")
        found.answered(node(f"tried{number}"))
    rng = Rng(2)
    picked = collections.Counter(found.pick(rng, anybody).whom[12:17] for _ in range(2_000))
    assert 900 < picked["tried"] < 1_100


def test_a_pick_finds_nobody_where_nobody_fits():
    assert table().pick(Rng(1), anybody) is None
    assert table(5).pick(Rng(1), lambda whom: False) is None


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["add", "answered", "failed"]), st.integers(0, 30), st.integers(0, 3)), max_size=80
    )
)
def test_whatever_happens_each_entry_is_in_one_bucket_and_what_is_kept_comes_back(steps):
    found = Candidates(KEY, Params(new=4, tried=2, room=3, per_source=2, per_range=2))
    for what, number, source in steps:
        if what == "add":
            found.add(node(number), at(number), str(source))
        else:
            getattr(found, what)(node(number))
    places = [whom for half in (found._new, found._tried) for bucket in half for whom in bucket]
    assert sorted(places) == sorted(entry.whom for entry in found.all())
    assert all(len(bucket) <= 3 for half in (found._new, found._tried) for bucket in half)
    again = Candidates(bytes(31) + b"1", found._params)
    again.restore(canonical.decode(canonical.encode(found.kept())))
    assert {(one.whom, one.urls) for one in again.all()} == {(one.whom, one.urls) for one in found.all()}


def test_first_come_the_anchors_then_the_named_then_the_table():
    known = [Known(node(f"k{number}"), at(900 + number)) for number in range(ANCHORS + 3)]
    calls = first_calls(known[: ANCHORS + 1], known[-2:], table(100), 8, 2, Rng(1))
    assert calls[: ANCHORS + 2] == known[:ANCHORS] + known[-2:]
    assert len({one.whom for one in calls}) == len(calls) == ANCHORS + 2 + 8


def test_of_one_range_come_few_while_there_are_others_and_many_where_there_are_none():
    mixed = Candidates(KEY, Params())
    for number in range(60):
        mixed.add(node(number), (f"ws://99.9.0.{number}:1",), str(number))
    near = first_calls([], [], mixed, 8, 2, Rng(1))
    assert len(near) == 8
    for number in range(60):
        mixed.add(node(f"o{number}"), at(number), str(number))
    far = first_calls([], [], mixed, 8, 2, Rng(1))
    assert sum(range_of(one.urls) == "99.9" for one in far) <= 2


@pytest.mark.parametrize("field", ["new", "tried", "room", "per_source", "per_range"])
def test_numbers_that_make_no_sense_are_refused(field):
    Params().validate()
    with pytest.raises(ValueError, match=f"^{field}"):
        Params(**{field: 0}).validate()
