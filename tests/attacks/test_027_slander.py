"""Attack 27: bad words about an honest node. What nobody has proved here moves nothing, however often it is said."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansa.conduct.dealings import MALICIOUS, Dealing
from hansa.conduct.ledger import KIND as RECEIPT
from hansa.conduct.ledger import Receipt
from hansa.conduct.trust import trust
from hansa.kernel.ids import ContentId
from hansa.kernel.verdict import Reason
from hansa.skills.messages import EVIDENCE, SKILL
from hansa.skills.model import Evidence, Outcome
from tests.attacks.society import NOW, Observer, node
from tests.attacks.specimens import scaled
from tests.node.test_conduct import b_reads, goods, league, push
from tests.node.world import HARNESS, Resident, World

BAD = [one for one in Dealing if one not in (Dealing.SKILL_REPROVED, Dealing.TASK_DELIVERED)]


@given(st.integers(0, 20), st.lists(st.tuples(st.sampled_from(BAD), st.sampled_from(sorted(MALICIOUS))), max_size=60))
def test_no_number_of_bad_reports_by_others_changes_anything(good: int, reports: list[tuple[Dealing, str]]) -> None:
    quiet, loud = Observer(), Observer()
    for seen in (quiet, loud):
        for _ in range(good):
            seen.keep("observer", "honest", Dealing.SKILL_REPROVED)
    for number, (dealing, reason) in enumerate(reports):
        loud.keep(f"slanderer {number}", "honest", dealing, reason)
    before, after = quiet.accounts, loud.accounts
    assert after.decide(node("honest"), NOW, "text") == before.decide(node("honest"), NOW, "text")
    assert trust(after.account(node("honest"))) == trust(before.account(node("honest")))
    assert after.account(node("honest")).reputation == before.account(node("honest")).reputation


async def slander(hub: Resident, slanderer: Resident, honest: Resident, skill: str, proof: bool) -> list[int]:
    """Has somebody report that a skill reached for files; returns the status of each answer."""
    claim = next(one for one in hub.store.records_about(skill, SKILL) if one.author == honest.id)
    finding = Evidence(
        ContentId(skill), slanderer.id, HARNESS, "table", Outcome.FAIL, 5, 0, 0, 2, "0" * 64, "sandbox_file_access", 0
    )
    from hansa.skills.messages import evidence_body

    evidence = slanderer.say(EVIDENCE, evidence_body(finding))
    receipt = Receipt(
        dealing=Dealing.SKILL_REFUTED,
        subject=honest.id,
        skill=skill,
        records=(claim.id, evidence.id),
        reason="sandbox_file_access",
    )
    said = slanderer.say(RECEIPT, msgspec.to_builtins(receipt))
    told = []
    async with hub.http() as http:
        for message in [evidence, said] if proof else [said]:
            told.append((await http.post("/records", content=message.raw)).status_code)
    return told


@pytest.mark.parametrize("proof", [True, False])
async def test_a_campaign_against_an_honest_author_moves_nobody(world: World, proof: bool) -> None:
    hub, a, b, _ = league(world)
    skill = goods(world, 16)[0]
    await push(hub, a, *goods(world, 16))
    await b_reads(hub, b)
    before = [one.node.conduct.decide(a.id, "arithmetic") for one in (hub, b)]
    found = b.node.find(skill.intent)
    ring = [world.settle(f"slanderer-{number}") for number in range(scaled(5))]
    world.invite(hub, *ring)
    for one in ring:
        told = await slander(hub, one, a, skill.id, proof)
        assert told == ([201, 201] if proof else [404]), "no word without a deed is even kept"
    await b_reads(hub, b)
    assert [one.node.conduct.decide(a.id, "arithmetic") for one in (hub, b)] == before
    after = b.node.find(skill.intent)
    assert [(one.row.id, one.rank.score) for one in after] == [(one.row.id, one.rank.score) for one in found]
    if not proof:
        assert hub.refusals() == {Reason.UNKNOWN_SKILL.code: len(ring)}
