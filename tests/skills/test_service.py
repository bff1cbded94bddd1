"""The life of a skill is a table; what comes in is checked in order; what an author takes back goes, and no more."""

from __future__ import annotations

from itertools import pairwise, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from hansa.kernel.errors import UsageError
from hansa.kernel.verdict import Reason
from hansa.skills.judge import Finding
from hansa.skills.model import Claim, Outcome, Skill, SkillState
from hansa.skills.policy import Params
from hansa.skills.service import (
    TRANSITIONS,
    Known,
    Trigger,
    after_proof,
    after_tombstone,
    is_lie,
    move,
    receive,
)
from tests.attacks.specimens import reason
from tests.skills.specimens import ALICE, BOB, CAROL, HARNESS, OTHER_HARNESS, SHOUT, changed, name, with_files

Q, A, R, X = SkillState.QUARANTINED, SkillState.ADMITTED, SkillState.REFUSED, SkillState.REMOVED
PARAMS = Params()
NOTHING = Known()

LEGAL = {
    Q: {
        Trigger.PROVED: A,
        Trigger.APPROVED: A,
        Trigger.FAILED: R,
        Trigger.REJECTED: R,
        Trigger.REMOVED: X,
        Trigger.HELD: Q,
    },
    A: {
        Trigger.PROVED: A,
        Trigger.FAILED: R,
        Trigger.REJECTED: R,
        Trigger.REMOVED: X,
        Trigger.UNPROVED: Q,
        Trigger.HELD: Q,
    },
    R: {Trigger.PROVED: A, Trigger.APPROVED: A, Trigger.FAILED: R, Trigger.REMOVED: X, Trigger.HELD: Q},
    X: {Trigger.RETURNED: Q},
}
"""The life cycle, written down once more."""


# ---- transitions


@pytest.mark.parametrize(("state", "trigger"), list(product(SkillState, Trigger)))
def test_every_move_is_legal_or_refused(state: SkillState, trigger: Trigger) -> None:
    expected = LEGAL[state].get(trigger)
    if expected is None:
        with pytest.raises(UsageError, match=f"{state} can't be {trigger}"):
            move(state, trigger)
    else:
        assert move(state, trigger) is expected


def test_the_table_holds_nothing_else() -> None:
    assert {(state, trigger): after for state, row in LEGAL.items() for trigger, after in row.items()} == TRANSITIONS


def test_only_a_return_leads_back_and_only_what_lacks_a_proof_or_is_held_into_quarantine() -> None:
    assert [trigger for state, trigger in TRANSITIONS if state is X] == [Trigger.RETURNED]
    held = {(state, Trigger.HELD) for state in (Q, A, R)}
    back = {(X, Trigger.RETURNED), (A, Trigger.UNPROVED)}
    assert {key for key, after in TRANSITIONS.items() if after is Q} == back | held
    assert {trigger for (_, trigger), after in TRANSITIONS.items() if after is A} == {Trigger.PROVED, Trigger.APPROVED}


class LifeOfASkill(RuleBasedStateMachine):
    """A skill moved about at random, beside a dictionary that says what may be."""

    def __init__(self) -> None:
        super().__init__()
        self.state = Q
        self.history: list[SkillState] = [Q]
        self.held: set[int] = set()  # places of the history that were entered since an ancestor was recalled

    @rule(trigger=st.sampled_from(Trigger))
    def settle(self, trigger: Trigger) -> None:
        expected = LEGAL[self.state].get(trigger)
        if expected is None:
            with pytest.raises(UsageError):
                move(self.state, trigger)
            return
        self.state = move(self.state, trigger)
        if trigger is Trigger.HELD:
            self.held.add(len(self.history))
        self.history.append(self.state)
        assert self.state is expected

    @rule(outcome=st.sampled_from(Outcome))
    def prove(self, outcome: Outcome) -> None:
        finding = found_to_be(outcome)
        if outcome is Outcome.INCONCLUSIVE:
            assert after_proof(self.state, finding) is self.state
        elif self.state is X:
            with pytest.raises(UsageError):
                after_proof(self.state, finding)
        else:
            self.state = after_proof(self.state, finding)
            self.history.append(self.state)
            assert self.state is (A if outcome is Outcome.PASS else R)

    @invariant()
    def what_is_removed_comes_back_to_quarantine_only(self) -> None:
        assert {after for before, after in pairwise(self.history) if before is X} <= {Q}

    @invariant()
    def quarantine_is_entered_from_what_was_used_and_nowhere_else(self) -> None:
        into = [(place, before) for place, (before, after) in enumerate(pairwise(self.history), 1) if after is Q]
        assert {before for place, before in into if place not in self.held} <= {X, A}
        assert X not in {before for place, before in into if place in self.held}


def found_to_be(outcome: Outcome, why: Reason | None = None, trials: int = 5, successes: int = 0) -> Finding:
    return Finding(outcome, why, trials, successes, 0, 10, name("digest"))


TestLifeOfASkill = LifeOfASkill.TestCase
TestLifeOfASkill.settings = settings(max_examples=60, stateful_step_count=20)


@pytest.mark.parametrize("state", SkillState)
def test_an_inconclusive_finding_changes_nothing(state: SkillState) -> None:
    assert after_proof(state, found_to_be(Outcome.INCONCLUSIVE, Reason.NO_HARNESS)) is state


@pytest.mark.parametrize("outcome", Outcome)
def test_no_finding_moves_what_a_person_refused(outcome: Outcome) -> None:
    refused = SkillState.REFUSED
    assert after_proof(refused, found_to_be(outcome), Reason.OPERATOR.code) is refused
    assert after_proof(refused, found_to_be(Outcome.PASS), Reason.REFUTED.code) is SkillState.ADMITTED


# ---- receiving


def taken(skill: Skill, author: str, known: Known = NOTHING) -> bool:
    return receive(skill, author, known, {}.get, PARAMS) is not None


def why_not(skill: Skill, author: str, known: Known = NOTHING) -> Reason:
    return reason(receive, skill, author, known, {}.get, PARAMS)


CYCLE = changed(SHOUT, lineage=(name(1), name(1)))
BAD_PATHS = changed(with_files("../x"), lineage=CYCLE.lineage)
"""Breaks 3 and 4."""


def test_a_skill_that_nobody_knows_is_taken_with_its_ancestry() -> None:
    skill = changed(SHOUT, lineage=(name(1), name(2)))
    found = receive(skill, ALICE, Known(), {name(1): ()}.get, PARAMS)
    assert (found.resolved, found.unresolved, found.depth) == ((name(1),), (name(2),), 1)


@pytest.mark.parametrize(
    ("known", "skill", "expected"),
    [
        (Known(tombstoned=True), SHOUT, Reason.TOMBSTONED),
        (Known(withdrawn_by=frozenset({ALICE})), SHOUT, Reason.TOMBSTONED),
        (Known(published_by=frozenset({ALICE})), SHOUT, Reason.DUPLICATE),
        (Known(), with_files("../x"), Reason.BAD_BODY),
        (Known(), CYCLE, Reason.BAD_LINEAGE),
        # each before the next
        (Known(tombstoned=True, published_by=frozenset({ALICE})), BAD_PATHS, Reason.TOMBSTONED),
        (
            Known(withdrawn_by=frozenset({ALICE}), published_by=frozenset({ALICE})),
            BAD_PATHS,
            Reason.TOMBSTONED,
        ),
        (Known(published_by=frozenset({ALICE})), BAD_PATHS, Reason.DUPLICATE),
        (Known(), BAD_PATHS, Reason.BAD_BODY),
    ],
)
def test_the_first_check_that_fails_is_the_reason(known: Known, skill: Skill, expected: Reason) -> None:
    assert why_not(skill, ALICE, known) is expected


def test_what_others_published_or_took_back_does_not_stand_in_the_way() -> None:
    known = Known(withdrawn_by=frozenset({BOB}), published_by=frozenset({BOB, CAROL}))
    assert taken(SHOUT, ALICE, known)


@pytest.mark.parametrize(
    "path", ["", "/etc/passwd", "a/../../b", "a\\b", "C:x", "a//b", "con.txt", ".git/hooks/x", "a\x00"]
)
def test_a_bundle_with_a_bad_path_is_refused(path: str) -> None:
    assert why_not(with_files("good.txt", path), ALICE) is Reason.BAD_BODY


@pytest.mark.parametrize("paths", [("a", "a"), ("a.txt", "A.TXT"), ("straße", "STRASSE"), ("x/y", "X/Y")])
def test_a_bundle_with_one_path_twice_is_refused(paths: tuple[str, str]) -> None:
    assert why_not(with_files(*paths), ALICE) is Reason.BAD_BODY


@pytest.mark.parametrize("paths", [("a", "a/b"), ("a/b", "a"), ("x2", "x²"), ("A/b", "a")])
def test_a_bundle_whose_paths_stand_in_each_others_way_is_refused(paths: tuple[str, str]) -> None:
    assert why_not(with_files(*paths), ALICE) is Reason.BAD_BODY


def test_a_bundle_with_good_paths_is_taken() -> None:
    assert taken(with_files("a.txt", "b/a.txt", "c"), ALICE)


@pytest.mark.parametrize(("parents", "good"), [(32, True), (33, False)])
def test_lineage_is_held_to_the_parameters(parents: int, good: bool) -> None:
    skill = changed(SHOUT, lineage=tuple(name(number) for number in range(parents)))
    if good:
        assert taken(skill, ALICE)
    else:
        assert why_not(skill, ALICE) is Reason.BAD_LINEAGE


# ---- taking back


@pytest.mark.parametrize(
    ("published", "withdrawn", "author", "goes"),
    [
        ({ALICE}, (), ALICE, True),
        ({ALICE, BOB}, (), ALICE, False),
        ({ALICE, BOB}, (), BOB, False),
        ({ALICE, BOB}, {BOB}, ALICE, True),
        ({ALICE, BOB, CAROL}, {BOB}, ALICE, False),
        ({ALICE, BOB, CAROL}, {BOB, CAROL}, ALICE, True),
        ((), (), ALICE, Reason.NOT_AUTHOR),
        ({BOB}, (), ALICE, Reason.NOT_AUTHOR),
        ({BOB}, {BOB}, ALICE, Reason.NOT_AUTHOR),
        ({ALICE}, {ALICE}, ALICE, Reason.DUPLICATE),
        ({ALICE, BOB}, {ALICE}, ALICE, Reason.DUPLICATE),
    ],
)
def test_a_skill_goes_when_everybody_who_passed_it_on_has_taken_it_back(
    published: set[str], withdrawn: set[str], author: str, goes: bool | Reason
) -> None:
    known = Known(withdrawn_by=frozenset(withdrawn), published_by=frozenset(published))
    if isinstance(goes, Reason):
        assert reason(after_tombstone, author, known) is goes
    else:
        assert after_tombstone(author, known) is goes


@pytest.mark.parametrize("published", [{ALICE}, {ALICE, BOB}])
def test_what_is_this_nodes_own_stays_whoever_takes_it_back(published: set[str]) -> None:
    assert after_tombstone(ALICE, Known(own=True, published_by=frozenset(published))) is False


authors = st.sampled_from([ALICE, BOB, CAROL])


@given(st.frozensets(authors), st.frozensets(authors), authors)
def test_only_its_publishers_make_a_skill_go(published: frozenset[str], withdrawn: frozenset[str], author: str) -> None:
    known = Known(withdrawn_by=withdrawn, published_by=published)
    if author in published and author not in withdrawn:
        assert after_tombstone(author, known) == (published - withdrawn == {author})
    else:
        assert reason(after_tombstone, author, known) in (Reason.NOT_AUTHOR, Reason.DUPLICATE)


STOOD_BY = {"origin": ALICE, "published_by": frozenset({ALICE, BOB})}


@pytest.mark.parametrize(
    ("author", "known", "goes"),
    [
        (ALICE, Known(**STOOD_BY), True),
        (BOB, Known(**STOOD_BY), False),
        (CAROL, Known(**STOOD_BY), Reason.NOT_AUTHOR),
        (ALICE, Known(**STOOD_BY, own=True), False),
        (ALICE, Known(**STOOD_BY, withdrawn_by=frozenset({ALICE})), True),
        (ALICE, Known(**STOOD_BY, withdrawn_by=frozenset({ALICE}), recalled=True), Reason.DUPLICATE),
        (BOB, Known(**STOOD_BY, withdrawn_by=frozenset({BOB})), Reason.DUPLICATE),
        (BOB, Known(**STOOD_BY, withdrawn_by=frozenset({ALICE})), True),
        (ALICE, Known(published_by=frozenset({ALICE, BOB})), False),
    ],
)
def test_a_recall_takes_a_skill_away_when_it_is_by_who_brought_it_first(
    author: str, known: Known, goes: bool | Reason
) -> None:
    if isinstance(goes, Reason):
        assert reason(after_tombstone, author, known, True) is goes
    else:
        assert after_tombstone(author, known, True) is goes


@pytest.mark.parametrize("outcome", Outcome)
def test_no_finding_moves_what_is_held_since_an_ancestor_was_recalled(outcome: Outcome) -> None:
    assert after_proof(Q, found_to_be(outcome, Reason.REFUTED), Reason.ANCESTOR_RECALLED.code) is Q


@pytest.mark.parametrize("outcome", [Outcome.PASS, Outcome.FAIL])
def test_the_reason_alone_holds_nothing_that_is_in_use(outcome: Outcome) -> None:
    """What was approved since stands on its own: its reason is gone, and a finding moves it like any other."""
    assert after_proof(A, found_to_be(outcome), Reason.ANCESTOR_RECALLED.code) is (A if outcome is Outcome.PASS else R)


# ---- lies

PASSING = Claim(confidence=980_000, verification_score=1_000_000, trials=35, harness=HARNESS)
SILENT = Claim(confidence=980_000, trials=35, harness=HARNESS)
REFUTED = found_to_be(Outcome.FAIL, Reason.REFUTED)
FAIL, INCONCLUSIVE = Outcome.FAIL, Outcome.INCONCLUSIVE


@pytest.mark.parametrize(
    ("claim", "finding", "harness", "lie"),
    [
        (PASSING, REFUTED, HARNESS, True),
        (PASSING, REFUTED, OTHER_HARNESS, False),
        (PASSING, found_to_be(FAIL, Reason.REFUTED, trials=3), HARNESS, True),
        (PASSING, found_to_be(FAIL, Reason.REFUTED, trials=2), HARNESS, False),
        (PASSING, found_to_be(FAIL, Reason.REFUTED, successes=1), HARNESS, False),
        (PASSING, found_to_be(FAIL, Reason.FLAKY, successes=1), HARNESS, False),
        (PASSING, found_to_be(FAIL, Reason.OVER_LIMIT), HARNESS, False),
        (PASSING, found_to_be(INCONCLUSIVE, Reason.NO_HARNESS), HARNESS, False),
        (PASSING, found_to_be(INCONCLUSIVE, Reason.NO_CHECKS), HARNESS, False),
        (PASSING, found_to_be(Outcome.PASS, successes=5), HARNESS, False),
        (PASSING, found_to_be(FAIL, Reason.SANDBOX_FILE, trials=1, successes=1), OTHER_HARNESS, True),
        (PASSING, found_to_be(FAIL, Reason.SANDBOX_NETWORK, trials=1), OTHER_HARNESS, True),
        (PASSING, found_to_be(FAIL, Reason.SANDBOX_PROCESS, trials=1), OTHER_HARNESS, True),
        (PASSING, found_to_be(FAIL, Reason.VACUOUS, trials=1), OTHER_HARNESS, True),
        (SILENT, REFUTED, HARNESS, True),
        (SILENT, found_to_be(FAIL, Reason.VACUOUS), HARNESS, True),
        (Claim(), REFUTED, HARNESS, False),
        (Claim(verification_score=1, harness=HARNESS), REFUTED, HARNESS, True),
    ],
)
def test_what_is_a_lie(claim: Claim, finding: Finding, harness: str, lie: bool) -> None:
    assert is_lie(claim, finding, harness, PARAMS) is lie


def test_how_many_failures_make_a_lie_is_a_parameter() -> None:
    assert is_lie(PASSING, found_to_be(FAIL, Reason.REFUTED, trials=3), HARNESS, Params(refute_trials=4)) is False
    assert is_lie(PASSING, found_to_be(FAIL, Reason.REFUTED, trials=1), HARNESS, Params(refute_trials=1)) is True


@given(
    st.sampled_from(Reason),
    st.integers(0, 10),
    st.booleans(),
    st.sampled_from([HARNESS, OTHER_HARNESS]),
)
def test_no_blame_for_what_may_be_nobodys_fault(why: Reason, trials: int, claimed: bool, harness: str) -> None:
    claim = PASSING if claimed else Claim()
    if is_lie(claim, found_to_be(FAIL, why, trials), harness, PARAMS):
        assert claimed
        assert why.verdict == "reject"
        assert why is not Reason.REFUTED or (harness == HARNESS and trials >= 3)
