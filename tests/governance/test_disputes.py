"""The life of a dispute: the table, and what the same things come to in whatever order they arrive."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansa.governance.case import Act, Basis, Case, Court, Decision, Finding, Ground, Params, Ruled, Said, Says
from hansa.governance.disputes import OPEN, TRANSITIONS, Course, State, Trigger, diagram, follow, move
from hansa.kernel.errors import UsageError
from hansa.kernel.instant import DAY, Instant

OPENER, RESPONDENT, ME, DORA, EMIL, STRANGER = "opener", "respondent", "me", "dora", "emil", "stranger"
COURT = Court(ME, (DORA, EMIL))
CASE = Case("case", "skill", "claim", OPENER, RESPONDENT, Ground.FALSE_CLAIM, "it fails", ("deed",), Instant(1_000))
NOW = Instant(10_000 * DAY)
_NUMBER = itertools.count()


def found(prover: str, at: int, says: Says = Says.SUPPORTS) -> Finding:
    return Finding(f"evidence of {prover} at {at}", prover, Instant(at), says)


def said(act: Act, author: str, at: int, **fields: Any) -> Said:
    return Said(f"{act} by {author} at {at} {next(_NUMBER):06}", act, author, Instant(at), **fields)


def brings(prover: str, at: int, says: Says = Says.SUPPORTS, made: int | None = None) -> Said:
    return said(Act.FINDING, prover, at, finding=found(prover, at if made is None else made, says))


def runs(at: int, says: Says = Says.SUPPORTS) -> Said:
    return said(Act.RUN, ME, at, finding=found(ME, at, says))


def course(*heard: Said, case: Case = CASE, court: Court = COURT) -> Course:
    return follow(case, heard, court, NOW)


def end(*heard: Said, case: Case = CASE, court: Court = COURT) -> State:
    return course(*heard, case=case, court=court).state


# ---- the table


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("trigger", Trigger)
def test_a_move_is_in_the_table_or_refused(state: State, trigger: Trigger) -> None:
    if (state, trigger) in TRANSITIONS:
        assert move(state, trigger) is TRANSITIONS[state, trigger]
    else:
        with pytest.raises(UsageError, match=f"a case that is {state} takes no {trigger}"):
            move(state, trigger)


def test_every_state_can_be_reached_and_only_what_was_withdrawn_is_closed_for_good() -> None:
    reached, todo = {State.OPENED}, [State.OPENED]
    while todo:
        here = todo.pop()
        for (before, _), after in TRANSITIONS.items():
            if before is here and after not in reached:
                reached.add(after)
                todo.append(after)
    assert reached == set(State)
    assert {state for state in State if not any(before is state for before, _ in TRANSITIONS)} == {State.WITHDRAWN}


def test_the_diagram_has_every_move_of_the_table_and_no_other() -> None:
    lines = [line.strip() for line in diagram().splitlines()[2:]]
    assert lines == [f"{before} --> {after}: {trigger}" for (before, trigger), after in TRANSITIONS.items()]


# ---- who decides


def test_a_case_goes_its_way() -> None:
    heard = [said(Act.ANSWER, RESPONDENT, 2_000), brings(DORA, 3_000), brings(EMIL, 4_000)]
    states = [end(*heard[:number]) for number in range(4)]
    assert states == [State.OPENED, State.ANSWERED, State.EVIDENCE, State.UPHELD]
    decision = course(*heard).decision
    assert decision == Decision(
        Ruled.UPHELD, Basis.VERIFIERS, Instant(4_000), ("evidence of dora at 3000", "evidence of emil at 4000")
    )


def test_this_nodes_own_run_decides_first() -> None:
    others = [brings(DORA, 2_000), brings(EMIL, 3_000)]
    assert end(runs(1_500, Says.CONTRADICTS), *others) is State.DISMISSED
    assert end(*others, runs(4_000, Says.CONTRADICTS)) is State.DISMISSED
    assert course(*others, runs(4_000, Says.CONTRADICTS)).decision.basis is Basis.OWN
    assert end(*others, runs(4_000, Says.NOTHING)) is State.UPHELD


def test_of_this_nodes_own_runs_the_latest_counts() -> None:
    """A skill that turns bad on a day is not saved by having passed before it."""
    assert end(runs(2_000, Says.CONTRADICTS), runs(3_000)) is State.UPHELD
    assert end(runs(2_000), runs(3_000, Says.CONTRADICTS)) is State.DISMISSED


def test_a_run_to_the_same_effect_as_the_verifiers_makes_the_ruling_this_nodes_own() -> None:
    decided = course(brings(DORA, 2_000), brings(EMIL, 3_000), runs(4_000)).decision
    assert decided == Decision(Ruled.UPHELD, Basis.OWN, Instant(3_000), ("evidence of me at 4000",))


def test_what_was_run_before_the_case_was_opened_counts_for_nothing() -> None:
    assert end(runs(1_000, Says.CONTRADICTS)) is State.OPENED
    assert end(brings(DORA, 2_000, made=900), brings(EMIL, 2_000, made=1_000)) is State.OPENED


def test_a_party_does_not_judge_its_own_cause() -> None:
    for me in (OPENER, RESPONDENT):
        court = Court(me, (OPENER, RESPONDENT), Params(agreeing=1))
        heard = [
            replace(runs(2_000), author=me),
            brings(OPENER, 2_000),
            brings(RESPONDENT, 3_000, Says.CONTRADICTS),
        ]
        assert end(*heard, court=court) is State.OPENED
    assert end(brings(DORA, 2_000), court=Court(OPENER, (DORA,), Params(agreeing=1))) is State.UPHELD


def test_verifiers_must_agree_and_each_counts_once() -> None:
    assert end(brings(DORA, 2_000), brings(DORA, 3_000)) is State.EVIDENCE
    assert end(brings(DORA, 2_000), brings(EMIL, 3_000, Says.CONTRADICTS)) is State.EVIDENCE
    turned = [brings(DORA, 2_000), brings(EMIL, 3_000, Says.CONTRADICTS), brings(DORA, 4_000, Says.CONTRADICTS)]
    assert end(*turned) is State.DISMISSED
    three = Court(ME, (DORA, EMIL), Params(agreeing=3))
    assert end(brings(DORA, 2_000), brings(EMIL, 3_000), court=three) is State.EVIDENCE


def test_a_finding_of_somebody_elses_counts_for_nobody() -> None:
    borrowed = said(Act.FINDING, DORA, 2_000, finding=found(STRANGER, 2_000))
    assert end(borrowed, brings(EMIL, 3_000)) is State.EVIDENCE
    assert end(said(Act.FINDING, DORA, 2_000), brings(EMIL, 3_000)) is State.EVIDENCE


def test_undecided_stays_open() -> None:
    nothing = [runs(2_000, Says.NOTHING), brings(DORA, 3_000, Says.NOTHING), said(Act.ANSWER, RESPONDENT, 4_000)]
    assert end(*nothing) is State.ANSWERED
    assert course(*nothing).decision is None


def test_what_is_dated_ahead_is_left_for_later() -> None:
    heard = [runs(5_000)]
    assert follow(CASE, heard, COURT, Instant(4_999)).state is State.OPENED
    assert follow(CASE, heard, COURT, Instant(5_000)).state is State.UPHELD


@pytest.mark.parametrize("ground", Ground)
def test_an_operators_word_decides_what_no_run_can_show_and_nothing_else(ground: Ground) -> None:
    case = replace(CASE, ground=ground)
    word = said(Act.RULING, ME, 3_000, ruled=Ruled.UPHELD, basis=Basis.OPERATOR)
    expected = State.OPENED if ground.is_tried else State.UPHELD
    assert end(word, case=case) is expected
    assert end(replace(word, author=DORA), case=case) is State.OPENED
    assert end(replace(word, basis=Basis.OWN), case=case) is State.OPENED
    assert (end(runs(2_000), case=case) is State.UPHELD) == ground.is_tried


# ---- answer, withdrawal, appeal


def test_only_the_respondent_answers_and_once() -> None:
    assert end(said(Act.ANSWER, OPENER, 2_000), said(Act.ANSWER, STRANGER, 2_000)) is State.OPENED
    steps = course(said(Act.ANSWER, RESPONDENT, 2_000), said(Act.ANSWER, RESPONDENT, 3_000)).steps
    assert [one.counted for one in steps] == [True, False]


def test_only_the_opener_withdraws_and_then_nothing_follows() -> None:
    gone = said(Act.WITHDRAWAL, OPENER, 2_000)
    assert end(replace(gone, author=RESPONDENT)) is State.OPENED
    later = [runs(3_000), brings(DORA, 3_000), brings(EMIL, 4_000), said(Act.APPEAL, RESPONDENT, 5_000)]
    assert end(gone, *later) is State.WITHDRAWN
    assert course(gone, *later).decision is None


def test_a_ruling_is_not_withdrawn_from() -> None:
    assert end(runs(2_000, Says.CONTRADICTS), said(Act.WITHDRAWAL, OPENER, 3_000)) is State.DISMISSED


def test_the_party_that_lost_appeals_once_and_in_time() -> None:
    upheld = runs(2_000)
    assert end(upheld, said(Act.APPEAL, RESPONDENT, 3_000)) is State.APPEALED
    assert end(upheld, said(Act.APPEAL, OPENER, 3_000)) is State.UPHELD
    assert end(upheld, said(Act.APPEAL, STRANGER, 3_000)) is State.UPHELD
    assert end(upheld, said(Act.APPEAL, RESPONDENT, 2_000 + 30 * DAY)) is State.APPEALED
    assert end(upheld, said(Act.APPEAL, RESPONDENT, 2_001 + 30 * DAY)) is State.UPHELD
    again = [upheld, said(Act.APPEAL, RESPONDENT, 3_000), runs(4_000), said(Act.APPEAL, RESPONDENT, 5_000)]
    assert end(*again) is State.UPHELD
    assert end(said(Act.APPEAL, RESPONDENT, 3_000)) is State.OPENED


def test_after_an_appeal_only_new_runs_count() -> None:
    appealed = [brings(DORA, 2_000), brings(EMIL, 2_500), said(Act.APPEAL, RESPONDENT, 3_000)]
    assert end(*appealed, brings(DORA, 4_000, made=2_900), brings(EMIL, 4_000, made=3_000)) is State.APPEALED
    assert end(*appealed, brings(DORA, 4_000, Says.CONTRADICTS)) is State.APPEALED
    both = [brings(DORA, 4_000, Says.CONTRADICTS), brings(EMIL, 5_000, Says.CONTRADICTS)]
    assert end(*appealed, *both) is State.DISMISSED


# ---- whatever is said, in whatever order

AUTHORS = st.sampled_from([OPENER, RESPONDENT, ME, DORA, EMIL, STRANGER])
TIMES = st.integers(0, 40).map(lambda each: each * 5 * DAY)


@st.composite
def anything(draw: st.DrawFn, authors: st.SearchStrategy[str] = AUTHORS) -> Said:
    act, author = draw(st.sampled_from(Act)), draw(authors)
    if act is Act.RUN:
        author = ME
    at = draw(TIMES)
    fields: dict[str, Any] = {}
    if act in (Act.FINDING, Act.RUN):
        made = at if act is Act.RUN else draw(TIMES)
        fields["finding"] = draw(st.none() | st.just(found(author, made, draw(st.sampled_from(Says)))))
    if act is Act.RULING:
        fields = {"ruled": draw(st.sampled_from(Ruled)), "basis": draw(st.sampled_from(Basis))}
    return Said(f"record {draw(st.integers(0, 10**9))}", act, author, Instant(at), **fields)


def things(most: int = 12, authors: st.SearchStrategy[str] = AUTHORS) -> st.SearchStrategy[list[Said]]:
    return st.lists(anything(authors), max_size=most, unique_by=lambda one: one.record)


CASES = st.builds(lambda ground: replace(CASE, ground=ground), st.sampled_from(Ground))
COURTS = st.builds(
    lambda me, verifiers: Court(me, (DORA, EMIL), Params(agreeing=verifiers)),
    st.sampled_from([ME, OPENER, RESPONDENT]),
    st.integers(1, 3),
)


@given(CASES, COURTS, things(), st.randoms())
def test_any_order_of_arrival_ends_in_the_same_state(case: Case, court: Court, heard: list[Said], random: Any) -> None:
    shuffled = list(heard)
    random.shuffle(shuffled)
    assert follow(case, shuffled, court, NOW) == follow(case, heard, court, NOW)


@given(CASES, COURTS, things())
def test_nothing_that_is_said_leaves_the_table(case: Case, court: Court, heard: list[Said]) -> None:
    whole = follow(case, heard, court, NOW)
    assert len(whole.steps) == len(heard)
    before = State.OPENED
    moves = {(one, after) for (one, _), after in TRANSITIONS.items()}
    for step in whole.steps:
        direct = (before, step.state) in moves or before is step.state
        by_way_of_evidence = before in OPEN and step.state in (State.UPHELD, State.DISMISSED)
        assert direct or by_way_of_evidence
        assert step.counted or before is step.state
        before = step.state
    assert (whole.decision is not None) == (whole.state in (State.UPHELD, State.DISMISSED))


@given(CASES, COURTS, things(8), things(8, st.just(STRANGER)))
def test_the_words_of_others_change_exactly_nothing(
    case: Case, court: Court, heard: list[Said], others: list[Said]
) -> None:
    """Threat 27: whoever is no party, no verifier and not this node moves no case, however much is said."""
    taken = {one.record for one in heard}
    words = [one for one in others if one.author == STRANGER and one.record not in taken]
    alone, among = follow(case, heard, court, NOW), follow(case, [*heard, *words], court, NOW)
    assert (among.state, among.decision, among.tally, among.since) == (
        alone.state, alone.decision, alone.tally, alone.since,
    )  # fmt: skip
    assert [one for one in among.steps if one.said not in words] == list(alone.steps)
    assert not any(one.counted for one in among.steps if one.said in words)


@given(CASES, things())
def test_without_evidence_that_counts_nothing_is_ruled(case: Case, heard: list[Said]) -> None:
    words = [one for one in heard if one.act not in (Act.RUN,) and one.author != ME]
    assert follow(case, words, Court(ME), NOW).decision is None


@pytest.mark.parametrize(("field", "value"), [("agreeing", 0), ("agreeing", 101), ("appeal_days", 0)])
def test_a_number_that_makes_no_sense_is_named(field: str, value: int) -> None:
    with pytest.raises(ValueError, match=f"^{field} "):
        replace(Params(), **{field: value}).validate()
