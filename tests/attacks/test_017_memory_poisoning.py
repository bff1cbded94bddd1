"""Attack 17: memory poisoning. Whoever may push fills a node's memory with skills made to be found.

In Hansa what is found does nothing; an action is an `execute`. So: one author fills no page while others have something
to say, a flood hides nobody, and poison from one root of trust influences no action, neither where acceptance cases
decide nor, with `corroborations` at 2, where nothing but a skill's own checks speaks for it.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from hansa.adapters.keys import MemoryKeys
from hansa.kernel.ids import NodeId, content_id
from hansa.node.rows import PutEvidence, PutRecord, PutSkill, RecordRow, SetSkillState
from hansa.node.shelf import index_text, skill_row
from hansa.skills.messages import EVIDENCE
from hansa.skills.model import Case, Evidence, Origin, Outcome, Skill, SkillState
from tests.attacks.specimens import scaled
from tests.node.world import HARNESS, Resident, World, make_skill

MALLORY, ANN, BOB, WITNESS = (MemoryKeys(bytes([number]) * 32).node_id for number in range(1, 5))
INTENT = "convert a temperature from celsius to fahrenheit"
HONEST = "def convert(x):\n    return x * 9 // 5 + 32\n"
POISON = "def convert(x):\n    return 0\n"
FLOOD = scaled(300)


def skill(code: str, number: int, answer: str, intent: str = INTENT) -> Skill:
    """Returns a skill whose own checks hold: the poisoned one's ask for what it answers."""
    return make_skill("convert", f"{code}# {number}\n", {"(10,)": answer}, intent)


def poison(number: int, intent: str = INTENT) -> Skill:
    return skill(POISON, number, "0", intent)


async def hold(node: Resident, one: Skill, author: NodeId, state: SkillState = SkillState.ADMITTED) -> None:
    """Has the node hold a peer's skill; an admitted one was proved by the node."""
    row = skill_row(one, Origin.PEER, author, node.clock.now(), "http://peer")
    await node.store.apply([PutSkill(row), SetSkillState(one.id, state)])
    if state is SkillState.ADMITTED:
        await saw_it_pass(node, one, node.id)
    node.sandbox.teach(one)  # type: ignore[union-attr]
    node.node.core.index.add(one.id, index_text(one.intent, one.tags))


async def saw_it_pass(node: Resident, one: Skill, prover: NodeId) -> None:
    digest = content_id(b"out")
    finding = Evidence(one.id, prover, HARNESS, "table", Outcome.PASS, 5, 5, 5, 5, digest, "", node.clock.now())
    id_ = content_id(f"{one.id} {prover}".encode())
    seq = int(id_[:12], 16)
    record = RecordRow(id_, EVIDENCE, prover, seq, one.id, finding.at, node.clock.now(), b"")
    await node.store.apply([PutRecord(record), PutEvidence(id_, finding)])


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, "memory")


def settle(world: World, **ranking: object) -> Resident:
    """Returns a node whose operator names a verifier: the word of others is none (threat 25)."""
    return world.settle("a", config={"ranking": ranking, "conduct": {"verifiers": (WITNESS,)}} if ranking else {})


# ---- what is found


async def test_no_author_fills_a_page_while_others_have_something_to_say(world: World) -> None:
    node = settle(world)
    for number in range(30):
        await hold(node, poison(number), MALLORY)
    for number, author in enumerate((ANN, BOB, ANN, BOB)):
        await hold(node, skill(HONEST, number, "50", f"{INTENT} for a weather report {number}"), author)
    found = node.node.finder.find(INTENT, 10)
    authors = Counter(one.row.author for one in found)
    assert authors[MALLORY] <= 7
    assert authors[ANN] + authors[BOB] >= 3
    later = node.node.finder.find(INTENT, 30, page=10)[10:]
    assert any("behind other authors" in one.rank.why for one in later)
    assert not any("behind other authors" in one.rank.why for one in found)


async def test_alone_an_author_has_the_page(world: World) -> None:
    node = settle(world)
    for number in range(12):
        await hold(node, poison(number), MALLORY)
    assert len(node.node.finder.find(INTENT, 10)) == 10


async def test_a_flood_in_quarantine_hides_nothing_that_is_proved(world: World) -> None:
    node = settle(world)
    for number in range(FLOOD):
        await hold(node, poison(number), MALLORY, SkillState.QUARANTINED)
    await hold(node, skill(HONEST, 0, "50", f"{INTENT} for a weather report"), ANN)
    found = node.node.finder.find(INTENT, 10)
    assert [one.row.author for one in found] == [ANN]


async def test_a_flood_of_proved_skills_hides_no_other_author(world: World) -> None:
    node = settle(world)
    for number in range(120):
        await hold(node, poison(number), MALLORY)
    await hold(node, skill(HONEST, 0, "50", f"{INTENT} for a weather report"), ANN)
    assert ANN in {one.row.author for one in node.node.finder.find(INTENT, 10)}


# ---- what is done


async def test_poison_influences_no_action_where_cases_decide(world: World) -> None:
    node = settle(world)
    for number in range(30):
        await hold(node, poison(number), MALLORY)
    honest = skill(HONEST, 0, "50", f"{INTENT} for a weather report")
    await hold(node, honest, ANN)
    world.table.teach(honest, behaviour(honest, {"(100,)": "212"}))
    done = await node.node.execute(INTENT, "(100,)", (Case(args="(10,)", expect="50"),))
    assert (done.how, done.skill, done.value) == ("reused", honest.id, "212")


async def test_one_root_of_trust_influences_no_action_without_a_second_witness(world: World) -> None:
    """One poisoned skill in a hundred, proved here by its own checks, and named exactly as what will be asked."""
    node = settle(world, corroborations=2)
    for number in range(99):
        await hold(node, skill(HONEST, number, "50", f"measure the length of cable number {number}"), ANN)
    bad = poison(0)
    await hold(node, bad, MALLORY)
    await saw_it_pass(node, bad, MALLORY)  # its author's own word
    await saw_it_pass(node, bad, BOB)  # and that of somebody of whom nothing is known
    assert node.node.finder.find(INTENT, 1)[0].row.id == bad.id
    done = await node.node.execute(INTENT, "(10,)")
    assert (done.how, done.skill) == ("unsolved", None)
    await saw_it_pass(node, bad, WITNESS)
    assert (await node.node.execute(INTENT, "(10,)")).skill == bad.id


async def test_what_is_this_nodes_own_needs_no_witness(world: World) -> None:
    node = settle(world, corroborations=2)
    own = skill(HONEST, 0, "50")
    world.table.teach(own)
    await node.add(own)
    await node.node.prover.prove(node.row(own), trials=2)
    assert (await node.node.execute(INTENT, "(10,)")).skill == own.id


def behaviour(one: Skill, more: dict[str, str]) -> object:
    from tests.node.world import Behaviour, as_checked

    return Behaviour({**as_checked(one).values, **more})
