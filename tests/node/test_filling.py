"""At the start the index is brought in line with the store, whatever it brought along."""

from __future__ import annotations

from pathlib import Path

from hansa.adapters.index.kept import KeptIndex
from hansa.kernel.ids import content_id
from hansa.node.rows import SetSkillState
from hansa.skills.model import SkillState
from tests.node.world import Resident, World, multiplier

SKILLS = [multiplier(factor) for factor in range(2, 8)]


async def filled(world: World) -> Resident:
    node = world.settle("a")
    for skill in SKILLS:
        await node.add(skill)
    return node


def restarted(node: Resident, index: KeptIndex) -> list[str]:
    """Returns what the index holds after a start with it."""
    node.node.core.index = index
    assert node.node.start() == len(node.store.ids_of_skills([SkillState.QUARANTINED]))
    return sorted(index.held())


async def test_what_is_missing_is_added_and_what_is_gone_is_dropped(world: World, tmp_path: Path) -> None:
    node = await filled(world)
    index = KeptIndex(tmp_path / "index")
    index.add(SKILLS[0].id, f"{SKILLS[0].intent} ({' '.join(SKILLS[0].tags)})")
    index.add(content_id(b"gone"), "Of another time")
    assert restarted(node, index) == sorted(one.id for one in SKILLS)


async def test_a_removed_skill_is_not_found_after_a_start(world: World, tmp_path: Path) -> None:
    node = await filled(world)
    index = KeptIndex(tmp_path / "index")
    restarted(node, index)
    await node.store.apply([SetSkillState(SKILLS[0].id, SkillState.REMOVED)])
    assert restarted(node, index) == sorted(one.id for one in SKILLS[1:])


async def test_texts_that_are_not_the_stores_are_not_believed(world: World, tmp_path: Path) -> None:
    """The file is whole and holds the right skills, under other texts."""
    node = await filled(world)
    index = KeptIndex(tmp_path / "index")
    for skill in SKILLS:
        index.add(skill.id, "Bake a loaf of rye bread")
    restarted(node, index)
    assert index.nearest("rye bread", 5) == []
    assert index.nearest(SKILLS[3].intent, 1)[0].skill == SKILLS[3].id
