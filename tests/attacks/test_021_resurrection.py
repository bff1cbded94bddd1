"""Attack 21: what was removed is sent again, by its author, by somebody else, proved or approved once more."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansa.kernel.errors import Refused, UsageError
from hansa.kernel.verdict import Reason, Verdict
from hansa.skills.judge import judge
from hansa.skills.model import Skill, SkillState
from hansa.skills.policy import Params
from hansa.skills.service import TRANSITIONS, Known, Trigger, after_proof, after_tombstone, move, receive
from tests.attacks.specimens import reason
from tests.skills.specimens import ALICE, BOB, CAROL, SHOUT, changed, report, trial, with_files

GONE = Known(tombstoned=True, withdrawn_by=frozenset({ALICE}), published_by=frozenset({ALICE}))
"""This node's operator has removed it."""
PARAMS = Params()
authors = st.sampled_from([ALICE, BOB, CAROL])


def why_not(skill: Skill, author: str, known: Known) -> Reason:
    return reason(receive, skill, author, known, {}.get, PARAMS)


@pytest.mark.parametrize("author", [ALICE, BOB, "did:key:new"])
def test_what_is_gone_is_refused_whoever_sends_it(author: str) -> None:
    assert why_not(SHOUT, author, GONE) is Reason.TOMBSTONED
    assert why_not(SHOUT, author, Known(tombstoned=True)) is Reason.TOMBSTONED


@given(st.frozensets(authors), st.frozensets(authors), authors)
def test_a_tombstone_outweighs_everything_else_that_is_known(
    withdrawn: frozenset[str], published: frozenset[str], author: str
) -> None:
    for skill in (SHOUT, with_files("../x")):
        assert (
            why_not(skill, author, Known(tombstoned=True, withdrawn_by=withdrawn, published_by=published))
            is Reason.TOMBSTONED
        )


@given(st.frozensets(authors), st.frozensets(authors), authors, authors)
def test_what_is_recalled_is_refused_whoever_sends_it(
    withdrawn: frozenset[str], published: frozenset[str], origin: str, author: str
) -> None:
    known = Known(withdrawn_by=withdrawn, published_by=published, origin=origin, recalled=True)
    assert why_not(SHOUT, author, known) is Reason.TOMBSTONED


@given(st.frozensets(authors), st.frozensets(authors), authors, authors)
def test_a_recall_never_does_less_than_a_taking_back(
    withdrawn: frozenset[str], published: frozenset[str], origin: str, author: str
) -> None:
    known = Known(withdrawn_by=withdrawn, published_by=published, origin=origin)
    try:
        plain = after_tombstone(author, known)
    except Refused:
        return
    assert after_tombstone(author, known, recall=True) >= plain


@given(st.frozensets(authors), st.frozensets(authors), authors)
def test_an_author_that_has_taken_a_skill_back_does_not_bring_it_again(
    withdrawn: frozenset[str], published: frozenset[str], author: str
) -> None:
    known = Known(withdrawn_by=withdrawn, published_by=published)
    try:
        receive(SHOUT, author, known, {}.get, PARAMS)
    except Refused as refusal:
        assert refusal.reason is (Reason.TOMBSTONED if author in withdrawn else Reason.DUPLICATE)
    else:
        assert author not in withdrawn | published


@pytest.mark.parametrize("trigger", sorted(set(Trigger) - {Trigger.RETURNED}))
def test_no_proof_and_no_word_of_the_operator_leads_back(trigger: Trigger) -> None:
    with pytest.raises(UsageError):
        move(SkillState.REMOVED, trigger)


def test_a_proof_that_was_under_way_does_not_bring_it_back() -> None:
    passing = judge(SHOUT, report(trial()))
    with pytest.raises(UsageError):
        after_proof(SkillState.REMOVED, passing)


def test_removal_is_possible_from_everywhere() -> None:
    for state in set(SkillState) - {SkillState.REMOVED}:
        assert move(state, Trigger.REMOVED) is SkillState.REMOVED


def test_what_comes_back_is_as_unproved_as_what_is_new() -> None:
    """Only another author who stands up for the content brings it back, and only into quarantine."""
    assert [key for key in TRANSITIONS if key[0] is SkillState.REMOVED] == [(SkillState.REMOVED, Trigger.RETURNED)]
    assert move(SkillState.REMOVED, Trigger.RETURNED) is SkillState.QUARANTINED


def test_a_skill_sent_again_with_a_change_is_another_skill_and_starts_over() -> None:
    again = changed(SHOUT, intent=SHOUT.intent + " ")
    assert again.id != SHOUT.id
    assert receive(again, ALICE, Known(), {}.get, PARAMS)


def test_the_refusal_blames_the_sender() -> None:
    assert Reason.TOMBSTONED.verdict is Verdict.REJECT
