"""Attack 20: ancestors that go in circles, go on for ever, or are many; made up parents."""

from __future__ import annotations

import pytest

from hansa.kernel.ids import ContentId
from hansa.kernel.verdict import Reason
from hansa.kernel.wire import parse
from hansa.skills.messages import SkillBody, skill_body
from hansa.skills.model import Claim, Skill
from hansa.skills.policy import Params
from hansa.skills.service import Known, receive
from tests.attacks.specimens import reason
from tests.skills.specimens import ALICE, SHOUT, changed, name


def made_from(*parents: ContentId, intent: str = SHOUT.intent) -> Skill:
    return changed(SHOUT, lineage=parents, intent=intent)


def generations(count: int) -> tuple[Skill, dict[ContentId, tuple[ContentId, ...]]]:
    """A real chain: each skill names the one before it by its id. Returns the youngest, and those held."""
    held: dict[ContentId, tuple[ContentId, ...]] = {}
    last = made_from(intent="generation 0")
    for number in range(1, count + 1):
        held[last.id] = tuple(ContentId(one) for one in last.lineage)
        last = made_from(last.id, intent=f"generation {number}")
    return last, held


def why_not(skill: Skill, held: dict[ContentId, tuple[ContentId, ...]]) -> Reason:
    return reason(receive, skill, ALICE, Known(), held.get, Params())


def test_a_skill_cannot_name_itself_without_becoming_another() -> None:
    skill = SHOUT
    for _ in range(10):
        child = made_from(skill.id)
        assert child.id not in child.lineage
        skill = child


def test_a_cycle_that_the_store_claims_to_hold_is_refused() -> None:
    skill = made_from(name(1))
    assert why_not(skill, {name(1): (skill.id,)}) is Reason.BAD_LINEAGE
    assert why_not(skill, {name(1): (name(2),), name(2): (skill.id,)}) is Reason.BAD_LINEAGE


def test_generations_up_to_64_are_taken_and_no_more() -> None:
    youngest, held = generations(64)
    assert receive(youngest, ALICE, Known(), held.get, Params()).depth == 64
    assert why_not(*generations(65)) is Reason.BAD_LINEAGE


def test_more_than_32_parents_are_refused_and_more_than_64_are_no_skill() -> None:
    many = [name(number) for number in range(65)]
    assert receive(made_from(*many[:32]), ALICE, Known(), {}.get, Params())
    assert why_not(made_from(*many[:33]), {}) is Reason.BAD_LINEAGE
    assert reason(parse, skill_body(made_from(*many), Claim()), SkillBody) is Reason.BAD_BODY


def test_made_up_parents_are_named_unresolved_and_lend_nothing() -> None:
    found = receive(made_from(name(1), name(2)), ALICE, Known(), {}.get, Params())
    assert (found.resolved, found.unresolved, found.depth) == ((), (name(1), name(2)), 0)


@pytest.mark.parametrize("width", [2, 32])
def test_a_mesh_with_a_million_ways_is_walked_in_linear_time(width: int) -> None:
    rows = [[name(f"{row} {place}") for place in range(width)] for row in range(60)]
    held = {one: tuple(above) for row, above in zip(rows, [*rows[1:], []], strict=True) for one in row}
    asked = []

    def parents(one: ContentId) -> tuple[ContentId, ...] | None:
        asked.append(one)
        return held.get(one)

    found = receive(made_from(*rows[0]), ALICE, Known(), parents, Params())
    assert (found.depth, len(found.resolved)) == (60, 60 * width)
    assert len(asked) == 60 * width


def test_a_tree_without_end_is_refused() -> None:
    first = [name(number) for number in range(32)]

    def parents(one: ContentId) -> tuple[ContentId, ...]:
        return tuple(name(f"{one} {place}") for place in range(32 if one in first else 4))

    skill = made_from(*first)
    assert reason(receive, skill, ALICE, Known(), parents, Params()) is Reason.BAD_LINEAGE


@pytest.mark.parametrize("bad", ["", "x", "0" * 63, "0" * 65, "A" * 64, "0" * 64 + "\n"])
def test_a_parent_is_named_by_its_id_only(bad: str) -> None:
    assert reason(parse, skill_body(made_from(ContentId(bad)), Claim()), SkillBody) is Reason.BAD_BODY
