"""From quarantine to use: what is proved here, what is refuted, who hears of it, and what each evidence level takes."""

from __future__ import annotations

import pytest

from hansa.adapters.sandbox.process import ProcessSandbox
from hansa.conduct.ledger import Dealing, first_fault
from hansa.kernel.errors import NoSandbox, UsageError
from hansa.kernel.jobs import Attempt, TrialEnd
from hansa.kernel.verdict import Reason
from hansa.node.vault import open_record
from hansa.skills.messages import SKILL
from hansa.skills.model import Level, Origin, Outcome, SkillState
from tests.node.world import (
    DOUBLE,
    HARNESS,
    LIE,
    SLUG,
    Behaviour,
    Resident,
    Table,
    World,
    intents,
    make_skill,
    multiplier,
    skill_message,
    true_claim,
)


def league(world: World) -> tuple[Resident, Resident, Resident]:
    hub, a, b = world.settle("hub", "hub"), world.settle("a"), world.settle("b")
    world.invite(hub, a, b)
    return hub, a, b


async def lie_to(hub: Resident, liar: Resident, *skills, **claim) -> None:
    """Has the liar push skills with a claim that was never computed."""
    async with hub.http() as http:
        for skill in skills:
            answer = await http.post("/skills", content=skill_message(liar.key, skill, true_claim(**claim)).raw)
            assert answer.status_code == 201


# ---- quarantine


async def test_a_peers_skill_is_not_found_before_it_is_proved_here(world: World) -> None:
    hub, a, b = league(world)
    world.table.teach(SLUG)
    await a.publish(SLUG, hub)
    await b.subscribe(hub)
    await b.pull(hub)

    assert b.node.find(SLUG.intent) == []
    assert (await b.ask("find", intent=SLUG.intent)).value["skills"] == []
    asked = await b.ask("find", intent=SLUG.intent, states=["quarantined"])
    assert [(one["intent"], one["state"]) for one in asked.value["skills"]] == [(SLUG.intent, "quarantined")]
    assert (await b.node.execute(SLUG.intent, "('X',)")).how == "unsolved"

    (proof,) = await b.prove_waiting()
    assert (proof.finding.outcome, proof.state) == (Outcome.PASS, SkillState.ADMITTED)
    assert intents(b.node.find(SLUG.intent)) == [SLUG.intent]


async def test_what_is_proved_waits_for_a_person_where_the_operator_wants_that(world: World) -> None:
    hub, a = world.settle("hub", "hub"), world.settle("a")
    b = world.settle("b", config={"admit_proved": False})
    world.invite(hub, a)
    world.table.teach(SLUG)
    await a.publish(SLUG, hub)
    await b.subscribe(hub)
    await b.sync(hub)
    assert b.row(SLUG).state is SkillState.QUARANTINED
    assert b.node.shelf.level(b.row(SLUG)) is Level.E2
    assert b.node.find(SLUG.intent) == []
    settled = await b.ask("quarantine.settle", id=SLUG.id, approve=True, why="read it")
    assert settled.value["state"] == "admitted"
    assert intents(b.node.find(SLUG.intent)) == [SLUG.intent]


async def test_an_operator_can_approve_and_reject_on_his_own_word(world: World) -> None:
    hub, a, b = league(world)
    document = make_skill("negate", "def negate(x):\n    return -x\n", {}, "negate a number")
    await lie_to(hub, a, document)
    await b.subscribe(hub)
    await b.sync(hub)
    assert (b.row(document).state, b.node.shelf.level(b.row(document))) == (SkillState.QUARANTINED, Level.E1)
    assert b.node.unproved() == []
    await b.ask("quarantine.settle", id=document.id, approve=True)
    assert intents(b.node.find("negate a number")) == ["negate a number"]
    await b.ask("quarantine.settle", id=document.id, approve=False, why="changed my mind")
    assert b.row(document).reason == "operator_rejected"
    assert b.node.find("negate a number") == []
    with pytest.raises(UsageError, match="refused can't be rejected"):
        await b.ask("quarantine.settle", id=document.id, approve=False)
    assert "changed my mind" in b.node.stories.why(document.id).lines[3].text


async def test_no_proof_undoes_what_the_operator_has_refused(world: World) -> None:
    hub, a, b = league(world)
    world.table.teach(SLUG)
    await a.publish(SLUG, hub)
    await b.subscribe(hub)
    await b.sync(hub)
    await b.ask("quarantine.settle", id=SLUG.id, approve=False, why="we cut differently")
    await b.ask("prove", ids=[SLUG.id])
    assert (b.row(SLUG).state, b.row(SLUG).reason) == (SkillState.REFUSED, "operator_rejected")
    assert len(b.store.evidence(SLUG.id)) >= 2
    await b.ask("quarantine.settle", id=SLUG.id, approve=True)
    assert b.row(SLUG).state is SkillState.ADMITTED


async def test_a_changed_byte_is_another_skill_and_goes_back_to_quarantine(world: World) -> None:
    """Threat 22: an update by the same author under the same intent inherits nothing."""
    hub, a, b = league(world)
    changed = make_skill("slugify", SLUG.result.text + "#", {}, SLUG.intent, checks=SLUG.checks)
    for skill in (SLUG, changed):
        world.table.teach(skill)
    await a.publish(SLUG, hub)
    await b.subscribe(hub)
    await b.sync(hub)
    await a.publish(changed, hub)
    await b.pull(hub)
    assert (b.row(SLUG).state, b.row(changed).state) == (SkillState.ADMITTED, SkillState.QUARANTINED)
    assert [one.row.id for one in b.node.find(SLUG.intent)] == [SLUG.id]


# ---- lies


async def test_a_false_claim_ends_in_a_receipt_that_the_hub_shows_to_whoever_comes_next(world: World) -> None:
    hub, mallory, b = league(world)
    c = world.settle("c")
    world.table.teach(LIE, Behaviour({"(2.675,)": "2.67", "(0.125,)": "0.12"}))
    await lie_to(hub, mallory, LIE)
    await b.subscribe(hub)

    await b.sync(hub)

    assert (b.row(LIE).state, b.row(LIE).reason) == (SkillState.REFUSED, "refuted")
    assert b.node.find(LIE.intent) == []
    (entry,) = b.store.receipts_about(LIE.id)
    assert (entry.dealing, entry.subject) == (Dealing.SKILL_REFUTED, mallory.id)
    receipt = open_record(b.store.record(entry.entry.receipt))
    claim, evidence = (open_record(b.store.record(id_)) for id_ in receipt.body["records"])
    assert (claim.author, evidence.author, receipt.author) == (mallory.id, b.id, b.id)
    assert evidence.body["outcome"] == "fail"

    shown = (await hub.ask("skill.show", id=LIE.id)).value
    assert shown["refutations"] == 1
    assert [one["subject"] for one in shown["receipts"]] == [mallory.id]

    await c.subscribe(hub)
    pulled = await c.pull(hub)
    assert [one.kind for one in pulled] == ["skill", "evidence", "receipt"]
    assert c.node.shelf.refutations(LIE.id) == 1
    assert c.row(LIE).state is SkillState.QUARANTINED  # somebody's word is no proof either
    story = c.node.stories.why(LIE.id)
    told = next(line.text for line in story.lines if line.box == "store")
    assert "skill_refuted" in told
    assert mallory.id in told
    for node in (hub, b, c):
        assert first_fault(row.entry for row in node.store.ledger()) is None
        assert (await node.ask("ledger.verify")).value["ok"]


@pytest.mark.parametrize(
    ("behaviour", "expected"),
    [
        (Behaviour({"(2.675,)": "2.68", "(0.125,)": "0.12"}, attempts=(Attempt("file", "/etc/passwd"),)),
         Reason.SANDBOX_FILE),
        (Behaviour({"(2.675,)": "2.68", "(0.125,)": "0.12"}, attempts=(Attempt("network", "socket"),)),
         Reason.SANDBOX_NETWORK),
        (Behaviour({"(2.675,)": "2.68", "(0.125,)": "0.12"}, attempts=(Attempt("process", "fork"),)),
         Reason.SANDBOX_PROCESS),
        (Behaviour({"(2.675,)": "0", "(0.125,)": "0"}), Reason.REFUTED),
        (Behaviour({}), Reason.REFUTED),
    ],
)  # fmt: skip
async def test_each_lie_is_refused_with_its_own_reason_and_a_receipt(world: World, behaviour, expected) -> None:
    hub, mallory, b = league(world)
    world.table.teach(LIE, behaviour)
    await lie_to(hub, mallory, LIE)
    await b.subscribe(hub)
    await b.sync(hub)
    assert (b.row(LIE).state, b.row(LIE).reason) == (SkillState.REFUSED, expected.code)
    assert [row.dealing for row in b.store.receipts_about(LIE.id)] == ["skill_refuted"]
    assert b.node.stories.why(LIE.id).stopped_at == "domain room"


@pytest.mark.parametrize(
    ("claim", "behaviour"),
    [
        ({"harness": "cpython-2.7"}, Behaviour({})),
        ({"verification_score": 0, "confidence": 0, "trials": 0}, Behaviour({})),
        ({}, Behaviour({}, end=TrialEnd.TIMEOUT)),
    ],
    ids=["another harness", "nothing claimed", "a slow machine"],
)
async def test_a_failure_that_proves_no_lie_brings_no_receipt(world: World, claim, behaviour) -> None:
    hub, a, b = league(world)
    world.table.teach(LIE, behaviour)
    await lie_to(hub, a, LIE, **claim)
    await b.subscribe(hub)
    await b.sync(hub)
    assert b.row(LIE).state is SkillState.REFUSED
    assert b.store.receipts_about(LIE.id) == []
    assert hub.node.shelf.refutations(LIE.id) == 0


@pytest.mark.parametrize(("report", "told"), [("none", 0), ("refutations", 1), ("all", 2)])
async def test_a_source_is_told_what_the_operator_allows(world: World, report: str, told: int) -> None:
    hub, mallory, b = league(world)
    world.table.teach(SLUG)
    world.table.teach(LIE, Behaviour({}))
    await lie_to(hub, mallory, SLUG, LIE)
    await b.subscribe(hub, report=report)
    await b.sync(hub)
    async with hub.http() as http:
        findings = [len((await http.get(f"/skills/{one.id}")).json()["findings"]) for one in (LIE, SLUG)]
    assert sum(findings) == told
    assert findings[0] == (told > 0)


async def test_code_that_lies_is_caught_by_the_real_sandbox(world: World, sandbox: ProcessSandbox) -> None:
    hub, mallory = world.settle("hub", "hub"), world.settle("mallory")
    b = world.settle("b", sandbox=sandbox)
    world.invite(hub, mallory, b)
    snoop = make_skill(
        "count_vowels",
        "def count_vowels(word):\n    try:\n        open('/etc/passwd').read()\n    except OSError:\n        pass\n"
        "    return sum(letter in 'aeiou' for letter in word)\n",
        {"('harbour',)": "3"},
    )
    await lie_to(hub, mallory, LIE, SLUG, snoop, harness=sandbox.harness)
    await b.subscribe(hub)
    await b.sync(hub)
    states = {skill.intent: (b.row(skill).state.value, b.row(skill).reason) for skill in (LIE, SLUG, snoop)}
    assert states == {
        LIE.intent: ("refused", "refuted"),
        SLUG.intent: ("admitted", ""),
        snoop.intent: ("refused", "sandbox_file_access"),
    }
    done = await b.node.execute("turn a title into a slug", "('Free And Hanseatic',)")
    assert (done.how, done.value) == ("reused", "'free-and-hanseatic'")
    assert (await hub.ask("skill.show", id=LIE.id)).value["refutations"] == 1


async def test_a_hub_proves_nothing_itself(world: World) -> None:
    hub, a, _ = league(world)
    world.table.teach(SLUG)
    await a.publish(SLUG, hub)
    with pytest.raises(NoSandbox):
        await hub.prove(SLUG)
    assert hub.store.evidence(SLUG.id) == []


async def slandered(world: World) -> tuple[Resident, Resident, Resident, Resident, str]:
    """Returns a hub, A whose proved skill B uses, B, an invited C who wishes A ill, and the id of A's claim."""
    hub, a, b = league(world)
    c = world.settle("c")
    world.invite(hub, c)
    world.table.teach(SLUG)
    publication = await a.publish(SLUG, hub)
    await b.subscribe(hub)
    await b.sync(hub)
    return hub, a, b, c, publication.record


@pytest.mark.parametrize("grounds", ["none", "made up"])
async def test_the_word_of_a_third_party_moves_no_rank_here(world: World, grounds: str) -> None:
    """Threat 27 and default 7: no second-hand negatives, whether C signs a false finding to go with it or not."""
    hub, a, b, c, claim = await slandered(world)
    (before,) = b.node.find(SLUG.intent)
    finding = {"skill": SLUG.id, "harness": HARNESS, "sandbox": "none", "outcome": "fail", "trials": 5, "successes": 0,
               "passed": 0, "total": 10, "digest": "0" * 64, "reason": "refuted"}  # fmt: skip
    evidence = c.say("evidence", finding)
    receipt = {"dealing": "skill_refuted", "subject": a.id, "skill": SLUG.id, "reason": "refuted",
               "records": [claim, evidence.id if grounds == "made up" else "0" * 64]}  # fmt: skip
    async with hub.http() as http:
        if grounds == "made up":
            assert (await http.post("/records", content=evidence.raw)).status_code == 201
        answer = await http.post("/records", content=c.say("receipt", receipt).raw)
        assert (answer.status_code == 201) == (grounds == "made up")
    await b.pull(hub)
    (after,) = b.node.find(SLUG.intent)
    assert (after.rank.score, after.row.state) == (before.rank.score, SkillState.ADMITTED)


async def test_nobody_is_accused_of_equivocation_without_the_proof(world: World) -> None:
    hub, a, _, c, claim = await slandered(world)
    receipt = {"dealing": "equivocated", "subject": a.id, "skill": SLUG.id, "records": [claim, "0" * 64, "1" * 64]}
    async with hub.http() as http:
        answer = await http.post("/records", content=c.say("receipt", receipt).raw)
    assert answer.status_code != 201
    assert hub.store.receipts_about(SLUG.id) == []


async def test_a_claim_changes_no_rank_and_opens_no_gate(world: World) -> None:
    """Threat 18: the same two skills under opposite claims rank alike."""
    scores = []
    for number, (first, second) in enumerate([(1_000_000, 1), (1, 1_000_000)]):
        hub, a = world.settle(f"hub{number}", "hub"), world.settle(f"a{number}")
        b = world.settle(f"b{number}")
        world.invite(hub, a)
        for skill, claimed in ((multiplier(3), first), (multiplier(4), second)):
            world.table.teach(skill)
            await lie_to(hub, a, skill, confidence=claimed, verification_score=claimed, trials=claimed)
        await b.subscribe(hub)
        await b.sync(hub)
        scores.append([(one.row.id, one.rank.score) for one in b.node.find("multiply a number")])
        gates = (await b.node.publisher.publish(b.row(multiplier(3)), dry_run=True)).shut
        assert [gate.reason for gate in gates] == [Reason.LOW_CONFIDENCE]  # five trials here, whatever was claimed
    assert scores[0] == scores[1]


# ---- levels


async def test_evidence_rises_from_E1_to_E3_and_rests_on_ones_own_run(world: World) -> None:
    hub, a, c = league(world)
    d = world.settle("d")
    b = world.settle("reader", config={"conduct": {"verifiers": (c.id, d.id)}})
    world.invite(hub, b, d)
    world.table.teach(SLUG)
    await a.publish(SLUG, hub)

    def level_at(node: Resident) -> Level:
        return node.node.shelf.level(node.row(SLUG))

    for node in (b, c, d):
        await node.subscribe(hub, report="all")
    await b.pull(hub)
    assert level_at(b) is Level.E1
    await b.prove_waiting()
    assert level_at(b) is Level.E2
    await c.sync(hub)
    await b.pull(hub)
    assert level_at(b) is Level.E2  # one witness is not enough
    await d.sync(hub)
    await b.pull(hub)
    assert level_at(b) is Level.E3
    assert level_at(hub) is Level.E1  # a hub has no run of its own


async def test_a_skill_under_another_harness_reaches_E4(world: World) -> None:
    _, a, _ = league(world)
    world.table.teach(SLUG)
    await a.add(SLUG)
    await a.prove(SLUG)
    assert a.node.shelf.level(a.row(SLUG)) is Level.E2
    later = Table("table-2")
    later.teach(SLUG)
    a.sandbox = later
    a = world.restart(a)
    world.clock.advance(1)
    await a.prove(SLUG)
    assert a.node.shelf.level(a.row(SLUG)) is Level.E4


async def test_evidence_about_a_skill_that_is_not_held_is_ignored(world: World) -> None:
    hub, a, b = league(world)
    world.table.teach(SLUG)
    await a.publish(SLUG, hub)
    await b.subscribe(hub, report="all")
    await b.sync(hub)
    c = world.settle("c")
    await c.subscribe(hub, tags=("arithmetic",))
    assert [one.reason for one in await c.pull(hub)] == [Reason.NOT_OURS, Reason.UNKNOWN_SKILL, Reason.UNKNOWN_SKILL]
    assert c.store.ledger() == []


async def test_a_flaky_skill_is_refused_without_a_receipt(world: World, sandbox: ProcessSandbox) -> None:
    hub, a = world.settle("hub", "hub"), world.settle("a")
    b = world.settle("b", sandbox=sandbox)
    world.invite(hub, a)
    flaky = make_skill(
        "toss",
        "import random\n\ndef toss(x):\n    return random.randrange(2)\n",
        {"(0,)": "1", "(1,)": "random"},
        "toss a coin",
    )
    flaky = make_skill("toss", flaky.result.text, {"(0,)": "1"}, "toss a coin")
    await lie_to(hub, a, flaky, harness=sandbox.harness)
    await b.subscribe(hub)
    await b.pull(hub)
    proof = await b.node.prover.prove(b.row(flaky), trials=40)
    assert proof.finding.reason is Reason.FLAKY
    assert (proof.state, proof.receipts) == (SkillState.REFUSED, ())


# ---- own skills


async def test_an_author_sees_that_others_refuted_her_skill(world: World) -> None:
    hub, a, b = league(world)
    world.table.teach(LIE)
    await a.publish(LIE, hub)
    world.table.teach(LIE, Behaviour({}))  # it does not hold where the others are
    await b.subscribe(hub)
    await b.sync(hub)
    assert (await a.ask("status")).value["own_refuted"] == 0
    await a.subscribe(hub)
    await a.sync(hub)
    (found,) = (await a.ask("find", intent=LIE.intent)).value["skills"]
    assert found["why"].endswith("refuted 1x elsewhere")
    (listed,) = (await a.ask("skill.list")).value["skills"]
    assert (listed["state"], listed["refutations"]) == ("admitted", 1)
    for _ in range(2):
        assert (await a.ask("status")).value["own_refuted"] == 1
    assert (await b.ask("status")).value["own_refuted"] == 0
    assert "elsewhere" not in b.node.views.found(b.node.finder.find(LIE.intent, states=(*SkillState,))[0])["why"]
    await a.ask("skill.remove", id=LIE.id)
    assert (await a.ask("status")).value["own_refuted"] == 0


async def test_ones_own_claims_are_held_against_what_was_computed(world: World) -> None:
    _, a, _ = league(world)
    world.table.teach(SLUG)
    world.table.teach(LIE, Behaviour({}))
    await a.add(SLUG, claimed=True)
    await a.add(LIE, claimed=True)
    await a.add(DOUBLE, claimed=True)
    for skill in (SLUG, LIE):
        await a.prove(skill)
    report = (await a.ask("report")).value
    assert [(one["trace_id"], one["claimed"], one["computed"]) for one in report["differing"]] == [
        (LIE.id, "pass", "fail")
    ]
    assert (report["agreeing"], report["undecided"]) == (1, 1)
    assert a.store.ledger() == []  # nobody writes receipts about himself


async def test_what_peers_claim_is_held_against_what_was_computed(world: World) -> None:
    hub, a, b = league(world)
    world.table.teach(SLUG)
    world.table.teach(LIE, Behaviour({}))
    await a.publish(SLUG, hub)
    await lie_to(hub, a, LIE, DOUBLE)
    await lie_to(hub, a, multiplier(3), verification_score=0)
    await b.subscribe(hub)
    await b.pull(hub)
    assert (await b.ask("report")).value == {"differing": [], "agreeing": 0, "undecided": 3}
    for skill in (SLUG, LIE):
        await b.prove(skill)
    report = (await b.ask("report")).value
    (one,) = report["differing"]
    assert (one["trace_id"], one["source"], one["claimed"]) == (LIE.id, a.id, "100.0 %")
    assert (one["computed"], one["reason"]) == ("fail", "refuted")
    assert (report["agreeing"], report["undecided"]) == (1, 1)
    assert (await a.ask("report")).value == {"differing": [], "agreeing": 0, "undecided": 0}  # its own claim is its own


async def test_the_same_content_from_several_is_one_skill_with_several_publishers(world: World) -> None:
    hub, a, b = league(world)
    world.table.teach(SLUG)
    await a.publish(SLUG, hub)
    await b.publish(SLUG, hub)
    shown = (await hub.ask("skill.show", id=SLUG.id)).value
    assert shown["publishers"] == [a.id, b.id]
    c = world.settle("c")
    await c.subscribe(hub)
    assert [one.reason for one in await c.pull(hub)] == [None, None]
    assert len(c.node.unproved(Origin.PEER)) == 1
    await c.prove_waiting()
    assert [row.subject for row in c.store.receipts_about(SLUG.id)] == [a.id, b.id]
    assert len(c.store.records_about(SLUG.id, SKILL)) == 2


async def test_a_refusal_survives_the_same_skill_by_another_author(world: World) -> None:
    hub, mallory, b = league(world)
    helper = world.settle("helper")
    world.invite(hub, helper)
    world.table.teach(LIE, Behaviour({}))
    await lie_to(hub, mallory, LIE)
    await b.subscribe(hub)
    await b.sync(hub)
    await lie_to(hub, helper, LIE)
    await b.sync(hub)
    assert b.row(LIE).state is SkillState.REFUSED
    assert b.node.find(LIE.intent) == []
