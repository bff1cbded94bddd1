"""Attack 18 through a whole node: whatever is claimed of skills, they are found, ranked, listed and shown alike."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hansa.skills.model import MILLION, Claim
from tests.attacks.specimens import key, scaled
from tests.node.ways import WAYS, Target
from tests.node.world import HARNESS, multiplier, skill_message
from tests.skills.strategies import claims

SKILLS = [multiplier(number) for number in range(3, 9)]
BEST = Claim(confidence=MILLION, verification_score=MILLION, trials=2**53 - 1, harness=HARNESS)


async def shown(folder: Path, way: str, made: list[Claim]) -> list[Any]:
    """Returns all that a node tells of skills that came with these claims."""
    target = await Target.fresh(folder, role="hub")
    numbers = range(1, len(SKILLS) + 1)
    raws = [
        skill_message(key(1), skill, claim, seq=number).raw
        for number, skill, claim in zip(numbers, SKILLS, made, strict=True)
    ]
    await target.node.ask("peer.set", id=key(1).public.did, invited=True)
    assert await target.push_all(way, raws) == ["taken"] * len(raws)
    told: list[Any] = [(await target.node.ask("skill.list")).value]
    for intent in ("multiply a number by 5", "multiply", "a number"):
        states = ["quarantined", "admitted"]
        told.append((await target.node.ask("find", intent=intent, states=states, limit=10)).value)
    async with target.node.http() as http:
        told.append((await http.get("/skills", params={"intent": "multiply a number by 5"})).json())
        told.append((await http.get("/skills")).json())
    told += [target.node.row(skill).state for skill in SKILLS]
    target.world.close()
    return told


@pytest.mark.parametrize("way", WAYS)
async def test_the_best_claims_change_no_place_in_any_list(tmp_path: Path, way: str) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    praised = [BEST if number % 2 else Claim() for number in range(len(SKILLS))]
    assert await shown(tmp_path / "a", way, praised) == await shown(tmp_path / "b", way, [Claim()] * len(SKILLS))


@settings(max_examples=scaled(8), deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(claims, min_size=len(SKILLS), max_size=len(SKILLS)))
async def test_no_claim_changes_a_place_in_any_list(made: list[Claim]) -> None:
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        assert await shown(Path(one), "http", made) == await shown(Path(other), "http", [Claim()] * len(SKILLS))
