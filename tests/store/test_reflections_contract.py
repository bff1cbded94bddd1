"""What every store does with reflections."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hansa.node.ports import Store
from hansa.node.rows import DropReflections, PutReflection, TrimReflections
from hansa.skills.reflections import ReflectionFilter, Went
from tests.store.contract import KINDS, fresh_store, note

ANY = ReflectionFilter()


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    opened = fresh_store(request, tmp_path)
    yield opened
    opened.close()


async def test_what_is_kept_is_found_whole_and_once(store: Store) -> None:
    one = note(1, tags=("a", "b", "a"), error="e", skill="s", at=5)
    await store.apply([PutReflection(one), PutReflection(one)])
    await store.apply([PutReflection(one)])
    assert store.reflections(ANY) == [one]
    assert store.reflection(one.id) == one
    assert store.count_reflections(ANY) == 1


async def test_the_newest_come_first_and_pages_do_not_overlap(store: Store) -> None:
    made = [note(number, at=number // 2) for number in range(9)]
    await store.apply([PutReflection(one) for one in made])
    expected = sorted(made, key=lambda one: (one.at, one.id), reverse=True)
    assert store.reflections(ANY) == expected
    paged, after = [], ""
    while page := store.reflections(ANY, after, 2):
        paged += page
        after = page[-1].id
    assert paged == expected
    assert store.reflections(ANY, "no such id") == []
    assert store.reflections(ANY, limit=0) == store.reflections(ANY, limit=-1) == []


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        (ReflectionFilter(outcome=Went.SUCCESS), [2]),
        (ReflectionFilter(category="parsing"), [1]),
        (ReflectionFilter(tag="a"), [0, 1]),
        (ReflectionFilter(tag="A"), []),
        (ReflectionFilter(tag="a%"), []),
        (ReflectionFilter(session="s2"), [2]),
        (ReflectionFilter(skill="x"), [0]),
        (ReflectionFilter(since=10), [1, 2]),
        (ReflectionFilter(since=10, until=10), [1]),
        (ReflectionFilter(until=20), [1, 2]),
        (ReflectionFilter(tag="a", category="execute"), [0]),
    ],
)
async def test_a_filter_takes_what_has_all_of_it(store: Store, wanted: ReflectionFilter, numbers: list[int]) -> None:
    made = [
        note(0, tags=("a",), skill="x"),
        note(1, tags=("a", "b"), at=10),
        note(2, outcome=Went.SUCCESS, at=20),
    ]
    await store.apply([PutReflection(one) for one in made])
    found = store.reflections(wanted)
    assert sorted(made.index(one) for one in found) == numbers
    assert store.count_reflections(wanted) == len(numbers)


async def test_what_is_dropped_is_gone_with_its_tags(store: Store) -> None:
    made = [note(number, tags=("a",), at=number + 1) for number in range(4)]
    await store.apply([PutReflection(one) for one in made])
    await store.apply([DropReflections((made[1].id, made[1].id, note(99).id))])
    assert store.reflections(ReflectionFilter(tag="a")) == [made[3], made[2], made[0]]
    await store.apply([TrimReflections(1)])
    assert store.reflections(ReflectionFilter(tag="a")) == [made[3]]
    await store.apply([PutReflection(made[1])])
    assert store.reflection(made[1].id) == made[1]
    await store.apply([TrimReflections(0)])
    assert store.count_reflections(ANY) == 0
