"""What counts of receipts, and what does not: proved ones, once, whatever was said before and came later."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hansa.admission.service import Via
from hansa.conduct.card import DECISION
from hansa.conduct.card import KIND as CARD
from hansa.conduct.ledger import KIND as RECEIPT
from hansa.conduct.ledger import Dealing, Receipt
from hansa.conduct.standing import Rung
from hansa.governance.case import Basis, Ground, Ruled
from hansa.governance.messages import DISPUTE, RULING, DisputeBody, RulingBody
from hansa.identity.envelope import Signed
from hansa.kernel.errors import Refused
from hansa.kernel.ids import content_id
from hansa.kernel.verdict import Reason
from hansa.node import caseroom
from hansa.node.driver import Effects
from hansa.node.hearing import rating
from hansa.node.ports import Answer
from hansa.node.receipts import write
from hansa.skills.messages import EVIDENCE, evidence_body
from hansa.skills.model import Evidence, Outcome, Skill, SkillState
from tests.attacks.specimens import key
from tests.node.owner import Owner
from tests.node.test_changing_keys import root_of
from tests.node.test_conduct import id_of
from tests.node.test_disputes import League, dealings, state
from tests.node.world import HARNESS, LIE, SLUG, START, Behaviour, Resident, World, multiplier, skill_message, speak

TRIED = (Dealing.SKILL_REPROVED, Dealing.SKILL_REFUTED, Dealing.EQUIVOCATED, Dealing.FALSE_ACCUSATION)
UNPROVED = [one for one in Dealing if one not in TRIED]
WRONG = Behaviour({"(2.675,)": "2.67", "(0.125,)": "0.12"})


def finding(prover: str, skill: Skill, outcome: Outcome = Outcome.PASS, reason: str = "", at: int = START) -> Any:
    good = 5 if outcome is Outcome.PASS else 0
    found = Evidence(skill.id, prover, HARNESS, "none", outcome, 5, good, good, 5, "0" * 64, reason, at)
    return evidence_body(found)


def of(
    who: Resident, dealing: Dealing, subject: str, skill: Skill, records: Sequence[str], reason: str = "", **more: Any
) -> Signed:
    body = Receipt(
        dealing=dealing, subject=subject, skill=skill.id, records=tuple(records), domain="x", reason=reason
    )  # fmt: skip
    return who.say(RECEIPT, msgspec.to_builtins(body), **more)


@pytest.fixture
def named(world: World) -> tuple[Resident, Resident, Resident]:
    """Returns a node, a verifier that it names, and an author, both invited."""
    b = world.settle("b", config={"conduct": {"verifiers": (id_of("v"),)}})
    v, a = world.settle("v"), world.settle("a")
    world.invite(b, v, a)
    return b, v, a


async def take(who: Resident, *messages: Signed) -> None:
    for one in messages:
        await who.node.inbox.receive(one.raw, Via.HTTP)


# ---- who said it before


async def test_a_receipt_about_its_own_author_keeps_no_true_one_from_counting(world: World, named) -> None:
    """A liar who is a verifier refutes itself first, so that this node's own refutation would count for nothing."""
    b, v, _ = named
    world.table.teach(LIE, WRONG)
    claim = skill_message(v.key, LIE)
    found = v.say(EVIDENCE, finding(v.id, LIE, Outcome.FAIL))
    await take(b, claim, found, of(v, Dealing.SKILL_REFUTED, v.id, LIE, (claim.id, found.id)))
    await b.prove(LIE)
    assert b.node.core.accounts.account(v.id).bad == 1
    again = [b.node.conduct.replay(one).same for one in b.node.conduct.decisions(v.id)]
    assert again == [True]


async def test_what_is_proved_again_after_a_key_was_revoked_counts_again(world: World) -> None:
    a, b = world.settle("a"), world.settle("b")
    world.table.teach(SLUG)
    await b.node.inbox.receive(skill_message(a.key, SLUG).raw, Via.FILE)
    await b.prove(SLUG)
    old, before = b.key.public, b.store.records_about(SLUG.id, RECEIPT)[0].seq - 2
    world.clock.advance(60_000)
    await b.node.keyholder.rotate([root_of(b)], after=None)
    world.clock.advance(60_000)
    await b.node.keyholder.revoke(old, [root_of(b)], after=before)
    assert (b.node.core.accounts.account(a.id).good, rating(b.node.core, SLUG.id).length) == (0, 0)
    world.clock.advance(60_000)
    await b.prove(SLUG)
    await b.prove(SLUG)
    assert (b.node.core.accounts.account(a.id).good, rating(b.node.core, SLUG.id).length) == (1, 1)


async def test_decisions_come_out_again_though_a_verifiers_key_was_revoked_since(world: World, tmp_path: Path) -> None:
    v = Owner(7)
    b = world.settle("b", config={"conduct": {"verifiers": (v.id,)}})
    a = world.settle("a")
    await b.node.inbox.receive(v.name().raw, Via.FILE)
    for number in range(3):
        skill = multiplier(50 + number)
        claim, found = skill_message(a.key, skill), v.say(EVIDENCE, finding(v.id, skill))
        body = Receipt(dealing=Dealing.SKILL_REPROVED, subject=a.id, skill=skill.id, records=(claim.id, found.id))
        for one in (claim, found, v.say(RECEIPT, msgspec.to_builtins(body))):
            await b.node.inbox.receive(one.raw, Via.FILE)
    assert b.node.conduct.decide(a.id).rung is Rung.KNOWN
    decided = len(b.node.conduct.decisions(a.id))
    await b.node.inbox.receive(v.name(new=True, until=START - 5).raw, Via.FILE)
    await b.node.conduct.settle_all()
    assert b.node.conduct.decide(a.id).reason == "nothing_proved_yet"
    assert len(b.node.conduct.decisions(a.id)) == decided + 1, "it is another than before, so there is a record of it"
    assert (await b.ask("replay")).ok
    path = tmp_path / "ledger"
    path.write_text("\n".join((await b.ask("ledger.export")).value["lines"]))
    told = (await b.ask("ledger.verify", path=str(path))).value
    assert (told["ok"], told["entries"], told["revoked"]) == (True, 3, 3)
    assert (await b.ask("replay", path=str(path))).ok


async def test_a_greeting_does_not_have_the_ledger_read_anew(world: World, named) -> None:
    b, _, a = named
    before = b.node.core.accounts.account(a.id)
    async with b.http() as http:
        await http.post("/hello", content=a.say("hello", {"versions": ["1.0"], "name": "a"}).raw)
    assert b.store.peer(a.id).name == "a"
    assert b.node.core.accounts.account(a.id) is before


async def test_a_dealing_that_a_clock_ahead_has_dated_stops_nothing(world: World) -> None:
    hub = world.settle("hub", "hub", config={"conduct": {"verifiers": (id_of("v"),), "policy": "classic"}})
    a, v = world.settle("a"), world.settle("v")
    world.invite(hub, a, v)
    claim, ahead = skill_message(a.key, SLUG), START + 60_000
    found = v.say(EVIDENCE, finding(v.id, SLUG, at=ahead), created=ahead)
    await take(hub, claim, found, of(v, Dealing.SKILL_REPROVED, a.id, SLUG, (claim.id, found.id), created=ahead))
    assert hub.node.conduct.decide(a.id).score > 0
    assert (await hub.ask("standing.list")).ok


# ---- what proves it


@pytest.mark.parametrize("dealing", UNPROVED)
async def test_what_nothing_proves_yet_is_no_dealing(named, dealing: Dealing) -> None:
    b, v, a = named
    claim, found = skill_message(a.key, SLUG), v.say(EVIDENCE, finding(v.id, SLUG))
    await take(b, claim, found)
    with pytest.raises(Refused) as refused:
        await take(b, of(v, dealing, a.id, SLUG, (claim.id, found.id)))
    assert refused.value.reason is Reason.BAD_BODY


async def test_a_receipt_gives_the_reason_of_its_finding(named) -> None:
    """Else a skill that only failed would be made malice of."""
    b, v, a = named
    claim, found = skill_message(a.key, SLUG), v.say(EVIDENCE, finding(v.id, SLUG, Outcome.FAIL))
    await take(b, claim, found)
    with pytest.raises(Refused, match="does not say what the receipt says"):
        await take(b, of(v, Dealing.SKILL_REFUTED, a.id, SLUG, (claim.id, found.id), reason="sandbox_file_access"))


async def test_two_messages_that_nobody_shows_prove_nothing(world: World, tmp_path: Path) -> None:
    a, b = world.settle("a"), world.settle("b")
    claim = skill_message(a.key, SLUG)
    await b.node.inbox.receive(claim.raw, Via.FILE)
    effects = Effects()
    records = (claim.id, content_id(b"made up"), content_id(b"nothing"))
    body = Receipt(dealing=Dealing.EQUIVOCATED, subject=a.id, skill=SLUG.id, records=records, reason="equivocation")
    write(b.node.core, body, effects)
    await b.node.core.driver.perform(effects)
    path = tmp_path / "ledger"
    path.write_text("\n".join((await b.ask("ledger.export")).value["lines"]))
    for given in ({}, {"path": str(path)}):
        assert not (await b.ask("ledger.verify", **given)).ok


async def test_a_card_or_decision_that_can_t_be_read_is_named_and_the_rest_worked_out(
    world: World, tmp_path: Path
) -> None:
    a, b = world.settle("a"), world.settle("b")
    world.table.teach(SLUG)
    await b.node.inbox.receive(skill_message(a.key, SLUG).raw, Via.FILE)
    await b.prove(SLUG)
    await b.node.conduct.settle(a.id)
    lines = (await b.ask("ledger.export")).value["lines"]
    later = b.node.core.seal(CARD, msgspec.to_builtins(b.node.conduct.card) | {"later": 1})
    wrong = b.node.core.seal(DECISION, {"about": "x"})
    path = tmp_path / "ledger"
    path.write_text("\n".join([*lines, *(json.dumps({"record": one.raw.decode()}) for one in (later, wrong))]))
    told = (await b.ask("replay", path=str(path))).value
    assert (told["count"], told["differing"], len(told["flaws"])) == (1, 0, 2)


# ---- disputes


async def test_keys_without_number_silence_nobody_who_counts(world: World) -> None:
    league = League(world)
    await league.publish()
    case = await league.accuse()
    world.clock.advance(10)
    refused = 0
    for number in range(26):
        for word in range(8):
            body = RulingBody(case.id, Ruled.DISMISSED, Basis.OPERATOR, why=str(word))
            said = speak(key(50_000 + number), RULING, msgspec.to_builtins(body), created=int(world.clock.now()))
            try:
                await league.e.node.inbox.receive(said.raw, Via.FEED)
            except Refused as refusal:
                refused += refusal.reason is Reason.ENOUGH_SAID
    assert refused == 26 * 8 - caseroom.MAX_HEARD
    await league.runs(case, league.c, league.d)
    assert (state(league.e, case), league.e.row(LIE).state) == ("upheld", SkillState.REFUSED)


async def test_strangers_open_so_many_cases_over_a_skill_and_whoever_is_known_still_can(world: World, named) -> None:
    b, v, a = named
    world.table.teach(SLUG)
    claim = skill_message(a.key, SLUG)
    await take(b, claim)

    def opening(by) -> Signed:  # type: ignore[no-untyped-def]
        body = DisputeBody(SLUG.id, claim.id, a.id, Ground.LICENCE, "x", (claim.id,))
        return speak(by, DISPUTE, msgspec.to_builtins(body), created=int(world.clock.now()))

    for number in range(caseroom.MAX_CASES):
        await b.node.inbox.receive(opening(key(60_000 + number)).raw, Via.FEED)
    with pytest.raises(Refused) as refused:
        await b.node.inbox.receive(opening(key(70_000)).raw, Via.FEED)
    assert refused.value.reason is Reason.ENOUGH_SAID
    await b.node.inbox.receive(opening(v.key).raw, Via.FEED)


async def test_whoever_accused_as_this_nodes_own_run_did_is_no_false_accuser(world: World) -> None:
    league = League(world)
    await league.publish()
    case = await league.accuse()
    await league.runs(case, league.c)
    assert state(league.c, case) == "upheld"
    league.c.sandbox.teach(LIE)
    world.clock.advance(10)
    await league.c.prove(LIE)
    assert state(league.c, case) == "dismissed"
    assert ("false_accusation", league.b.id) not in dealings(league.c)


# ---- what came early


async def test_what_came_early_is_lost_neither_to_a_second_source_nor_to_a_busy_one(world: World) -> None:
    b, one, two = world.settle("b"), world.settle("s1"), world.settle("s2")
    early = b.node.subscriber.early
    here = await b.node.conduct.signed_card()
    first, second = content_id(b"first"), content_id(b"second")
    await early.remember({first: here.id}, one.url)
    go, asked = asyncio.Event(), asyncio.Event()

    async def get(url: str, path: str, wait: float = 0.0) -> Answer:
        asked.set()
        await go.wait()
        return answers.pop(0)

    answers = [Answer(503, b"{}"), Answer(404, b"{}")]
    b.node.core.caller.get = get  # type: ignore[method-assign]
    retry = asyncio.create_task(early.retry(one.url))
    await asked.wait()
    await early.remember({second: content_id(b"x")}, two.url)
    go.set()
    await retry
    assert list(early.waiting()) == [first, second], "who is busy now is asked again"
    await early.retry(one.url)
    assert list(early.waiting()) == [second]


async def test_two_who_remember_at_once_lose_nothing(world: World) -> None:
    early = world.settle("b").node.subscriber.early
    ids = [content_id(b"%d" % number) for number in range(6)]
    await asyncio.gather(*(early.remember({one: ids[5]}, "http://s") for one in ids[:5]))
    assert list(early.waiting()) == ids[:5]
