"""Attack 18: a sender praises its own skill. What it says is shown, and decides nothing."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansa.kernel.ids import ContentId
from hansa.kernel.jobs import SandboxLimits, StepReport, StepStatus, TrialEnd, TrialReport
from hansa.kernel.verdict import Reason
from hansa.kernel.wire import parse
from hansa.node.shelf import skill_row
from hansa.skills import judge, lineage, policy, ranking, service
from hansa.skills.messages import SkillBody, skill_body
from hansa.skills.model import MILLION, Claim, Evidence, Level, Origin, Outcome, Skill
from hansa.skills.policy import Params, level, publish_gates, standing
from hansa.skills.ranking import Facts, rank
from tests.attacks.specimens import NOW, key, proved, reason
from tests.skills.specimens import ALICE, BOB, HARNESS, ME, SHOUT, found, report, trial
from tests.skills.strategies import claims, findings_by

BOASTS = [
    Claim(),
    Claim(confidence=MILLION, verification_score=MILLION, trials=2**53 - 1, harness=HARNESS),
    Claim(confidence=980_000, verification_score=1, trials=35, harness="x" * 64),
]


def received(claim: Claim) -> Skill:
    """The skill as it comes out of a signed message with this claim."""
    return parse(proved(key(1), skill_body(SHOUT, claim)).body, SkillBody).skill


def decisions(skill: Skill, evidence: list[Evidence]) -> list[object]:
    """Everything that is decided about a skill when it has come in."""
    numbers = standing(evidence, ME)
    reached = level(evidence, ME, True, 2)
    facts = {skill.id: Facts(reached, numbers.confidence, NOW, 0)}
    return [
        skill.id,
        skill_row(skill, Origin.PEER, ALICE, NOW, "a source"),
        service.receive(skill, ALICE, service.Known(), {}.get, Params()),
        judge.job_for(skill, 5, 3, 1, SandboxLimits()),
        judge.judge(skill, report(trial())),
        numbers,
        reached,
        publish_gates(skill, numbers, Params()),
        rank({skill.id: 0.8}, [(skill.id, 1.0)], facts, NOW, ranking.Params()),
    ]


@pytest.mark.parametrize("claim", BOASTS)
def test_what_is_claimed_changes_nothing_that_is_decided(claim: Claim) -> None:
    evidence = [found(prover=BOB), found(Outcome.FAIL, prover=ALICE)]
    assert decisions(received(claim), evidence) == decisions(SHOUT, evidence)


@given(claims, st.lists(findings_by(st.sampled_from([ME, ALICE, BOB]), SHOUT.id), max_size=4))
def test_no_claim_changes_anything_that_is_decided(claim: Claim, evidence: list[Evidence]) -> None:
    assert decisions(received(claim), evidence) == decisions(SHOUT, evidence)


@pytest.mark.parametrize("claim", BOASTS)
def test_a_skill_that_was_only_praised_stays_at_e1_and_is_not_passed_on(claim: Claim) -> None:
    skill = received(claim)
    assert level([], ME, True, 2) is Level.E1
    shut = [gate.reason for gate in publish_gates(skill, standing([], ME), Params()) if gate.reason]
    assert shut == [Reason.LOW_SCORE, Reason.LOW_CONFIDENCE]


@given(st.lists(findings_by(st.sampled_from([ALICE, BOB]), SHOUT.id), max_size=8))
def test_praise_by_others_is_no_proof_either(evidence: list[Evidence]) -> None:
    assert level(evidence, ME, True, 1) is Level.E1
    assert standing(evidence, ME).confidence == 0.0


@pytest.mark.parametrize("room", [policy, ranking, judge, lineage], ids=lambda room: room.__name__)
def test_no_function_that_decides_is_even_told_of_a_claim(room: object) -> None:
    for name, function in inspect.getmembers(room, inspect.isfunction):
        told = {str(one.annotation) for one in inspect.signature(function).parameters.values()}
        assert not any("Claim" in one for one in told), name


def test_a_claim_is_used_in_one_place_only_and_only_against_its_author() -> None:
    """A boast that proves false is a lie; no boast makes anything better."""
    using: list[Callable[..., object]] = [
        function
        for _, function in inspect.getmembers(service, inspect.isfunction)
        if any("Claim" in str(one.annotation) for one in inspect.signature(function).parameters.values())
    ]
    assert using == [service.is_lie]


def test_a_body_cannot_bring_its_own_numbers() -> None:
    body = skill_body(SHOUT, Claim())
    for field in ("confidence", "verification_score", "trials", "harness", "evidence", "state", "level"):
        for shape in ({**body, field: 1}, {**body, "skill": {**body["skill"], field: 1}}):  # type: ignore[dict-item]
            assert reason(parse, shape, SkillBody) is Reason.BAD_BODY


def test_an_id_is_the_same_whatever_is_claimed() -> None:
    assert {received(claim).id for claim in BOASTS} == {ContentId(SHOUT.id)}


@pytest.mark.parametrize("status", [one for one in StepStatus if one is not StepStatus.OK])
def test_a_call_that_raised_is_not_passed_by_the_value_it_shows(status: StepStatus) -> None:
    shown = TrialReport(TrialEnd.COMPLETED, (StepReport("call", 0, status, "'A!'"), *trial().steps[2:]))
    assert judge.judge(SHOUT, report(shown)).successes == 0


def test_a_failed_check_is_not_mended_by_reporting_it_again() -> None:
    steps = trial().steps
    again = TrialReport(TrialEnd.COMPLETED, (StepReport("call", 0, StepStatus.RAISED), *steps))
    assert judge.judge(SHOUT, report(trial())).successes == 1
    assert judge.judge(SHOUT, report(again)).successes == 0


def test_who_claims_nothing_tells_no_lie() -> None:
    vacuous = judge.Finding(Outcome.FAIL, Reason.VACUOUS, 5, 0, 0, 0, "0" * 64)
    assert not service.is_lie(Claim(), vacuous, HARNESS, Params())
    assert service.is_lie(BOASTS[1], vacuous, HARNESS, Params())
