"""Attack 19: taking the name of somebody else's skill, or having it refused as "already here" or "taken back"."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansa.kernel.errors import Refused
from hansa.kernel.verdict import Reason
from hansa.kernel.wire import parse
from hansa.skills.messages import SkillBody, skill_body
from hansa.skills.model import Claim, Skill, SkillState
from hansa.skills.policy import Params
from hansa.skills.service import Known, Trigger, after_tombstone, move, receive
from tests.attacks.specimens import key, proved, reason
from tests.skills.specimens import ALICE, BOB, SHOUT, changed
from tests.skills.strategies import skills

MALLORY = "did:key:mallory"


@dataclass
class Node:
    """What a node knows of one skill while messages about it come in, as the inbox keeps it."""

    own: bool = False
    published: set[str] = field(default_factory=set)
    withdrawn: set[str] = field(default_factory=set)
    state: SkillState | None = None

    def __post_init__(self) -> None:
        if self.own:
            self.state = SkillState.ADMITTED

    @property
    def known(self) -> Known:
        return Known(own=self.own, withdrawn_by=frozenset(self.withdrawn), published_by=frozenset(self.published))

    def publish(self, author: str) -> Reason | None:
        try:
            receive(SHOUT, author, self.known, {}.get, Params())
        except Refused as refusal:
            return refusal.reason
        self.published.add(author)
        if self.state in (None, SkillState.REMOVED):
            self.state = move(self.state, Trigger.RETURNED) if self.state else SkillState.QUARANTINED
        return None

    def take_back(self, author: str) -> Reason | None:
        try:
            goes = after_tombstone(author, self.known)
        except Refused as refusal:
            return refusal.reason
        self.withdrawn.add(author)
        if goes and self.state is not None:
            self.state = move(self.state, Trigger.REMOVED)
        return None

    @property
    def holds(self) -> bool:
        return self.state not in (None, SkillState.REMOVED)


@given(skills, skills)
def test_other_content_has_another_name(one: Skill, two: Skill) -> None:
    assert one == two or one.id != two.id


@pytest.mark.parametrize("name", ["id", "trace_id", "skill_id", "digest"])
def test_a_name_cannot_be_asked_for(name: str) -> None:
    body = skill_body(SHOUT, Claim())
    assert reason(parse, {**body, name: "0" * 64}, SkillBody) is Reason.BAD_BODY
    assert reason(parse, {**body, "skill": {**body["skill"], name: "0" * 64}}, SkillBody) is Reason.BAD_BODY  # type: ignore[dict-item]


def test_the_same_content_by_two_authors_is_one_skill_with_two_records() -> None:
    mine, theirs = (proved(key(number), skill_body(SHOUT, Claim())) for number in (1, 2))
    assert parse(mine.body, SkillBody).skill.id == parse(theirs.body, SkillBody).skill.id
    assert mine.id != theirs.id


def test_who_comes_second_with_the_same_content_is_not_refused_as_a_duplicate() -> None:
    node = Node()
    assert node.publish(MALLORY) is None
    assert node.publish(ALICE) is None
    assert node.publish(ALICE) is Reason.DUPLICATE


def test_one_letter_more_is_a_skill_of_its_own() -> None:
    squatted = changed(SHOUT, intent=SHOUT.intent + ".")
    assert squatted.id != SHOUT.id


def test_whoever_republishes_a_skill_cannot_take_it_away() -> None:
    node = Node()
    node.publish(ALICE)
    node.publish(MALLORY)
    assert node.take_back(MALLORY) is None
    assert node.holds
    assert node.take_back(MALLORY) is Reason.DUPLICATE
    assert node.holds


def test_whoever_never_published_a_skill_cannot_take_it_away() -> None:
    node = Node()
    node.publish(ALICE)
    assert node.take_back(MALLORY) is Reason.NOT_AUTHOR
    assert node.holds


def test_a_skill_that_others_stand_by_stays_when_its_author_goes() -> None:
    node = Node()
    node.publish(ALICE)
    node.publish(BOB)
    node.take_back(ALICE)
    assert node.holds
    assert node.publish(ALICE) is Reason.TOMBSTONED
    node.take_back(BOB)
    assert not node.holds


def test_publishing_and_taking_back_in_advance_does_not_block_the_author() -> None:
    node = Node()
    node.publish(MALLORY)
    node.take_back(MALLORY)
    assert not node.holds
    assert node.publish(ALICE) is None
    assert node.state is SkillState.QUARANTINED


@pytest.mark.parametrize("crowd", [[MALLORY], [MALLORY, "did:key:m2"]])
def test_a_node_keeps_its_own_skill_whoever_publishes_and_takes_back_the_same(crowd: list[str]) -> None:
    node = Node(own=True)
    for who in crowd:
        assert node.publish(who) is None
    for who in crowd:
        assert node.take_back(who) is None
    assert node.state is SkillState.ADMITTED


acts = st.lists(
    st.tuples(st.sampled_from(["publish", "take back"]), st.sampled_from([MALLORY, "did:key:m2", "did:key:m3"]))
)


@given(acts, acts)
def test_once_its_author_is_there_no_crowd_takes_a_skill_away(
    before: list[tuple[str, str]], after: list[tuple[str, str]]
) -> None:
    node = Node()
    for act, who in before:
        node.publish(who) if act == "publish" else node.take_back(who)
    assert node.publish(ALICE) is None
    for act, who in after:
        node.publish(who) if act == "publish" else node.take_back(who)
    assert node.holds
    assert node.publish(BOB) is None
