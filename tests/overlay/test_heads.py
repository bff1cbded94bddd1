"""Trails: what a reader remembers of a walk, and what two signed indexes prove."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hansa.kernel.ids import ContentId, content_id
from hansa.overlay import heads
from hansa.overlay.feed import Mark, walk
from hansa.overlay.heads import Trail, extend, is_split, link_at
from hansa.overlay.messages import Index

ITEMS = [content_id(str(number).encode()) for number in range(40)]


def index_of(ids: list[ContentId]) -> Index:
    mark = walk(Mark(), ids)
    return Index(length=mark.length, head=mark.head)


@given(st.lists(st.integers(0, 7), max_size=6))
def test_however_a_feed_is_walked_the_trail_is_the_same(steps: list[int]) -> None:
    trail, done = Trail(), 0
    for step in steps:
        trail = extend(trail, walk(Mark(), ITEMS[:done]), ITEMS[done : done + step])
        done = min(len(ITEMS), done + step)
    assert trail == extend(Trail(), Mark(), ITEMS[:done])
    for length in range(done + 1):
        assert link_at(trail, length) == walk(Mark(), ITEMS[:length]).head
    assert link_at(trail, done + 1) is None
    assert link_at(trail, -1) is None


def test_a_trail_is_bounded(monkeypatch) -> None:
    monkeypatch.setattr(heads, "MAX_LINKS", 5)
    trail = extend(extend(Trail(), Mark(), ITEMS[:4]), walk(Mark(), ITEMS[:4]), ITEMS[4:20])
    assert (trail.start, trail.end, len(trail.links), len(trail.ids)) == (15, 20, 6, 5)
    assert link_at(trail, 14) is None
    assert [link_at(trail, n) for n in (15, 20)] == [walk(Mark(), ITEMS[:n]).head for n in (15, 20)]


def test_a_walk_that_begins_elsewhere_begins_a_new_trail() -> None:
    trail = extend(extend(Trail(), Mark(), ITEMS[:4]), walk(Mark(), ITEMS[:9]), ITEMS[9:12])
    assert (trail.start, trail.end) == (9, 12)


def test_two_heads_of_one_length_are_a_split() -> None:
    one, other = index_of(ITEMS[:3]), index_of([*ITEMS[:2], ITEMS[9]])
    assert is_split(one, other, one.head, [])
    assert not is_split(one, one, one.head, [])


@given(st.integers(0, 12), st.integers(0, 12))
def test_a_feed_that_only_grew_is_no_split_at_any_length(first: int, second: int) -> None:
    shorter, longer = sorted((first, second))
    link = walk(Mark(), ITEMS[:shorter]).head
    assert not is_split(index_of(ITEMS[:longer]), index_of(ITEMS[:shorter]), link, ITEMS[shorter:longer])


def test_a_proof_that_does_not_lead_to_the_signed_head_proves_nothing() -> None:
    one, other = index_of(ITEMS[:5]), index_of(ITEMS[10:13])
    link = walk(Mark(), ITEMS[:3]).head
    assert is_split(one, other, link, ITEMS[3:5])
    assert not is_split(one, other, link, ITEMS[4:6])
    assert not is_split(one, other, "0" * 64, ITEMS[3:5])
    assert not is_split(one, other, link, ITEMS[3:4])
