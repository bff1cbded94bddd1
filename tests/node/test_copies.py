"""What is given as copies: nothing that is for this node alone; and how the letters with them are brought."""

from __future__ import annotations

from hansa.kernel.ids import ContentId, content_id
from hansa.kernel.instant import MINUTE, SECOND, Instant
from hansa.kernel.resources import Resource
from hansa.kernel.rng import Rng
from hansa.market.lease_states import State
from hansa.node.answering import Answering
from hansa.node.copies import choose
from hansa.node.driver import Effects
from hansa.node.outbox import over_links
from hansa.node.rows import OutboxRow, PutEvidence, PutOutbox, PutRecord, SetSkillState
from hansa.node.shelf import record_row
from hansa.overlay.doing import Happened
from hansa.overlay.routes import Routes
from hansa.skills.messages import EVIDENCE, SKILL, evidence_body
from hansa.skills.model import Evidence, Outcome, SkillState
from tests.node.trading import a_need, an_offer, asks, brings, market, pair, the, works
from tests.node.world import DOUBLE, SLUG, Resident, World

KNOWLEDGE = (Resource.LEARNED_PATTERNS, Resource.KNOWLEDGE_BASE, Resource.THREAT_INTELLIGENCE)


async def found(node: Resident, skill: ContentId, outcome: Outcome = Outcome.PASS) -> ContentId:
    """Has a node find out something, and tell nobody."""
    evidence = Evidence(skill, node.id, "cpython", "none", outcome, 5, 5, 5, 5, content_id(b"x"))
    row = record_row(node.node.core.seal(EVIDENCE, evidence_body(evidence)), skill, node.clock.now())
    state = SkillState.ADMITTED if outcome is Outcome.PASS else SkillState.REFUSED
    changes = [PutRecord(row), PutEvidence(row.id, evidence), SetSkillState(skill, state)]
    await node.node.core.driver.perform(Effects(list(changes)))
    return row.id


async def test_what_was_never_passed_on_is_given_to_nobody(world: World) -> None:
    lender, borrower = pair(world)
    world.table.teach(SLUG)
    await lender.add(SLUG)
    core = lender.node.core
    await found(lender, SLUG.id)
    assert [choose(core, one, "", 10, borrower.id) for one in KNOWLEDGE] == [[], [], []]
    await lender.ask("skill.remove", id=SLUG.id, why="mine alone")
    assert choose(core, Resource.THREAT_INTELLIGENCE, "", 10, borrower.id) == []


async def test_what_was_published_is_given_and_what_was_found_of_it(world: World) -> None:
    lender, borrower = pair(world)
    for skill in (SLUG, DOUBLE):
        world.table.teach(skill)
        await lender.publish(skill)
    core = lender.node.core
    assert len(choose(core, Resource.LEARNED_PATTERNS, "", 10, borrower.id)) == 2
    own = await found(lender, SLUG.id)
    assert choose(core, Resource.KNOWLEDGE_BASE, "", 1, borrower.id) == [own]


async def test_copies_that_nobody_says_have_come_are_sent_no_more_once_the_lease_is_over(world: World) -> None:
    lender, borrower = pair(world)
    world.table.teach(SLUG)
    await lender.publish(SLUG)
    await market(lender).stall.offer(an_offer(lender, 10, 5, Resource.LEARNED_PATTERNS))
    loan = await asks(borrower, lender, a_need(borrower, 1, resource=Resource.LEARNED_PATTERNS))
    await brings(borrower, lender)
    await brings(lender, borrower)
    await brings(borrower, lender)
    (lease,) = market(lender).lender.book.all()
    assert (lease.state, len(lease.records)) == (State.ACTIVE, 1)

    def copies() -> list[str]:
        return [one.state for one in lender.store.deliveries_of(lease.records[0]) if one.url == over_links(borrower.id)]

    assert copies() == ["pending"]
    world.clock.advance(the(borrower, loan.ask.id).ask.window.ends - world.clock.now() + SECOND)
    await works(lender)
    assert [one.state for one in market(lender).lender.book.all()] == [State.METERED]
    assert copies() == ["dropped"]


async def letters(node: Resident, *whom: Resident, ended: list[Effects] | None = None) -> Answering:
    """Returns what brings one skill of a node to some others."""
    core = node.node.core
    (record,) = core.store.records_about(SLUG.id, SKILL)
    rows = [PutOutbox(OutboxRow(record.id, over_links(one.id), "pending", at=core.now())) for one in whom]
    await core.driver.perform(Effects(list(rows)))
    return Answering(core, Routes(core.me, Rng(1)), ended.append if ended is not None else lambda _: None)


async def test_a_copy_for_one_node_does_not_wait_for_another_one(world: World) -> None:
    lender, borrower = pair(world)
    other = world.settle("other")
    world.table.teach(SLUG)
    await lender.publish(SLUG)
    answering = await letters(lender, borrower, other)
    now = Instant(world.clock.now() + MINUTE)
    answering.tick(now)
    sent = answering.tick(Instant(now + MINUTE))
    assert [one.whom for one in sent.spreads] == [borrower.id, other.id]


async def test_a_copy_is_not_told_to_everybody_where_no_way_is_known(world: World) -> None:
    lender, borrower = pair(world)
    world.table.teach(SLUG)
    await lender.publish(SLUG)
    answering = await letters(lender, borrower)
    now = Instant(world.clock.now() + MINUTE)
    answering.tick(now)
    (spread,) = answering.tick(Instant(now + MINUTE)).spreads
    assert answering.goes_alone(spread.raw)


async def test_a_letter_to_a_node_that_was_restored_waits_until_it_may_answer(world: World) -> None:
    lender, borrower = pair(world)
    world.table.teach(SLUG)
    await lender.publish(SLUG)
    ended: list[Effects] = []
    answering = await letters(lender, borrower, ended=ended)
    answering.tick(Instant(world.clock.now() + MINUTE))
    (record,) = lender.store.records_about(SLUG.id, SKILL)
    for reason, many in (("restored", 0), ("tombstoned", 1)):
        answering.came(Happened("refused", borrower.id, f"{record.id} {reason}"))
        assert len(ended) == many
