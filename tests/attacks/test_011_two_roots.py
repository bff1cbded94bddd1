"""Attack 11, root metadata: the root key signs two different versions of one number. The first stays."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from hansa.identity import envelope, roots
from hansa.node.vault import open_record
from hansa.skills.model import SkillState
from tests.node.owner import Owner
from tests.node.ways import WAYS, Target
from tests.node.world import DOUBLE, START, World, multiplier


async def twofold(folder: Path, first: str, second: str, kind: str = "memory") -> tuple[Target, Owner, list]:
    """Returns a target that was shown two different versions 2, which the root key signed."""
    target = await Target.ready(World(folder, kind))
    owner = Owner(1)
    target.world.invite(target.node, owner)  # type: ignore[arg-type]
    assert await target.push(first, owner.name().raw) == "taken"
    rivals = [owner.version(2, [owner.root], [owner.fresh()], {}, [owner.root]) for _ in range(2)]
    assert await target.push(first, rivals[0].raw) == "taken"
    assert await target.push(second, rivals[1].raw) == "equivocation"
    return target, owner, rivals


@pytest.mark.parametrize(("first", "second"), list(itertools.product(WAYS, WAYS)))
async def test_the_first_of_two_versions_stays_and_the_proof_is_kept(tmp_path: Path, first: str, second: str) -> None:
    target, owner, rivals = await twofold(tmp_path, first, second)
    core = target.node.node.core
    assert [row.id for row in core.ring.records(owner.id)][1:] == [rivals[0].id]
    (entry,) = target.node.store.ledger()
    assert (entry.dealing, entry.subject) == ("equivocated", owner.id)
    receipt = open_record(target.node.store.record(entry.entry.receipt)).body
    assert receipt["records"][:2] == [one.id for one in rivals]
    kept = [target.node.store.record(rivals[0].id).envelope, target.node.store.blob(receipt["records"][2])]
    chain = roots.advance(None, owner.chain[0], owner.id)
    bodies = [roots.advance(chain, envelope.read(raw), owner.id) for raw in kept]  # anybody can check it
    assert bodies[0] != bodies[1]
    assert (await target.node.ask("ledger.verify")).ok


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", ["memory", "sqlite"])
async def test_no_further_version_of_a_spent_id_is_taken_after_a_restart_neither(
    tmp_path: Path, way: str, kind: str
) -> None:
    target, owner, _ = await twofold(tmp_path, way, way, kind)
    day = owner.fresh()
    third = owner.version(3, [owner.root], [day], {}, [owner.root])
    for _ in range(2):
        assert await target.push(way, third.raw) == "equivocation"
        assert await target.push(way, owner.skill(DOUBLE, day).raw) == "wrong_signer"
        assert len(target.node.node.core.ring.chain(owner.id)) == 2
        target.node = target.world.restart(target.node)
    assert len(target.node.store.ledger()) == 1
    target.world.close()


@pytest.mark.parametrize("way", WAYS)
async def test_whoever_has_no_root_key_cannot_make_it_look_so(tmp_path: Path, way: str) -> None:
    target = await Target.fresh(tmp_path)
    owner = Owner(1)
    target.world.invite(target.node, owner)  # type: ignore[arg-type]
    await target.push(way, owner.name().raw)
    stolen = owner.day
    for rival in (
        owner.version(1, [owner.root], [stolen], {}, [stolen]),
        owner.version(1, [stolen], [stolen], {}, [stolen]),
        owner.say("skill", {}, stolen, seq=1),
        owner.say("root", {**envelope_body(owner), "version": 2}, owner.root, seq=1),
    ):
        assert await target.push(way, rival.raw) in ("threshold", "wrong_signer", "bad_body")
    assert target.node.store.ledger() == []
    assert await target.push(way, owner.name(new=True, until=START).raw) == "taken"


def envelope_body(owner: Owner) -> dict:
    return dict(envelope.verify(owner.chain[0]).body)


async def test_another_nodes_proof_is_taken_where_both_versions_lie(tmp_path: Path) -> None:
    target, _, rivals = await twofold(tmp_path, "http", "http")
    (entry,) = target.node.store.ledger()
    receipt = open_record(target.node.store.record(entry.entry.receipt)).body
    told = target.author.say("receipt", receipt)
    assert await target.push("http", told.raw) == "taken"
    other = {**receipt, "records": [rivals[0].id, rivals[0].id, receipt["records"][2]], "subject": target.author.id}
    assert await target.push("http", target.author.say("receipt", other).raw) == "unknown_skill"


async def test_records_under_the_first_version_stay(tmp_path: Path) -> None:
    target = await Target.fresh(tmp_path)
    owner = Owner(1)
    target.world.invite(target.node, owner)  # type: ignore[arg-type]
    await target.push("http", owner.name().raw)
    await target.push("http", owner.skill(multiplier(3)).raw)
    second = owner.version(1, [owner.root], [owner.fresh()], {}, [owner.root])
    assert await target.push("http", second.raw) == "equivocation"
    assert target.node.row(multiplier(3)).state is SkillState.QUARANTINED
