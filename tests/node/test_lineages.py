"""Which skills come from which: what the map in memory says is what a walk over all skills says."""

from __future__ import annotations

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from hansa.adapters.store.memory import MemoryStore
from hansa.kernel.ids import ContentId
from hansa.node.lineages import Lineages
from hansa.node.rows import PutSkill, SetSkillState
from hansa.node.shelf import skill_row
from hansa.skills.model import SOME_PARENTS, Origin, Skill, SkillState, lineage_in
from tests.attacks.specimens import NOW
from tests.node.world import SLUG, multiplier
from tests.skills.strategies import skills


@given(skills)
def test_parents_are_read_from_the_bytes_alone(skill: Skill) -> None:
    assert lineage_in(skill.to_bytes()) == skill.lineage
    assert (SOME_PARENTS in skill.to_bytes()) == bool(skill.lineage)


def test_text_that_looks_like_parents_names_nobody() -> None:
    sly = multiplier(3, license='"lineage":["' + SLUG.id[:20])
    assert SOME_PARENTS not in sly.to_bytes()
    assert lineage_in(sly.to_bytes()) == ()


def test_damaged_bytes_name_nobody() -> None:
    whole = multiplier(3, lineage=(SLUG.id,)).to_bytes()
    assert lineage_in(whole) == (SLUG.id,)
    assert lineage_in(whole[:-1]) == ()
    assert lineage_in(b"") == ()


@st.composite
def families(draw: st.DrawFn) -> list[Skill]:
    """Draws skills that name some of those before them."""
    made: list[Skill] = []
    for number in range(draw(st.integers(1, 12))):
        parents = draw(st.lists(st.sampled_from(made), max_size=3, unique_by=lambda one: one.id)) if made else []
        made.append(multiplier(number + 2, lineage=tuple(one.id for one in parents)))
    return made


def below(family: list[Skill], root: ContentId) -> set[ContentId]:
    """The slow, obvious way: everything that names one of those found, until nothing more does."""
    found = {root}
    while more := {one.id for one in family if set(one.lineage) & found} - found:
        found |= more
    return found - {root}


@given(families(), st.randoms(use_true_random=False), st.integers(0, 12))
@settings(max_examples=60, deadline=None)
def test_children_are_found_in_whichever_order_skills_come_and_whenever_it_is_asked(
    family: list[Skill], chance: object, asked_after: int
) -> None:
    store, order = MemoryStore(), list(family)
    chance.shuffle(order)  # type: ignore[attr-defined]
    lineages = Lineages(store)
    for number, skill in enumerate(order):
        if number == asked_after:
            list(lineages.below(family[0].id))
        change = PutSkill(skill_row(skill, Origin.PEER, "did:key:zA", NOW, ""))
        lineages.handed([change])
        if number % 2:  # asked while it is on its way
            assert set(lineages.below(family[0].id)) == below(order[: number + 1], family[0].id)
        asyncio.run(store.apply([change]))
        lineages.settled([change])
    for fresh in (lineages, Lineages(store)):
        for skill in family:
            found = list(fresh.below(skill.id))
            assert len(found) == len(set(found))
            assert set(found) == below(family, skill.id)


def test_a_skill_is_seen_as_it_was_decided_on_last() -> None:
    store, skill = MemoryStore(), multiplier(3, lineage=(SLUG.id,))
    lineages = Lineages(store)
    assert lineages.now(skill.id) is None
    put = PutSkill(skill_row(skill, Origin.PEER, "did:key:zA", NOW, ""))
    first, second = (SetSkillState(skill.id, state) for state in (SkillState.ADMITTED, SkillState.REFUSED))
    for changes in ([put], [first], [second]):
        assert lineages.handed(changes)
    seen = lineages.now(skill.id)
    assert seen is not None
    assert seen.state is SkillState.REFUSED
    for changes in ([put], [first], [second]):
        asyncio.run(store.apply(changes))
        lineages.settled(changes)
    seen = lineages.now(skill.id)
    assert seen is not None
    assert seen.state is SkillState.REFUSED
    assert not lineages.handed([])


def test_a_recall_is_known_until_every_batch_with_it_is_settled() -> None:
    lineages = Lineages(MemoryStore())
    for _ in range(2):
        assert lineages.handed([], [SLUG.id])
    lineages.settled([], [SLUG.id])
    assert lineages.is_being_recalled(SLUG.id)
    lineages.settled([], [SLUG.id])
    assert not lineages.is_being_recalled(SLUG.id)
