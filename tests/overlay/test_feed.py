"""A source that contradicts itself is found out, and one that does not never is."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hansa.kernel.errors import Refused
from hansa.kernel.ids import ContentId, chain, content_id
from hansa.kernel.verdict import Reason
from hansa.overlay.feed import Mark, check_index, check_walk, walk
from hansa.overlay.messages import Index
from tests.attacks.specimens import NOW, reason

LATER = NOW + 1
ids = st.integers(0, 30).map(lambda number: content_id(b"%d" % number))
feeds = st.lists(ids, max_size=12)
A, B, C, D = (content_id(letter) for letter in (b"a", b"b", b"c", b"d"))


def index_of(items: list[ContentId]) -> Index:
    """What an honest source signs about a feed that holds these."""
    head = ""
    for one in items:
        head = chain(head, one)
    return Index(length=len(items), head=head)


def pulled(mark: Mark, index: Index, items: list[ContentId], page: int = 100) -> Mark:
    """Pulls as a reader does: page by page, until as many were walked as the index counts."""
    check_index(mark, index, LATER, NOW)
    while mark.length < index.length:
        shown = items[mark.length : mark.length + page]
        if not shown:
            raise Refused(Reason.MIX_AND_MATCH, "it shows fewer records than its index counts")
        mark = walk(mark, shown)
        check_walk(mark, index)
    return mark


def seen(items: list[ContentId]) -> Mark:
    return walk(Mark(), items)


# ---- honest


@given(feeds, st.data(), st.integers(1, 5))
def test_an_honest_source_is_always_believed(items: list[ContentId], data: st.DataObject, page: int) -> None:
    """However the feed grows between two pulls, and however it is paged."""
    mark = Mark()
    for length in sorted(data.draw(st.lists(st.integers(0, len(items)), max_size=4))):
        mark = pulled(mark, index_of(items[:length]), items[:length], page)
        assert mark == seen(items[:length])


@given(feeds, st.integers(0, 12))
def test_a_walk_in_two_parts_ends_where_one_does(items: list[ContentId], at: int) -> None:
    assert walk(walk(Mark(), items[:at]), items[at:]) == walk(Mark(), items)


def test_an_empty_feed_has_an_empty_head() -> None:
    check_index(Mark(), Index(length=0, head=""), LATER, NOW)
    assert reason(check_index, Mark(), Index(length=0, head=A), LATER, NOW) is Reason.FORK


# ---- freeze


@pytest.mark.parametrize(("expires", "frozen"), [(NOW + 1, False), (NOW, True), (NOW - 1, True), (0, True)])
def test_an_index_is_good_until_its_expiry(expires: int, frozen: bool) -> None:
    if frozen:
        assert reason(check_index, Mark(), index_of([A]), expires, NOW) is Reason.FROZEN
    else:
        check_index(Mark(), index_of([A]), expires, NOW)


def test_the_rules_are_asked_in_order() -> None:
    older_and_expired = (seen([A, B]), index_of([C]), NOW, NOW)
    assert reason(check_index, *older_and_expired) is Reason.FROZEN
    assert reason(check_index, seen([A, B]), index_of([C]), LATER, NOW) is Reason.ROLLBACK


# ---- rollback


@given(st.lists(ids, min_size=1, max_size=12), st.data())
def test_a_shorter_feed_than_before_is_a_rollback(items: list[ContentId], data: st.DataObject) -> None:
    shorter = items[: data.draw(st.integers(0, len(items) - 1))]
    assert reason(pulled, seen(items), index_of(shorter), shorter) is Reason.ROLLBACK


# ---- fork


@given(feeds, feeds)
def test_another_feed_of_the_same_length_is_a_fork(one: list[ContentId], two: list[ContentId]) -> None:
    two = (two + one)[: len(one)]
    assume(one != two)
    assert reason(pulled, seen(one), index_of(two), two) is Reason.FORK


@given(feeds, feeds, feeds)
def test_a_longer_feed_with_another_past_is_found_out(
    one: list[ContentId], two: list[ContentId], more: list[ContentId]
) -> None:
    two = (two + one)[: len(one)]
    assume(one != two and more)
    assert reason(pulled, seen(one), index_of(two + more), two + more) is Reason.MIX_AND_MATCH


# ---- mix-and-match


def altered(draw: st.DrawFn, items: list[ContentId]) -> list[ContentId]:
    """The items with some changed, dropped, doubled or in another order."""
    how = draw(st.sampled_from(["change", "drop", "double", "swap", "append", "anything"]))
    place = draw(st.integers(0, len(items) - 1))
    other = draw(ids)
    if how == "change":
        return [*items[:place], other, *items[place + 1 :]]
    if how == "drop":
        return items[:place] + items[place + 1 :]
    if how == "double":
        return [*items[:place], items[place], *items[place:]]
    if how == "swap":
        second = draw(st.integers(0, len(items) - 1))
        swapped = list(items)
        swapped[place], swapped[second] = swapped[second], swapped[place]
        return swapped
    if how == "append":
        return [*items, other]
    return draw(feeds)


@st.composite
def alterations(draw: st.DrawFn) -> tuple[list[ContentId], list[ContentId]]:
    items = draw(st.lists(ids, min_size=1, max_size=12))
    return items, altered(draw, items)


@given(alterations(), st.integers(0, 12), st.sampled_from([1, 2, 3, 100]))
def test_any_other_items_than_those_signed_are_refused_at_the_end_of_the_walk(
    case: tuple[list[ContentId], list[ContentId]], known: int, page: int
) -> None:
    items, shown = case
    known = min(known, len(items) - 1)
    new = shown[known:]
    assume(new[: len(items) - known] != items[known:])
    assert reason(pulled, seen(items[:known]), index_of(items), [*items[:known], *new], page) is Reason.MIX_AND_MATCH


def test_more_items_than_the_index_counts_are_refused_even_when_the_first_of_them_fit() -> None:
    assert reason(check_walk, seen([A, B, C]), index_of([A, B])) is Reason.MIX_AND_MATCH


def test_items_in_front_of_the_end_are_not_judged_yet() -> None:
    check_walk(seen([A, D]), index_of([A, B, C]))
    assert reason(check_walk, seen([A, D, C]), index_of([A, B, C])) is Reason.MIX_AND_MATCH


# ---- fast-forward


@pytest.mark.parametrize("length", [1, 5, 2**31, 2**40])
def test_a_length_without_items_is_not_kept(length: int) -> None:
    """A reader that remembered the number would refuse the true feed for ever after."""
    mark = seen([A])
    lie = Index(length=length + 1, head=B)
    check_index(mark, lie, LATER, NOW)
    assert walk(mark, []) == mark
    assert reason(pulled, mark, lie, [A]) is Reason.MIX_AND_MATCH
    assert pulled(mark, index_of([A, B]), [A, B]) == seen([A, B])


@given(alterations())
def test_after_any_attack_the_true_feed_is_still_taken(case: tuple[list[ContentId], list[ContentId]]) -> None:
    items, shown = case
    mark = seen(items[:1])
    for index in (index_of(shown), index_of(items), Index(length=2**40, head=A)):
        try:
            pulled(mark, index, shown)
        except Refused:
            assert pulled(mark, index_of(items), items) == seen(items)
