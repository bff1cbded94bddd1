"""Attack 9, root metadata by every way in: rollback, freeze and fast-forward, as in tuf-conformance, and recovery.

The rules alone are in `test_009_rollback_freeze.py`; here is what a whole node makes of them.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from hansa.identity.roots import MAX_VERSIONS
from hansa.kernel.instant import DAY, MINUTE
from tests.node.owner import Owner
from tests.node.ways import WAYS, Target
from tests.node.world import START, multiplier

pytestmark = pytest.mark.parametrize("way", WAYS)


async def known(folder: Path, way: str, versions: int = 3) -> tuple[Target, Owner]:
    """Returns a target that has taken so many versions of an invited owner's metadata."""
    target, owner = await Target.fresh(folder), Owner(1)
    target.world.invite(target.node, owner)  # type: ignore[arg-type]
    for number in range(versions):
        assert await target.push(way, owner.name(new=number > 0, until=START if number else None).raw) == "taken"
    return target, owner


def length(target: Target, owner: Owner) -> int:
    return len(target.node.node.core.ring.chain(owner.id))


async def test_older_and_same_versions_change_nothing(tmp_path: Path, way: str) -> None:
    target, owner = await known(tmp_path, way)
    before = target.node.node.core.ring(owner.id)
    assert await target.push_all(way, [one.raw for one in owner.chain]) == ["duplicate"] * 3
    assert target.node.node.core.ring(owner.id) == before


@pytest.mark.parametrize("number", [5, 6, MAX_VERSIONS])
async def test_a_jump_is_refused_and_the_true_next_version_is_taken_after_it(
    tmp_path: Path, way: str, number: int
) -> None:
    """A version at the end of all numbers could never be followed: nobody is sent there."""
    target, owner = await known(tmp_path, way)
    ahead = owner.version(number, [owner.root], [owner.day], {}, [owner.root])
    assert await target.push(way, ahead.raw) == "rollback"
    assert await target.push(way, owner.name().raw) == "taken"
    assert length(target, owner) == 4


async def test_a_version_beyond_the_last_one_is_no_version(tmp_path: Path, way: str) -> None:
    target, owner = await known(tmp_path, way, 1)
    beyond = owner.version(MAX_VERSIONS + 1, [owner.root], [owner.day], {}, [owner.root])
    assert await target.push(way, beyond.raw) in ("rollback", "bad_body")


async def test_versions_in_another_order_are_taken_in_theirs(tmp_path: Path, way: str) -> None:
    target, owner = await known(tmp_path, way, 1)
    second, third = owner.name(), owner.name()
    assert await target.push(way, third.raw) == "rollback"
    assert await target.push_all(way, [second.raw, third.raw]) == ["taken", "taken"]


async def test_a_mix_of_one_versions_keys_and_anothers_number_is_refused(tmp_path: Path, way: str) -> None:
    target, owner = await known(tmp_path, way, 1)
    old = owner.root
    assert await target.push(way, owner.name(new_root=True).raw) == "taken"
    for by in ([old], [owner.fresh(), old]):
        mixed = owner.version(3, [old], [owner.day], {}, by)
        assert await target.push(way, mixed.raw) == "threshold"
    assert length(target, owner) == 2


async def test_a_number_that_is_not_its_version_is_refused(tmp_path: Path, way: str) -> None:
    target, owner = await known(tmp_path, way, 1)
    body = {
        "version": 2, "root_keys": [owner.id], "root_threshold": 1, "signing_keys": [owner.day.public.did],
        "signing_threshold": 1, "retired": [],
    }  # fmt: skip
    for seq in (1, 3, START):
        assert await target.push(way, owner.say("root", body, owner.root, seq=seq, network="*").raw) == "bad_body"


async def test_under_expired_metadata_nothing_comes_in_and_the_root_key_does_not_stand_in(
    tmp_path: Path, way: str
) -> None:
    target, owner = await known(tmp_path, way, 1)
    short = owner.version(2, [owner.root], [owner.day], {}, [owner.root], expires=START + DAY)
    assert await target.push(way, short.raw) == "taken"
    target.world.clock.advance(DAY - 1)
    assert await target.push(way, owner.skill(multiplier(3)).raw) == "taken"
    target.world.clock.advance(1)
    for by in (owner.day, owner.root):
        assert await target.push(way, owner.skill(multiplier(4), by).raw) == "expired"
    assert target.node.holds(multiplier(3))


async def test_an_expired_version_is_a_step_to_the_next(tmp_path: Path, way: str) -> None:
    """A node that slept past an expiry catches up over it."""
    target, owner = await known(tmp_path, way, 1)
    past = owner.version(2, [owner.root], [owner.day], {}, [owner.root], expires=START - MINUTE)
    assert await target.push(way, past.raw) == "taken"
    assert await target.push(way, owner.skill(multiplier(3)).raw) == "expired"
    owner.chain.append(past)
    assert await target.push(way, owner.name().raw) == "taken"
    assert await target.push(way, owner.skill(multiplier(3)).raw) == "taken"


async def test_metadata_of_the_future_is_refused(tmp_path: Path, way: str) -> None:
    target, owner = await known(tmp_path, way, 1)
    body = {
        "version": 2, "root_keys": [owner.id], "root_threshold": 1, "signing_keys": [owner.day.public.did],
        "signing_threshold": 1, "retired": [],
    }  # fmt: skip
    late = owner.say("root", body, owner.root, seq=2, network="*", created=START + DAY)
    assert await target.push(way, late.raw) == "from_future"
