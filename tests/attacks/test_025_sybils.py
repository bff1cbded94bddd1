"""Attack 25: many keys of one owner that praise each other. Influence is by edges from honest nodes, not by keys."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hansa.conduct.dealings import Dealing
from hansa.conduct.standing import Rung
from tests.attacks.society import Observer, node
from tests.attacks.specimens import scaled
from tests.node.test_conduct import b_reads, goods, league, push
from tests.node.world import World

HONEST = ("ann", "ben", "cleo")


def society(sybils: int, edges: int = 0) -> Observer:
    """Returns an observer of a world with a ring in it, of which one member dealt well `edges` times with it."""
    seen = Observer(verifiers=("friend",))
    for number, name in enumerate(HONEST):
        for _ in range(4 * (number + 1)):
            seen.keep("observer", name, Dealing.SKILL_REPROVED)
    for _ in range(edges):
        seen.keep("observer", "sybil 0", Dealing.SKILL_REPROVED)
    for number in range(sybils):
        seen.keep(f"sybil {number}", f"sybil {(number + 1) % sybils}", Dealing.SKILL_REPROVED)
        seen.keep(f"sybil {number}", "sybil 0", Dealing.TASK_DELIVERED)
        seen.keep(f"sybil {number}", "ann", Dealing.SKILL_REFUTED, "sandbox_file_access")
    return seen


@pytest.mark.parametrize("sybils", [10, 100, scaled(400)])
def test_a_ring_of_any_size_moves_no_honest_ranking(sybils: int) -> None:
    alone, crowded = society(0), society(sybils)
    assert crowded.ranking(HONEST) == alone.ranking(HONEST)
    ring = crowded.ranking([f"sybil {number}" for number in range(sybils)])
    assert {one[1:] for one in ring} == {(int(Rung.STRANGER), 0, 0)}


@pytest.mark.parametrize("edges", [1, 3, 16])
def test_what_a_ring_gains_is_what_one_of_it_has_earned_here_whatever_its_size(edges: int) -> None:
    few, many = society(10, edges), society(scaled(100), edges)
    assert few.ranking(["sybil 0"]) == many.ranking(["sybil 0"])
    assert many.ranking(["sybil 1"])[0][1:] == (int(Rung.STRANGER), 0, 0)


@settings(max_examples=scaled(25), deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.sampled_from(Dealing)), max_size=40))
def test_no_graph_of_praise_among_strangers_gives_any_of_them_anything(edges: list[tuple[int, int, Dealing]]) -> None:
    seen = Observer()
    for by, about, dealing in edges:
        seen.keep(f"sybil {by}", f"sybil {about}", dealing)
    assert all(seen.accounts.account(node(f"sybil {n}")).good == 0 for n in range(10))


async def test_findings_of_strangers_make_no_witness_and_no_corroboration(world: World) -> None:
    hub, a, b, _ = league(world)
    skill = goods(world, 1)[0]
    await push(hub, a, skill)
    ring = [world.settle(f"sybil-{number}") for number in range(4)]
    world.invite(hub, *ring)
    for one in ring:
        await b_reads(hub, one)
    await b_reads(hub, b)
    assert len({found.prover for found in b.store.evidence(skill.id)}) == 5
    assert b.node.shelf.level(b.row(skill)).name == "E2", "four strangers who saw it pass are no witnesses"
    assert b.node.core.settings.ranking.corroborations == 1
