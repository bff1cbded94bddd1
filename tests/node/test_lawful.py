"""Where the constitution is asked, and what a breach leads to there: each article changes a decision of a real node.

What articles 4 and 5 ask of a skill that is published, and 4 of one that is passed on, nobody else asks. Elsewhere an
article stands behind another wall: there that one is taken away first, and what would have come in is stopped all the
same.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any

import pytest

from hansa.admission.service import Via
from hansa.governance.act import Act, Occasion
from hansa.governance.constitution import FIVE, sound
from hansa.governance.rules import read_rules
from hansa.identity.keys import SigningKey
from hansa.kernel.errors import Refused
from hansa.kernel.ids import ContentId, NodeId
from hansa.kernel.instant import MINUTE
from hansa.kernel.verdict import Reason
from hansa.node import lawful, publishing
from hansa.node.driver import Effects
from hansa.node.rooms import Rooms
from hansa.node.rows import PutTombstone, SetSkillState, TombstoneRow
from hansa.skills import service
from hansa.skills.lineage import Ancestry
from hansa.skills.messages import tombstone_body
from hansa.skills.model import SkillState
from hansa.skills.service import Trigger
from tests.attacks.specimens import key
from tests.node.world import DOUBLE, LIE, SLUG, Resident, World, make_skill, multiplier, skill_message, speak

BARE = make_skill("negate", "def negate(x):\n    return -x\n", {})
PUSHED = Via.HTTP


async def pushed(node: Resident, message: Any) -> str:
    """Pushes a message to a node; returns "taken" or the reason's code."""
    async with node.http() as http:
        answer = await http.post("/records", content=message.raw)
    told = answer.json()
    return "taken" if answer.status_code in (200, 201) else told["reason"]


def lines(node: Resident, id_: str) -> list[str]:
    """Returns what the journal says of the constitution about something."""
    return [one.detail for one in node.store.journal(ContentId(id_)) if one.reason == Reason.UNCONSTITUTIONAL.code]


def under(node: Resident, **rule: Any) -> None:
    """Adds a rule to a node's constitution, as if it had been opened with it."""
    given = {"name": "ours", "text": "Not here.", "passes": [{"license": "MIT"}], "fails": [{"license": "X"}]} | rule
    core = node.node.core
    core.settings = replace(core.settings, constitution=sound(read_rules({"rules": [given]})))


def hub_and_authors(world: World) -> tuple[Resident, Resident, Resident]:
    hub, a, b = world.settle("hub", "hub"), world.settle("a"), world.settle("b")
    world.invite(hub, a, b)
    return hub, a, b


# ---- article 1


async def test_1_no_message_brings_a_skill_into_use(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The table of states stands in front; here it is changed so that whoever stands up for a skill admits it."""
    hub, a, b = hub_and_authors(world)
    assert await pushed(hub, skill_message(a.key, SLUG)) == "taken"
    assert await pushed(hub, speak(a.key, "tombstone", tombstone_body(SLUG.id, ""))) == "taken"
    monkeypatch.setitem(service.TRANSITIONS, (SkillState.REMOVED, Trigger.RETURNED), SkillState.ADMITTED)
    forcing = skill_message(b.key, SLUG)
    assert await pushed(hub, forcing) == "unconstitutional"
    assert hub.row(SLUG).state is SkillState.REMOVED
    assert hub.refusals() == {"unconstitutional": 1}
    assert lines(hub, forcing.id)[0].startswith("article 1, no forced acceptance: ")


@pytest.mark.parametrize("before", [SkillState.QUARANTINED, SkillState.ADMITTED])
async def test_1_a_proof_that_failed_brings_nothing_into_use(
    world: World, monkeypatch: pytest.MonkeyPatch, before: SkillState
) -> None:
    a = world.settle("a")
    await a.node.inbox.receive(skill_message(key(1), LIE).raw, Via.FILE)
    if before is SkillState.ADMITTED:
        await a.node.shelf.settle(a.row(LIE), Trigger.APPROVED)
    monkeypatch.setitem(service.TRANSITIONS, (before, Trigger.FAILED), SkillState.ADMITTED)
    proof = await a.prove(LIE)
    assert proof.state is a.row(LIE).state is SkillState.QUARANTINED
    assert len(a.store.evidence(LIE.id)) == 1  # the finding is kept all the same
    assert lines(a, LIE.id)[0].startswith("article 1, no forced acceptance: it would come into use without a passing")
    told = {line.box: line.text for line in a.node.stories.why(LIE.id).lines}
    assert "article 1" in told["domain room"]


# ---- article 2


async def test_2_what_would_leave_is_signed_by_a_key_of_this_node(world: World) -> None:
    """The signing key was replaced meanwhile, on another machine: a dry run says so as well."""
    a = world.settle("a")
    world.table.teach(SLUG)
    await a.add(SLUG)
    await a.prove(SLUG)
    a.node.core.keys = Keys(a.id, key(7))
    (gate,) = (await a.node.publisher.publish(a.row(SLUG), dry_run=True)).shut
    assert gate.found.startswith("article 2, verifiable and signed: its signature was not verified")
    assert (await a.node.publisher.publish(a.row(SLUG))).record is None
    assert a.store.feed_mark()[0] == 0


async def test_2_what_nobody_can_verify_is_not_published(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The gate on checks stands in front; here every gate is open."""
    a = world.settle("a")
    await a.add(BARE)
    monkeypatch.setattr(publishing, "publish_gates", lambda *_: ())
    (gate,) = (await a.node.publisher.publish(a.row(BARE))).shut
    assert "article 2, verifiable and signed: it has no checks" in gate.found
    assert a.store.feed_mark()[0] == 0


@dataclass(frozen=True)
class Keys:
    """A node's name, and a key that is not its own any more."""

    node_id: NodeId
    key: SigningKey


# ---- article 3


async def test_3_nobody_else_removes_what_is_this_node_s_own(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rule on tombstones stands in front; here it is made to say that everybody may."""
    a, b = world.settle("a"), world.settle("b")
    world.invite(a, b)
    await a.add(SLUG)
    assert await pushed(a, skill_message(b.key, SLUG)) == "taken"
    monkeypatch.setattr(service, "after_tombstone", lambda author, known, recall=False: True)
    assert await pushed(a, speak(b.key, "tombstone", tombstone_body(SLUG.id, "mine"))) == "unconstitutional"
    assert a.row(SLUG).state is SkillState.QUARANTINED
    assert a.store.tombstone(SLUG.id) is None


async def test_3_who_never_passed_a_skill_on_does_not_remove_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    a, b, c = world.settle("a"), world.settle("b"), world.settle("c")
    world.invite(a, b, c)
    assert await pushed(a, skill_message(b.key, SLUG)) == "taken"
    monkeypatch.setattr(service, "after_tombstone", lambda author, known, recall=False: True)
    assert await pushed(a, speak(c.key, "tombstone", tombstone_body(SLUG.id, ""))) == "unconstitutional"
    assert await pushed(a, speak(b.key, "tombstone", tombstone_body(SLUG.id, ""))) == "taken"
    assert a.row(SLUG).state is SkillState.REMOVED


async def test_3_what_is_meant_for_one_node_is_not_shown_to_all(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    hub, a, _ = hub_and_authors(world)
    assert await pushed(hub, skill_message(a.key, SLUG, recipient=hub.id)) == "taken"
    assert hub.holds(SLUG)
    assert hub.store.feed_mark()[0] == 0
    monkeypatch.setattr(Rooms, "_passes_on", lambda self, admitted: True)  # which stands in front
    assert await pushed(hub, skill_message(a.key, DOUBLE, recipient=hub.id)) == "unconstitutional"
    assert hub.store.feed_mark()[0] == 0


# ---- article 4


@pytest.fixture
def lax(world: World) -> Resident:
    """A node whose settings ask for next to nothing before a skill leaves."""
    made = world.settle("a", config={"skills": {"min_confidence": 0.0, "prove_trials": 1}})
    world.table.teach(SLUG)
    return made


@pytest.mark.parametrize("dry_run", [True, False])
async def test_4_settings_do_not_lower_what_is_asked_of_a_published_skill(lax: Resident, dry_run: bool) -> None:
    await lax.add(SLUG)
    await lax.prove(SLUG)
    publication = await lax.node.publisher.publish(lax.row(SLUG), (), dry_run)
    (gate,) = publication.shut
    assert (gate.name, gate.reason) == ("constitution", Reason.UNCONSTITUTIONAL)
    assert gate.found == "article 4, quality: confidence 0.207, more than 0.900 is asked for: prove it longer"
    assert gate.asked == f"the five articles of {FIVE.digest[:12]}"
    assert (publication.record, publication.payload) == (None, b"")
    assert lax.store.feed_mark()[0] == 0
    assert lines(lax, SLUG.id) == ([] if dry_run else [gate.found])
    lax.clock.advance(MINUTE)
    await lax.node.prover.prove(lax.row(SLUG), 35)
    assert not (await lax.node.publisher.publish(lax.row(SLUG), (), dry_run)).shut


async def test_4_a_hub_does_not_pass_on_what_its_operator_has_refused(world: World) -> None:
    hub, a, b = hub_and_authors(world)
    assert await pushed(hub, skill_message(a.key, SLUG)) == "taken"
    await hub.node.shelf.settle(hub.row(SLUG), Trigger.REJECTED, "no")
    again = skill_message(b.key, SLUG)
    assert await pushed(hub, again) == "unconstitutional"
    assert lines(hub, again.id)[0].startswith("article 4, quality: this node has refused it")
    assert hub.store.feed_mark()[0] == 1
    await hub.node.shelf.settle(hub.row(SLUG), Trigger.APPROVED)
    assert await pushed(hub, again) == "taken"


# ---- article 5


async def test_5_who_publishes_holds_what_it_was_made_from(world: World) -> None:
    parent = multiplier(3)
    child = multiplier(6, lineage=(parent.id,))
    a = world.settle("a")
    world.table.teach(parent)
    world.table.teach(child)
    await a.add(child)
    await a.prove(child)
    publication = await a.node.publisher.publish(a.row(child))
    assert [one.found.partition(":")[0] for one in publication.shut] == ["article 5, lineage"]
    assert (publication.record, a.store.feed_mark()[0]) == (None, 0)
    await a.add(parent)
    assert not (await a.node.publisher.publish(a.row(child))).shut
    await a.node.shelf.remove(a.row(parent), "no longer")  # it is still there to be looked at
    assert not (await a.node.publisher.publish(a.row(child))).shut


async def test_5_a_lineage_that_can_t_be_followed_is_not_taken(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The skills' own walk stands in front; here it sees nothing."""
    a = world.settle("a")
    monkeypatch.setattr(service, "ancestry", lambda *_: Ancestry(0, (), ()))
    twice = multiplier(6, lineage=("1" * 64, "1" * 64))
    with pytest.raises(Refused) as caught:
        await a.node.inbox.receive(skill_message(key(1), twice).raw, Via.FILE)
    assert caught.value.reason is Reason.UNCONSTITUTIONAL
    assert "article 5" in caught.value.detail


async def test_5_what_is_removed_leaves_a_record(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = world.settle("a"), world.settle("b")
    world.invite(a, b)
    assert await pushed(a, skill_message(b.key, SLUG)) == "taken"
    decided = Rooms._tombstone

    def forgetful(self: Rooms, admitted: Any, source: str) -> Any:
        skill, effects = decided(self, admitted, source)
        effects.changes = [one for one in effects.changes if type(one).__name__ != "PutTombstone"]
        return skill, effects

    rooms = a.node.inbox._rooms
    monkeypatch.setitem(rooms._rooms, "tombstone", lambda *given: forgetful(rooms, *given))
    assert await pushed(a, speak(b.key, "tombstone", tombstone_body(SLUG.id, ""))) == "unconstitutional"
    assert a.row(SLUG).state is SkillState.QUARANTINED


# ---- rules of one's own


FREE = {
    "occasions": ["import", "publish", "route"],
    "must": {"license": {"is": "MIT"}},
    "when": {"kind": {"is": "skill"}},
}
CLOSED = multiplier(7, license="GPL-3.0-only")


async def test_a_rule_keeps_out_what_is_pushed_pulled_and_added(world: World) -> None:
    hub, a, b = hub_and_authors(world)
    assert await pushed(hub, skill_message(a.key, CLOSED)) == "taken"
    under(b, **FREE)
    await b.subscribe(hub)
    (pulled,) = await b.pull(hub)
    assert pulled.reason is Reason.UNCONSTITUTIONAL
    assert pulled.detail.startswith('rule ours: Not here. (license is "MIT"; it is "GPL-3.0-only")')
    with pytest.raises(Refused, match="rule ours"):
        await b.add(CLOSED)
    assert not b.holds(CLOSED)
    await b.add(multiplier(8))


@pytest.mark.parametrize(("trials", "state"), [(2, SkillState.QUARANTINED), (35, SkillState.ADMITTED)])
async def test_a_rule_about_confidence_asks_for_that_of_the_proof(world: World, trials: int, state: SkillState) -> None:
    a = world.settle("a")
    world.table.teach(SLUG)
    use = {"leads_to": "admitted", "rests_on": "proof"}
    asked = {name: {"is": value} for name, value in use.items()}
    under(
        a, occasions=["import"], when=asked, must={"confidence": {"at_least": 0.9}},
        passes=[{**use, "confidence": 0.95}], fails=[{**use, "confidence": 0.5}],
    )  # fmt: skip
    await a.node.inbox.receive(skill_message(key(1), SLUG).raw, Via.FILE)
    await a.node.prover.prove(a.row(SLUG), trials)
    assert a.row(SLUG).state is state


async def test_a_rule_that_comes_later_holds_at_the_next_word(world: World) -> None:
    """What is here stays; it is not brought into use, kept in use by a proof, or published, from then on."""
    a = world.settle("a")
    world.table.teach(CLOSED)
    await a.node.inbox.receive(skill_message(key(1), CLOSED).raw, Via.FILE)
    await a.prove(CLOSED)
    assert a.row(CLOSED).state is SkillState.ADMITTED
    under(a, **FREE)
    assert a.row(CLOSED).state is SkillState.ADMITTED
    assert (await a.prove(CLOSED)).state is SkillState.QUARANTINED
    with pytest.raises(Refused) as caught:
        await a.node.shelf.settle(a.row(CLOSED), Trigger.APPROVED)
    assert caught.value.reason is Reason.UNCONSTITUTIONAL
    assert a.row(CLOSED).state is SkillState.QUARANTINED
    assert len(lines(a, CLOSED.id)) == 2
    await a.node.shelf.settle(a.row(CLOSED), Trigger.REJECTED)  # what leads out of use is nobody's to forbid


async def test_a_rule_can_tell_what_was_made_from_what_was_taken_back(world: World) -> None:
    parent = multiplier(3)
    child = multiplier(6, lineage=(parent.id,))
    a = world.settle("a")
    world.table.teach(parent)
    world.table.teach(child)
    for one in (parent, child):
        await a.add(one)
        await a.prove(one)
    under(
        a, occasions=["publish"], must={"parents_removed": {"at_most": 0}}, passes=[{}], fails=[{"parents_removed": 1}]
    )
    assert not (await a.node.publisher.publish(a.row(child), dry_run=True)).shut
    await a.node.shelf.remove(a.row(parent), "wrong")
    (gate,) = (await a.node.publisher.publish(a.row(child), dry_run=True)).shut
    assert gate.found == "rule ours: Not here. (parents_removed at_most 0; it is 1)"
    assert gate.asked.startswith("the five articles, 1 rules of ")


# ---- whoever carries something out elsewhere


async def test_votes_and_disputes_ask_by_the_same_door(world: World) -> None:
    core = world.settle("a").node.core
    facts: dict[str, Any] = {"occasion": Occasion.DISPUTE, "own": False, "signed": True, "verified": True}
    lawful.check(core, Act(leads_to="removed", rests_on="operator", **facts))
    lawful.check(core, Act(leads_to="removed", rests_on="author", **facts))
    for act in (Act(leads_to="removed", **facts), Act(leads_to="admitted", **facts)):
        with pytest.raises(Refused) as caught:
            lawful.check(core, act)
        assert caught.value.reason is Reason.UNCONSTITUTIONAL


async def test_asking_costs_little_beside_taking_a_message_in(tmp_path) -> None:
    """Held as a share of one run's own time, on the store that is quickest."""
    world = World(tmp_path, "memory")
    hub, a, _ = hub_and_authors(world)
    messages = [skill_message(a.key, multiplier(n)).raw for n in range(10, 210)]
    spent = 0.0
    asked = lawful.check_message

    def timed(*given: Any) -> None:
        nonlocal spent
        began = time.process_time()
        asked(*given)
        spent += time.process_time() - began

    lawful.check_message = timed
    try:
        began = time.process_time()
        taken = await hub.node.inbox.receive_many(messages, PUSHED)
        whole = time.process_time() - began
    finally:
        lawful.check_message = asked
        world.close()
    assert not [one for one in taken if isinstance(one, Exception)]
    assert spent < whole / 10, (spent, whole)


async def test_a_rule_on_findings_is_asked_too(world: World) -> None:
    """What moves no skill is looked up by its author and way; rules see these facts as well."""
    a, b, c = world.settle("a"), world.settle("b"), world.settle("c")
    world.invite(a, b, c)
    assert await pushed(a, skill_message(b.key, SLUG)) == "taken"
    finding = {
        "skill": SLUG.id, "harness": "h", "sandbox": "s", "outcome": "pass", "trials": 1, "successes": 1, "passed": 1,
        "total": 1, "digest": "0" * 64, "reason": "",
    }  # fmt: skip
    only_b = {"author": {"is": b.id}}
    under(a, occasions=["import"], when={"kind": {"is": "evidence"}}, must=only_b,
          passes=[{"kind": "evidence", "author": b.id}], fails=[{"kind": "evidence"}])  # fmt: skip
    assert await pushed(a, speak(b.key, "evidence", finding)) == "taken"
    assert await pushed(a, speak(c.key, "evidence", finding)) == "unconstitutional"
    under(a, occasions=["import"], must={"via": {"is_not": "http"}}, passes=[{}], fails=[{"via": "http"}])
    assert await pushed(a, speak(b.key, "evidence", finding)) == "unconstitutional"


async def test_3_a_tombstone_by_itself_is_a_removal_too(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a room makes of a message: what marks a skill as gone is judged as what it is."""
    a, b = world.settle("a"), world.settle("b")
    world.invite(a, b)
    await a.add(SLUG)
    assert await pushed(a, skill_message(b.key, SLUG)) == "taken"
    rooms = a.node.inbox._rooms

    def forging(admitted: Any, source: str) -> Any:
        row = TombstoneRow(SLUG.id, admitted.message.id, "mine", admitted.at)
        return SLUG.id, Effects([rooms.keep(admitted, SLUG.id, source), PutTombstone(row)])

    monkeypatch.setitem(rooms._rooms, "tombstone", forging)
    assert await pushed(a, speak(b.key, "tombstone", tombstone_body(SLUG.id, ""))) == "unconstitutional"
    assert a.store.tombstone(SLUG.id) is None


async def test_3_a_warning_may_put_a_skill_back_into_quarantine(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What others say may take this node's own skill out of use, where its operator decides on it again."""
    a, b = world.settle("a"), world.settle("b")
    world.invite(a, b)
    world.table.teach(SLUG)
    await a.add(SLUG)
    await a.prove(SLUG)
    assert await pushed(a, skill_message(b.key, SLUG)) == "taken"
    rooms = a.node.inbox._rooms

    def leading_to(state: SkillState) -> Any:
        return lambda admitted, source: (
            SLUG.id,
            Effects([rooms.keep(admitted, SLUG.id, source), SetSkillState(SLUG.id, state)]),
        )

    monkeypatch.setitem(rooms._rooms, "tombstone", leading_to(SkillState.REFUSED))
    assert await pushed(a, speak(b.key, "tombstone", tombstone_body(SLUG.id, ""))) == "unconstitutional"
    monkeypatch.setitem(rooms._rooms, "tombstone", leading_to(SkillState.QUARANTINED))
    assert await pushed(a, speak(b.key, "tombstone", tombstone_body(SLUG.id, ""))) == "taken"
    assert a.row(SLUG).state is SkillState.QUARANTINED
