"""The bodies of the room's messages are read strictly, and their numbers must agree with each other."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansa.kernel import canonical
from hansa.kernel.limits import MAX_SAFE_INTEGER
from hansa.kernel.verdict import Reason
from hansa.kernel.wire import parse
from hansa.skills.messages import (
    EvidenceBody,
    SkillBody,
    TombstoneBody,
    evidence_body,
    skill_body,
    tombstone_body,
)
from hansa.skills.model import Claim, Evidence, Outcome, Skill
from tests.attacks.specimens import reason
from tests.skills.specimens import ALICE, HARNESS, SHOUT, found, name
from tests.skills.strategies import claims, findings_by, skills

EVIDENCE = evidence_body(found())


def travelled(body: Any) -> Any:
    """The body as it comes out of a message's bytes."""
    return canonical.decode(canonical.encode(body))


@given(skills, claims)
def test_a_skill_message_is_read_as_it_was_written(skill: Skill, claim: Claim) -> None:
    assert parse(travelled(skill_body(skill, claim)), SkillBody) == SkillBody(skill=skill, claim=claim)


@given(findings_by(st.just(ALICE), SHOUT.id), st.integers(0, MAX_SAFE_INTEGER))
def test_evidence_is_read_as_it_was_written(evidence: Evidence, at: int) -> None:
    fields = dict(evidence_body(evidence))
    if evidence.outcome is Outcome.PASS:
        trials, total = max(1, evidence.trials), max(1, evidence.total)
        fields |= {"trials": trials, "successes": trials, "passed": total, "total": total}
    again = parse(travelled(fields), EvidenceBody).as_evidence(ALICE, at)
    assert evidence_body(again) == fields
    assert (again.prover, again.at) == (ALICE, at)


def test_who_found_it_and_when_are_not_said_by_the_body() -> None:
    for field in ("prover", "at", "author"):
        assert reason(parse, {**EVIDENCE, field: 1}, EvidenceBody) is Reason.BAD_BODY


@pytest.mark.parametrize("outcome", Outcome)
def test_more_successes_than_trials_is_a_contradiction(outcome: Outcome) -> None:
    for numbers in ({"trials": 3, "successes": 4}, {"total": 3, "passed": 4}, {"trials": 0, "successes": 1}):
        body = parse({**EVIDENCE, "outcome": outcome.value, **numbers}, EvidenceBody)
        assert reason(body.as_evidence, ALICE, 1) is Reason.BAD_BODY


@pytest.mark.parametrize("numbers", [{"trials": 0, "successes": 0}, {"trials": 5, "successes": 4}])
def test_a_pass_has_trials_and_all_of_them_good(numbers: dict[str, int]) -> None:
    assert reason(parse({**EVIDENCE, **numbers}, EvidenceBody).as_evidence, ALICE, 1) is Reason.BAD_BODY
    for outcome in ("fail", "inconclusive"):
        assert parse({**EVIDENCE, **numbers, "outcome": outcome}, EvidenceBody).as_evidence(ALICE, 1)


@pytest.mark.parametrize("numbers", [{"passed": 0}, {"passed": 104}, {"passed": 0, "total": 0}])
def test_a_pass_has_checks_and_all_of_them_good(numbers: dict[str, int]) -> None:
    assert reason(parse({**EVIDENCE, **numbers}, EvidenceBody).as_evidence, ALICE, 1) is Reason.BAD_BODY


@pytest.mark.parametrize(
    ("field", "good", "bad"),
    [
        ("skill", name(2), "x"),
        ("harness", "x" * 64, "x" * 65),
        ("harness", "", None),
        ("sandbox", "x" * 64, "x" * 65),
        ("outcome", "fail", "passed"),
        ("outcome", "inconclusive", "PASS"),
        ("trials", 100_000, 100_001),
        ("trials", 35, -1),
        ("trials", 35, 35.0),
        ("trials", 35, "35"),
        ("successes", 0, -1),
        ("successes", 0, True),
        ("passed", MAX_SAFE_INTEGER, MAX_SAFE_INTEGER + 1),
        ("total", 0, -1),
        ("digest", name(3), ""),
        ("reason", "flaky", "x" * 65),
    ],
)
def test_every_field_of_evidence_has_its_bounds(field: str, good: Any, bad: Any) -> None:
    assert parse({**EVIDENCE, field: good}, EvidenceBody)
    assert reason(parse, {**EVIDENCE, field: bad}, EvidenceBody) is Reason.BAD_BODY


@pytest.mark.parametrize("field", sorted(set(EVIDENCE) - {"reason"}))
def test_evidence_without_a_field_is_refused(field: str) -> None:
    rest = {key: value for key, value in EVIDENCE.items() if key != field}
    assert reason(parse, rest, EvidenceBody) is Reason.BAD_BODY


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"skill": msgspec.to_builtins(SHOUT)},
        {"claim": {}},
        {"skill": SHOUT.id, "claim": {}},
        {"skill": msgspec.to_builtins(SHOUT), "claim": None},
        {"skill": msgspec.to_builtins(SHOUT), "claim": {}, "instance_id": ALICE},
        {"skill": msgspec.to_builtins(SHOUT), "claim": {"verified": True}},
        {"skill": {**msgspec.to_builtins(SHOUT), "trace_id": SHOUT.id}, "claim": {}},
    ],
)
def test_a_skill_message_of_another_shape_is_refused(body: dict[str, Any]) -> None:
    assert reason(parse, body, SkillBody) is Reason.BAD_BODY


def test_a_claim_may_be_silent() -> None:
    body = parse({"skill": msgspec.to_builtins(SHOUT), "claim": {}}, SkillBody)
    assert body.claim == Claim(confidence=0, verification_score=0, trials=0, harness="")


@given(st.text(max_size=500))
def test_a_tombstone_says_which_and_why(why: str) -> None:
    assert parse(travelled(tombstone_body(SHOUT.id, why)), TombstoneBody) == TombstoneBody(skill=SHOUT.id, why=why)


@pytest.mark.parametrize(
    "body", [{}, {"skill": "x"}, {"skill": SHOUT.id, "why": "x" * 501}, {"skill": SHOUT.id, "author": ALICE}]
)
def test_a_tombstone_of_another_shape_is_refused(body: dict[str, Any]) -> None:
    assert reason(parse, body, TombstoneBody) is Reason.BAD_BODY


def test_evidence_names_the_harness_it_was_found_under() -> None:
    assert parse(EVIDENCE, EvidenceBody).as_evidence(ALICE, 7).harness == HARNESS
