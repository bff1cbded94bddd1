"""Attack 11 through every pair of ways: two records under one number, shown to one node or to two."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from hansa.identity import envelope
from hansa.identity.envelope import verify
from hansa.kernel.verdict import Reason
from hansa.node.vault import open_record
from tests.node.ways import WAYS, Target
from tests.node.world import DOUBLE, SLUG, World, multiplier, skill_message


@pytest.mark.parametrize(("first", "second"), list(itertools.product(WAYS, WAYS)))
async def test_the_second_record_of_a_number_is_refused_and_the_proof_is_kept(
    tmp_path: Path, first: str, second: str
) -> None:
    target = await Target.fresh(tmp_path)
    mine = [skill_message(target.author.key, skill, seq=77) for skill in (DOUBLE, multiplier(3))]
    assert await target.push(first, mine[0].raw) == "taken"
    assert await target.push(second, mine[1].raw) == "equivocation"
    assert not target.node.holds(multiplier(3))
    (entry,) = target.node.store.ledger()
    assert (entry.dealing, entry.subject) == ("equivocated", target.author.id)
    receipt = open_record(target.node.store.record(entry.entry.receipt)).body
    assert receipt["records"][:2] == [mine[0].id, mine[1].id]
    for one in mine:
        told = " ".join(line.text for line in target.node.node.stories.why(one.id).lines)
        assert "equivocation" in told or "same sequence number" in told
    kept = [target.node.store.record(mine[0].id).envelope, target.node.store.blob(receipt["records"][2])]
    messages = [verify(envelope.read(raw)) for raw in kept]  # both signatures hold: anybody can check it
    assert len({one.id for one in messages}) == 2
    assert len({(one.author, one.header.seq) for one in messages}) == 1


@pytest.mark.parametrize("way", WAYS)
async def test_many_rivals_of_one_number_leave_one_receipt(tmp_path: Path, way: str) -> None:
    target = await Target.fresh(tmp_path)
    rivals = [skill_message(target.author.key, multiplier(n), seq=77).raw for n in range(2, 12)]
    fates = await target.push_all(way, rivals)
    assert fates == ["taken"] + ["equivocation"] * 9
    assert len(target.node.store.ledger()) == 1


async def test_two_honest_nodes_that_were_shown_two_views_find_out_within_one_round(tmp_path: Path) -> None:
    """The author tells one hub this and the other hub that; B listens to both."""
    world = World(tmp_path, "memory")
    left, right, author = world.settle("left", "hub"), world.settle("right", "hub"), world.settle("author")
    b = world.settle("b")
    for hub, skill in ((left, SLUG), (right, DOUBLE)):
        world.invite(hub, author)
        async with hub.http() as http:
            answer = await http.post("/skills", content=skill_message(author.key, skill, seq=5).raw)
            assert answer.status_code == 201
        await b.subscribe(hub)
    assert [one.reason for one in await b.pull(left)] == [None]
    assert [one.reason for one in await b.pull(right)] == [Reason.EQUIVOCATION]
    assert [row.dealing for row in b.store.ledger()] == ["equivocated"]
    assert (await b.ask("ledger.verify")).ok
