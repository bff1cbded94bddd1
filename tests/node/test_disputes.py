"""Disputes from end to end: who says what, what becomes of it on each node, and what no word alone brings about."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from hansa.admission.service import Via
from hansa.conduct.ledger import Dealing, Receipt
from hansa.governance.case import Case, Ground, Ruled
from hansa.governance.messages import DISPUTE, RULING
from hansa.kernel.errors import NotFound, Refused, UsageError
from hansa.kernel.ids import ContentId
from hansa.kernel.verdict import Reason
from hansa.node.caseroom import MAX_SAID
from hansa.node.rows import PeerRow, PutPeer
from hansa.node.vault import open_record, subject_of
from hansa.skills.messages import EVIDENCE, SKILL
from hansa.skills.model import SkillState
from tests.node.test_proof_before_trust import lie_to
from tests.node.world import HARNESS, LIE, SLUG, Behaviour, Resident, Table, World

WRONG = Behaviour({"(2.675,)": "2.67", "(0.125,)": "0.12"})


class League:
    """A hub, an author (a), an accuser (b), verifiers (c, d) and somebody who goes by himself (e)."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.a, self.b = world.settle("a"), world.settle("b", sandbox=taught(Table()))
        self.c, self.d = (world.settle(name, sandbox=taught(Table())) for name in "cd")
        named = {"conduct": {"verifiers": (self.c.id, self.d.id)}}
        self.hub = world.settle("hub", "hub", config=named)
        self.e = world.settle("e", sandbox=taught(Table()), config=named)
        world.table.teach(LIE)
        world.table.teach(SLUG)
        world.invite(self.hub, self.a, self.b, self.c, self.d, self.e)
        self.everybody = (self.a, self.b, self.c, self.d, self.e)

    async def publish(self) -> None:
        """Has the author publish a skill that passes on its own machine alone, and one that is good."""
        for one in self.everybody:
            await one.subscribe(self.hub)
        await self.a.publish(LIE, self.hub)
        await self.a.publish(SLUG, self.hub)
        await self.pull(*self.everybody[1:])

    async def pull(self, *nodes: Resident) -> None:
        for one in nodes or self.everybody:
            self.world.clock.advance(10)
            await one.deliver()
        for one in nodes or self.everybody:
            await one.node.before_pull(self.hub.url)
            await one.pull(self.hub)

    async def accuse(self, skill=LIE, against: str = "") -> Case:
        await self.b.prove(skill)
        ground = Ground.FALSE_CLAIM
        case = await self.b.node.disputes.open(self.b.row(skill), ground, "it fails here", against=against)
        await self.pull(self.b)
        await self.pull()
        return case

    async def runs(self, case: Case, *nodes: Resident) -> None:
        for one in nodes:
            self.world.clock.advance(10)
            await one.node.disputes.evidence(one.node.disputes.book.find(case.id))
        await self.pull(*nodes)
        await self.pull()


def taught(table: Table) -> Table:
    table.teach(LIE, WRONG)
    table.teach(SLUG)
    return table


def state(node: Resident, case: Case | str) -> str:
    found = node.node.disputes.book.find(case if isinstance(case, str) else case.id)
    return str(node.node.disputes.book.course(found).state)


def dealings(node: Resident) -> list[tuple[str, str]]:
    return [(row.dealing, row.subject) for row in node.store.ledger() if row.dealing != Dealing.SKILL_REPROVED]


def envelope_of(node: Resident, record: str) -> bytes:
    row = node.store.record(ContentId(record))
    assert row is not None
    return row.envelope


def mine(node: Resident, kind: str, subject: str) -> list[ContentId]:
    return [row.id for row in node.store.records_about(subject, kind) if row.author == node.id]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Gives a world in memory: a case is nothing but records and marks, which the stores' own contract holds."""
    made = World(tmp_path)
    yield made
    made.close()


@pytest.fixture
async def league(world: World) -> League:
    made = League(world)
    await made.publish()
    return made


# ---- upheld


async def test_two_verifiers_who_are_no_party_decide_for_those_who_name_them(league: League) -> None:
    case = await league.accuse()
    answered = await league.a.node.disputes.answer(league.a.node.disputes.book.find(case.id), "it passes on mine")
    await league.pull(league.a)
    await league.pull()
    assert [state(one, case) for one in (league.hub, league.e)] == ["answered", "answered"]

    await league.runs(case, league.c)
    assert [state(one, case) for one in (league.hub, league.c, league.e)] == ["evidence", "upheld", "evidence"]
    assert league.hub.row(LIE).state is SkillState.QUARANTINED

    await league.runs(case, league.d)
    assert [state(one, case) for one in (league.hub, league.c, league.d, league.e)] == ["upheld"] * 4
    for node in (league.hub, league.e):
        assert (node.row(LIE).state, node.row(LIE).reason) == (SkillState.REFUSED, "dispute_upheld")
        assert dealings(node) == [("skill_refuted", league.a.id)] * 3  # b's, c's and d's; none of its own
        assert not mine(node, "receipt", LIE.id)
        view = node.node.cases.whole(case)
        assert view["ruling"]["basis"] == "verifiers"
        counted = [(one["what"], one["author"]) for one in view["heard"] if one["counted"]]
        assert counted == [("answer", league.a.id), ("finding", league.c.id), ("finding", league.d.id)]
    assert answered in {one["record"] for one in league.e.node.cases.whole(case)["heard"]}
    # those who name nobody, and the parties, go by what they have seen themselves
    assert [state(one, case) for one in (league.a, league.b)] == ["answered", "answered"]


async def test_a_skill_refused_by_a_dispute_is_brought_back_by_a_proof_of_ones_own(league: League) -> None:
    case = await league.accuse()
    await league.runs(case, league.c, league.d)
    assert league.e.row(LIE).state is SkillState.REFUSED
    league.e.sandbox.teach(LIE)
    league.world.clock.advance(10)
    await league.e.prove(LIE)
    assert (league.e.row(LIE).state, state(league.e, case)) == (SkillState.ADMITTED, "dismissed")


async def test_this_nodes_own_run_rules_and_writes_one_receipt(league: League) -> None:
    case = await league.accuse()
    await league.runs(case, league.c)
    assert dealings(league.c)[-1] == ("skill_refuted", league.a.id)
    before = league.c.store.ledger()
    await league.c.node.settler.settle(case)
    await league.c.node.settler.catch_up()
    assert league.c.store.ledger() == before
    assert len(mine(league.c, "receipt", LIE.id)) == 1
    assert len(mine(league.c, RULING, case.id)) == 1


async def test_a_ruling_leads_to_a_receipt_where_the_prover_could_write_none(world: World) -> None:
    """The claim came only after the node had tried the skill: somebody else had passed it on, claiming nothing."""
    league = League(world)
    for one in league.everybody:
        await one.subscribe(league.hub)
    await lie_to(league.hub, league.d, LIE, verification_score=0, confidence=0, trials=0)
    await league.pull(league.c)
    await league.c.prove(LIE)
    assert dealings(league.c) == []
    claim = await league.a.publish(LIE, league.hub)
    await league.pull()
    assert claim.record is not None
    case = await league.accuse(against=claim.record)
    await league.runs(case, league.c)
    assert ("skill_refuted", league.a.id) in dealings(league.c)
    assert len(mine(league.c, "receipt", LIE.id)) == 1


# ---- dismissed


async def test_a_false_accusation_ends_in_a_receipt_about_who_made_it(league: League) -> None:
    league.b.sandbox.teach(SLUG, Behaviour({"('Hello World',)": "'x'", "('A',)": "'x'"}))
    case = await league.accuse(SLUG)
    await league.runs(case, league.c)
    assert (state(league.c, case), league.c.row(SLUG).state) == ("dismissed", SkillState.ADMITTED)
    assert ("false_accusation", league.b.id) in dealings(league.c)
    (receipt,) = [row for row in league.c.store.ledger() if row.dealing == Dealing.FALSE_ACCUSATION]
    body = msgspec.convert(open_record(league.c.store.record(receipt.entry.receipt)).body, Receipt)
    assert body.records == (case.id, mine(league.c, EVIDENCE, SLUG.id)[-1])

    await league.hub.node.inbox.receive(envelope_of(league.c, receipt.entry.receipt), Via.HTTP)
    assert ("false_accusation", league.b.id) in dealings(league.hub)
    assert state(league.hub, case) == "evidence"  # one verifier of two

    await league.runs(case, league.d)
    assert state(league.e, case) == "dismissed"
    assert not mine(league.e, "receipt", SLUG.id)  # it has seen nothing itself


async def test_a_receipt_about_a_false_accusation_is_taken_with_its_grounds_only(league: League) -> None:
    league.b.sandbox.teach(SLUG, Behaviour({"('Hello World',)": "'x'", "('A',)": "'x'"}))
    case = await league.accuse(SLUG)
    await league.runs(case, league.c)
    good = mine(league.c, EVIDENCE, SLUG.id)[-1]
    bad = mine(league.b, EVIDENCE, SLUG.id)[-1]
    claim = league.hub.store.records_about(SLUG.id, SKILL)[0].id

    async def told(by: Resident, subject: str, *records: str) -> str:
        body = {"dealing": "false_accusation", "subject": subject, "skill": SLUG.id, "records": list(records)}
        try:
            await league.hub.node.inbox.receive(by.say("receipt", body).raw, Via.FEED)
        except Refused as refusal:
            return refusal.reason.code
        return "taken"

    assert await told(league.c, league.b.id, case.id, good) == "taken"
    assert await told(league.d, league.b.id, case.id, good) == "unknown_skill"  # another one's finding
    assert await told(league.c, league.a.id, case.id, good) == "unknown_skill"  # not who accused
    assert await told(league.c, league.a.id, claim, good) == "bad_body"  # a claim accuses nobody
    assert await told(league.b, league.b.id, case.id, bad) == "bad_body"  # a party
    league.world.clock.advance(10)
    await league.a.prove(SLUG)
    passing = mine(league.a, EVIDENCE, SLUG.id)[-1]
    await league.hub.node.inbox.receive(envelope_of(league.a, passing), Via.HTTP)
    assert await told(league.a, league.b.id, case.id, passing) == "bad_body"  # the other party, and it passes
    league.c.sandbox.teach(SLUG, Behaviour({"('Hello World',)": "'x'", "('A',)": "'x'"}))
    league.world.clock.advance(10)
    await league.c.prove(SLUG)
    await league.pull(league.c)
    failing = mine(league.c, EVIDENCE, SLUG.id)[-1]
    assert await told(league.c, league.b.id, case.id, failing) == "bad_body"  # it agrees with the accusation
    assert await told(league.c, league.b.id, case.id, "0" * 64) == "unknown_skill"


async def test_a_pass_on_another_harness_contradicts_nobody(world: World) -> None:
    league = League(world)
    league.c.sandbox.harness = "other-1"
    league.c.sandbox.teach(LIE)
    await league.publish()
    case = await league.accuse()
    await league.runs(case, league.c)
    assert state(league.c, case) == "opened"
    (heard,) = [one for one in league.c.node.cases.whole(case)["heard"] if one["what"] == "run"]
    assert (heard["says"], heard["counted"]) == ("nothing", False)
    assert "false_accusation" not in {dealing for dealing, _ in dealings(league.c)}


async def test_an_accusation_can_itself_be_disputed(league: League) -> None:
    """A says that b's receipt is false; c runs it and finds b right, or wrong."""
    league.b.sandbox.teach(SLUG, Behaviour({"('Hello World',)": "'x'", "('A',)": "'x'"}))
    await league.b.prove(SLUG)
    await league.pull(league.b)
    await league.pull()
    await league.a.prove(SLUG)
    case = await league.a.node.disputes.open(league.a.row(SLUG), Ground.FALSE_ACCUSATION, "it does pass")
    assert case.respondent == league.b.id
    await league.pull(league.a)
    await league.pull()
    await league.runs(case, league.c)
    assert state(league.c, case) == "upheld"
    assert ("false_accusation", league.b.id) in dealings(league.c)
    assert league.c.row(SLUG).state is SkillState.ADMITTED


# ---- words


async def test_an_accusation_without_a_deed_is_not_taken(league: League) -> None:
    claim = league.hub.store.records_about(SLUG.id, SKILL)[0].id
    await league.b.prove(SLUG)
    await league.pull(league.b)
    passing = mine(league.b, EVIDENCE, SLUG.id)[-1]

    async def opened(by: Resident, **fields: object) -> str:
        body = {"skill": SLUG.id, "record": claim, "respondent": league.a.id, "ground": "false_claim", "why": "bad"}
        try:
            await league.hub.node.inbox.receive(by.say(DISPUTE, body | fields).raw, Via.HTTP)
        except Refused as refusal:
            return refusal.reason.code
        return "taken"

    assert await opened(league.b, records=[claim]) == "bad_body"
    with pytest.raises(UsageError, match="no finding of this node's shows false_claim"):
        await league.b.node.disputes.open(league.b.row(SLUG), Ground.FALSE_CLAIM, "bad")
    await league.b.deliver()
    subscription = {"report": "all"}
    await league.b.subscribe(league.hub, **subscription)
    await league.b.prove(SLUG)
    await league.b.deliver()
    passing = mine(league.b, EVIDENCE, SLUG.id)[-1]
    assert await opened(league.b, records=[passing]) == "bad_body"  # a finding that says otherwise
    assert await opened(league.e, records=[passing]) == "bad_body"  # somebody else's
    assert await opened(league.b, records=["0" * 64]) == "not_here_yet"
    assert await opened(league.b, records=[passing], respondent=league.c.id) == "bad_body"
    assert await opened(league.b, records=[]) == "bad_body"
    await league.b.prove(LIE)
    await league.b.deliver()
    failing = {"skill": LIE.id, "record": league.hub.store.records_about(LIE.id, SKILL)[0].id,
               "records": [mine(league.b, EVIDENCE, LIE.id)[-1]]}  # fmt: skip
    assert await opened(league.b, **failing, respondent=league.c.id) == "bad_body"
    assert await opened(league.b, **failing | {"skill": SLUG.id}) == "bad_body"
    assert await opened(league.b, **failing | {"record": claim}) == "bad_body"
    assert await opened(league.b, **failing, ground="false_accusation") == "bad_body"
    assert await opened(league.a, records=[passing], respondent=league.a.id) == "bad_body"
    assert league.hub.node.disputes.book.count() == 0


async def test_only_those_whose_part_it_is_may_say_it(league: League) -> None:
    case = await league.accuse()
    hub = league.hub.node

    async def told(by: Resident, kind: str, **fields: object) -> str:
        try:
            await hub.inbox.receive(by.say(kind, {"case": case.id, **fields}).raw, Via.HTTP)
        except Refused as refusal:
            return refusal.reason.code
        return "taken"

    evidence = mine(league.b, EVIDENCE, LIE.id)[-1]
    assert await told(league.b, "dispute_answer", why="x") == "not_party"
    assert await told(league.c, "dispute_answer", why="x") == "not_party"
    assert await told(league.a, "dispute_withdrawal") == "not_party"
    assert await told(league.c, "dispute_appeal", why="x", records=[evidence]) == "not_party"
    assert await told(league.b, "dispute_finding", record=evidence) == "not_party"
    assert await told(league.c, "dispute_finding", record=evidence) == "bad_body"  # somebody else's
    assert await told(league.b, "dispute_appeal", why="x", records=[evidence]) == "bad_body"  # nothing new
    assert [await told(league.a, "dispute_answer", why="x") for _ in range(MAX_SAID)] == ["taken"] * MAX_SAID
    assert await told(league.a, "dispute_answer", why="x") == "enough_said"
    claim = league.hub.store.records_about(LIE.id, SKILL)[0].id
    assert await told(league.a, "dispute_answer", why="x", case=claim) == "bad_body"


async def test_the_words_of_others_change_nothing_on_any_node(league: League) -> None:
    """Threat 27: rulings of strangers, of the hub and of the parties are shown, and count for nobody but themselves."""
    case = await league.accuse()
    for by in league.everybody[1:]:
        body = {"case": case.id, "ruled": "upheld", "basis": "own_finding"}
        await league.hub.node.inbox.receive(by.say(RULING, body).raw, Via.HTTP)
    await league.pull()
    for node in (league.hub, *league.everybody):
        assert state(node, case) == "opened"
        view = node.node.cases.whole(case)
        assert not any(one["counted"] for one in view["heard"])
    assert league.hub.row(LIE).state is SkillState.QUARANTINED


async def test_the_same_accusation_is_not_opened_twice(league: League) -> None:
    await league.accuse()
    with pytest.raises(Refused, match="has a case over that already"):
        await league.b.node.disputes.open(league.b.row(LIE), Ground.FALSE_CLAIM, "again")


# ---- withdrawal, appeal, and the operator's word


async def test_what_is_withdrawn_is_closed_and_nothing_is_owed(league: League) -> None:
    league.b.sandbox.teach(SLUG, Behaviour({"('Hello World',)": "'x'", "('A',)": "'x'"}))
    case = await league.accuse(SLUG)
    league.world.clock.advance(10)
    await league.b.node.disputes.withdraw(case, "my disk was broken")
    await league.pull(league.b)
    await league.pull()
    assert {state(one, case) for one in (league.hub, *league.everybody)} == {"withdrawn"}
    await league.runs(case, league.c)
    assert state(league.c, case) == "withdrawn"
    assert "false_accusation" not in {dealing for dealing, _ in dealings(league.c)}


async def test_an_appeal_with_new_evidence_asks_for_new_runs(league: League) -> None:
    case = await league.accuse()
    await league.runs(case, league.c, league.d)
    book = league.a.node.disputes
    with pytest.raises(UsageError, match="there is no ruling to appeal against"):
        await book.appeal(book.book.find(case.id), "try again")  # a names no verifier: nothing is ruled there

    league.world.clock.advance(10)
    await league.a.prove(LIE)
    body = {"case": case.id, "why": "it was the library", "records": [mine(league.a, EVIDENCE, LIE.id)[-1]]}
    await league.hub.node.inbox.receive(envelope_of(league.a, mine(league.a, EVIDENCE, LIE.id)[-1]), Via.HTTP)
    appeal = league.a.node.core.seal("dispute_appeal", body)
    await league.hub.node.inbox.receive(appeal.raw, Via.HTTP)
    await league.pull()
    assert [state(one, case) for one in (league.hub, league.c, league.e)] == ["appealed"] * 3
    assert league.e.row(LIE).state is SkillState.REFUSED

    for one in (league.c, league.d):
        one.sandbox.teach(LIE)
    await league.runs(case, league.c, league.d)
    assert [state(one, case) for one in (league.hub, league.c, league.e)] == ["dismissed"] * 3
    charged = [dealings(one) for one in (league.c, league.d)]
    assert all(("false_accusation", league.b.id) not in one for one in charged), "their own first runs said what B said"


async def test_what_no_run_can_show_an_operator_decides_for_himself(league: League) -> None:
    claim = league.b.store.records_about(SLUG.id, SKILL)[0].id
    case = await league.b.node.disputes.open(
        league.b.row(LIE), Ground.PLAGIARISED, "taken from the other one", records=(claim,)
    )
    await league.pull(league.b)
    await league.pull()
    with pytest.raises(UsageError, match="no run can show plagiarised"):
        await league.c.node.disputes.evidence(case)
    await league.c.node.disputes.rule(case, Ruled.UPHELD, "plainly so")
    assert (state(league.c, case), league.c.row(LIE).state) == ("upheld", SkillState.REFUSED)
    await league.pull(league.c)
    await league.pull()
    assert state(league.e, case) == "opened"
    tried = await league.accuse()
    with pytest.raises(UsageError, match="false_claim is decided by running the skill again"):
        await league.c.node.disputes.rule(tried, Ruled.UPHELD)


# ---- arrival


async def test_what_comes_before_what_it_rests_on_is_asked_for_again(world: World) -> None:
    """The answer lies in the feed of one hub, the case in that of another, which is read later."""
    league = League(world)
    other = world.settle("other", "hub")
    world.invite(other, *league.everybody)
    await league.publish()
    await league.a.publish(LIE, other)
    case = await league.accuse()
    # e knows nothing of the case yet, since it reads the second hub first
    f = world.settle("f", sandbox=taught(Table()))
    await f.subscribe(other)
    await f.subscribe(league.hub)
    for id_ in (mine(league.b, EVIDENCE, LIE.id)[-1], case.id):
        await other.node.inbox.receive(envelope_of(league.b, id_), Via.HTTP)
    answer = await league.a.node.disputes.answer(league.a.node.disputes.book.find(case.id), "no", to=(other.url,))
    await league.a.deliver()

    # f takes the answer alone, as if the second hub had lost the rest
    raw = envelope_of(league.a, answer)
    await f.node.before_pull(other.url)
    with pytest.raises(Refused) as refused:
        await f.node.inbox.receive(raw, Via.FEED, other.url)
    assert refused.value.reason is Reason.NOT_YET
    await f.node.subscriber.early.remember({answer: case.id}, other.url)
    assert await f.node.subscriber.early.retry(other.url) == []
    await f.pull(league.hub)
    assert state(f, case) == "opened"
    await f.node.before_pull(other.url)
    assert state(f, case) == "answered"
    assert f.node.subscriber.early.waiting() == {}


async def test_a_pull_remembers_what_came_too_early_and_brings_it_with_the_next(league: League) -> None:
    case = await league.accuse()
    answer = await league.a.node.disputes.answer(league.a.node.disputes.book.find(case.id), "no")
    await league.a.deliver()
    f = league.world.settle("f", sandbox=taught(Table()))
    await f.subscribe(league.hub)
    ids = [row.id for row in league.hub.store.feed(0, 100)]
    opening = envelope_of(league.hub, case.id)

    # a source that withholds the opening the first time
    def twist(method, path, given):
        if path.startswith("/feed"):
            page = msgspec.json.decode(given.body)
            for item in page["items"]:
                if item["id"] == case.id:
                    item["envelope"] = None
            return type(given)(given.status, msgspec.json.encode(page))
        return given

    league.world.net.twists[league.hub.url] = twist
    pulled = {one.id: one.reason for one in await f.pull(league.hub)}
    assert set(pulled) == set(ids)
    assert pulled[answer] is Reason.NOT_YET
    del league.world.net.twists[league.hub.url]
    assert f.node.subscriber.early.waiting() == {answer: (case.id, league.hub.url)}
    await f.node.before_pull(league.hub.url)
    with pytest.raises(NotFound):
        f.node.disputes.book.find(case.id)
    await f.node.inbox.receive(opening, Via.FEED, league.hub.url)
    await f.node.before_pull(league.hub.url)
    assert state(f, case) == "answered"


async def test_what_a_peer_does_not_take_yet_is_brought_again(league: League) -> None:
    case = await league.accuse()
    other = league.world.settle("other", "hub")
    league.world.invite(other, *league.everybody)
    answer = await league.a.node.disputes.answer(league.a.node.disputes.book.find(case.id), "no", to=(other.url,))
    await league.a.deliver()
    sent = {one.record: one.state for one in league.a.store.outbox("pending")}
    assert sent.get(answer) == "pending"
    for row in league.b.store.records_about(LIE.id):
        if row.kind in (SKILL, EVIDENCE, DISPUTE):
            await other.node.inbox.receive(row.envelope, Via.FEED)
    await league.a.deliver()
    await league.a.deliver()
    assert {one.state for one in league.a.store.deliveries_of(answer)} == {"delivered"}
    assert state(other, case) == "answered"


# ---- staying


async def test_a_case_survives_a_restart(sqlite_world: World) -> None:
    league = League(sqlite_world)
    await league.publish()
    case = await league.accuse()
    await league.runs(case, league.c, league.d)
    before = league.e.node.cases.whole(case)
    league.world.restart(league.e)
    assert league.e.node.cases.whole(case) == before
    assert league.e.node.cases.listed()[0][0]["case"] == case.id
    await league.e.node.settler.catch_up()
    assert league.e.node.cases.whole(case) == before


async def test_what_is_kept_of_a_case_is_filed_as_its_bytes_say(league: League) -> None:
    case = await league.accuse()
    await league.a.node.disputes.answer(league.a.node.disputes.book.find(case.id), "it passes on mine")
    await league.pull(league.a)
    await league.runs(case, league.c, league.d)
    rows = [*league.hub.store.records_about(case.id), *league.hub.store.records_about(LIE.id, DISPUTE)]
    assert {row.kind for row in rows} == {DISPUTE, RULING, "dispute_answer", "dispute_finding"}
    assert [subject_of(open_record(row)) for row in rows] == [row.subject for row in rows]
    assert {row.subject for row in rows} == {case.id, LIE.id}


async def test_what_was_left_undone_is_done_with_the_next_start(league: League) -> None:
    """The node stopped between the finding and the ruling, or its operator named verifiers since."""
    case = await league.accuse()
    await league.runs(case, league.c, league.d)
    f = league.world.settle("f", sandbox=taught(Table()))
    await f.subscribe(league.hub)
    await f.pull(league.hub)
    assert (state(f, case), f.row(LIE).state) == ("opened", SkillState.QUARANTINED)
    f.settings["conduct"] = {"verifiers": (league.c.id, league.d.id)}
    league.world.restart(f)
    await f.ask("sync")
    assert (state(f, case), f.row(LIE).state) == ("upheld", SkillState.REFUSED)


async def test_cases_are_listed_in_the_order_in_which_they_came(league: League) -> None:
    first = await league.accuse()
    claim = league.b.store.records_about(SLUG.id, SKILL)[0].id
    second = await league.b.node.disputes.open(league.b.row(SLUG), Ground.LICENCE, "GPL", records=(claim,))
    views = league.b.node.cases
    assert [one["case"] for one in views.listed()[0]] == [first.id, second.id]
    page, following = views.listed(limit=1)
    assert ([one["case"] for one in page], following) == ([first.id], 1)
    assert [one["case"] for one in views.listed(after=1)[0]] == [second.id]
    assert [one.id for one in league.b.node.disputes.book.about(SLUG.id)] == [second.id]


async def test_a_case_of_a_banned_author_is_not_taken(league: League) -> None:
    await league.b.prove(LIE)
    case = await league.b.node.disputes.open(league.b.row(LIE), Ground.FALSE_CLAIM, "bad", to=(league.e.url,))
    await league.e.store.apply([PutPeer(PeerRow(league.b.id, banned=True))])
    with pytest.raises(Refused) as refused:
        await league.e.node.inbox.receive(envelope_of(league.b, case.id), Via.FEED)
    assert refused.value.reason is Reason.BANNED


def test_the_harness_of_this_world_is_what_the_claims_name() -> None:
    assert Table().harness == HARNESS


async def test_no_word_of_others_takes_this_nodes_own_skill_out_of_use(league: League) -> None:
    """The constitution's third article: the operator has named verifiers for what others bring."""
    league.a.settings["conduct"] = {"verifiers": (league.c.id, league.d.id)}
    a = league.world.restart(league.a)
    case = await league.accuse()
    await league.runs(case, league.c, league.d)
    assert state(a, case) == "upheld"
    assert a.row(LIE).state is SkillState.ADMITTED
    lines = a.store.journal(LIE.id)
    assert any(one.reason == Reason.UNCONSTITUTIONAL.code and "article 3" in one.detail for one in lines)
    assert league.e.row(LIE).state is not SkillState.ADMITTED
