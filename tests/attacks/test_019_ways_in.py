"""Attack 19 through every way in: nobody can occupy another content's name."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.node.ways import WAYS, Target
from tests.node.world import DOUBLE, SLUG, Resident, make_skill, skill_message, true_claim


@pytest.mark.parametrize("way", WAYS)
async def test_a_name_follows_from_the_content_and_from_nothing_else(tmp_path: Path, way: str) -> None:
    target = await Target.fresh(tmp_path)
    evil = make_skill("slugify", "def slugify(title):\n    return 'evil'\n", {}, SLUG.intent, checks=SLUG.checks)
    assert await target.push(way, skill_message(target.author.key, evil).raw) == "taken"
    assert evil.id != SLUG.id
    assert target.node.row(SLUG).body == SLUG.to_bytes()
    assert target.node.row(evil).body == evil.to_bytes()


@pytest.mark.parametrize("field", ["id", "trace_id", "skill_id", "name"])
@pytest.mark.parametrize("way", WAYS)
async def test_a_message_can_not_name_what_it_carries(tmp_path: Path, way: str, field: str) -> None:
    import msgspec

    from tests.node.world import speak

    target = await Target.fresh(tmp_path)
    body = {"skill": msgspec.to_builtins(DOUBLE) | {field: SLUG.id}, "claim": msgspec.to_builtins(true_claim())}
    assert await target.push(way, speak(target.author.key, "skill", body).raw) == "bad_body"
    body = {"skill": msgspec.to_builtins(DOUBLE), "claim": msgspec.to_builtins(true_claim()), field: SLUG.id}
    assert await target.push(way, speak(target.author.key, "skill", body).raw) == "bad_body"


@pytest.mark.parametrize("first", WAYS)
@pytest.mark.parametrize("second", WAYS)
async def test_whoever_was_first_keeps_nobody_else_out(tmp_path: Path, first: str, second: str) -> None:
    """A squatter passes the same content on first, with a poor claim: the author's own record comes in all the same."""
    target = await Target.fresh(tmp_path)
    squatter: Resident = target.liar
    poor = true_claim(confidence=0, verification_score=0, trials=0)
    assert await target.push(first, skill_message(squatter.key, DOUBLE, poor).raw) == "taken"
    assert await target.push(second, skill_message(target.author.key, DOUBLE).raw) == "taken"
    shown = (await target.node.ask("skill.show", id=DOUBLE.id)).value
    assert shown["publishers"] == [squatter.id, target.author.id]
    assert len([one for one in target.node.node.unproved() if one.id == DOUBLE.id]) == 1


@pytest.mark.parametrize("way", WAYS)
async def test_the_same_content_twice_is_one_record(tmp_path: Path, way: str) -> None:
    target = await Target.fresh(tmp_path)
    fates = await target.push_all(way, [skill_message(target.author.key, DOUBLE).raw for _ in range(3)])
    assert fates == ["taken", "duplicate", "duplicate"]
    assert len(target.node.store.records_about(DOUBLE.id)) == 1
