"""The numbers of a skill: from this node's own runs alone, by formulas held against slower ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec import structs

from hansa.kernel.jobs import StepStatus, TrialEnd
from hansa.kernel.verdict import Reason
from hansa.skills.judge import judge
from hansa.skills.model import Evidence, Level, Outcome, Skill
from hansa.skills.policy import (
    Z_95,
    Gate,
    Params,
    Standing,
    level,
    publish_gates,
    standing,
    wilson_lower_bound,
)
from tests.skills.specimens import (
    ALICE,
    BOB,
    CAROL,
    HARNESS,
    ME,
    OTHER_HARNESS,
    SHOUT,
    changed,
    found,
    report,
    trial,
)
from tests.skills.strategies import findings_by

PROVED = Standing(HARNESS, 35, 35, 1.0, wilson_lower_bound(35, 35), Outcome.PASS)
INCONCLUSIVE, FAIL = Outcome.INCONCLUSIVE, Outcome.FAIL


def lowest_rate_not_refuted(successes: int, trials: int, z: float) -> Fraction:
    """The smallest rate p that a score test at z does not refute: (k/n - p)^2 <= z^2 p (1 - p) / n, by bisection."""
    rate, squared = Fraction(successes, trials), Fraction(z) ** 2
    low, high = Fraction(0), rate
    for _ in range(64):
        middle = (low + high) / 2
        if trials * (rate - middle) ** 2 <= squared * middle * (1 - middle):
            high = middle
        else:
            low = middle
    return high


counts = st.integers(1, 3_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(counts, st.sampled_from([1.0, Z_95, 2.576, 5.0]))
def test_confidence_is_the_lowest_rate_that_the_trials_do_not_refute(count: tuple[int, int], z: float) -> None:
    assert abs(wilson_lower_bound(*count, z) - float(lowest_rate_not_refuted(*count, z))) < 1e-9


@pytest.mark.parametrize(
    ("successes", "trials", "bound"),
    [(0, 0, 0.0), (0, 1, 0.0), (1, 1, 0.206549), (1, 2, 0.094531), (5, 10, 0.236593), (81, 263, 0.255320)],
)
def test_published_values_of_the_wilson_interval(successes: int, trials: int, bound: float) -> None:
    """The last is the worked example of Newcombe 1998, Statistics in Medicine 17:857."""
    assert round(wilson_lower_bound(successes, trials), 4) == round(bound, 4)


@pytest.mark.parametrize(("good", "opens"), [(33, False), (34, False), (35, True), (36, True)])
def test_thirty_five_good_trials_are_the_fewest_that_pass_the_gate(good: int, opens: bool) -> None:
    assert (wilson_lower_bound(good, good) > 0.9) is opens
    numbers = standing([found(trials=good, successes=good)], ME)
    gate = next(gate for gate in publish_gates(SHOUT, numbers, Params()) if gate.name == "confidence")
    assert (gate.reason is None) is opens


def test_the_default_number_of_trials_is_the_smallest_that_can_pass() -> None:
    params = Params()
    needed = next(n for n in range(1, 1_000) if wilson_lower_bound(n, n) > params.min_confidence)
    assert params.prove_trials == needed


@given(counts)
def test_more_success_never_lowers_confidence(count: tuple[int, int]) -> None:
    successes, trials = count
    bound = wilson_lower_bound(successes, trials)
    assert 0 <= bound <= successes / trials + 1e-12
    assert wilson_lower_bound(successes + 1, trials + 1) > bound
    assert wilson_lower_bound(successes, trials + 1) <= bound + 1e-12
    if successes < trials:
        assert wilson_lower_bound(successes + 1, trials) > bound


@given(counts)
def test_a_stricter_quantile_never_raises_confidence(count: tuple[int, int]) -> None:
    assert wilson_lower_bound(*count, 3.0) <= wilson_lower_bound(*count, 2.0) + 1e-12


@pytest.mark.parametrize(("successes", "trials"), [(1, 0), (2, 1), (-1, 1), (-1, -1), (0, -1)])
def test_impossible_counts_have_no_confidence(successes: int, trials: int) -> None:
    with pytest.raises(ValueError, match="successes in"):
        wilson_lower_bound(successes, trials)


@pytest.mark.parametrize("field", ["min_confidence", "min_verification_score"])
@pytest.mark.parametrize("value", [-0.1, 1.0, 1.5, float("nan")])
def test_a_gate_that_nothing_or_everything_passes_is_refused(field: str, value: float) -> None:
    with pytest.raises(ValueError, match=field):
        Params(**{field: value}).validate()


@pytest.mark.parametrize(
    "field", ["prove_trials", "import_trials", "refute_trials", "witnesses", "max_parents", "max_depth"]
)
@pytest.mark.parametrize("value", [0, -1])
def test_a_count_below_one_is_refused(field: str, value: int) -> None:
    with pytest.raises(ValueError, match=field):
        Params(**{field: value}).validate()


def test_the_defaults_are_those_of_the_protocol() -> None:
    params = Params()
    params.validate()
    assert (params.min_confidence, params.min_verification_score) == (0.9, 0.95)
    assert (params.max_parents, params.max_depth) == (32, 64)


# ---- standing


def test_without_own_decided_evidence_nothing_is_known() -> None:
    nothing = Standing("", 0, 0, 0.0, 0.0)
    assert standing([], ME) == nothing
    assert standing([found(prover=ALICE)], ME) == nothing
    assert standing([found(INCONCLUSIVE)], ME) == nothing


def test_standing_is_computed_from_the_latest_own_decided_run() -> None:
    old = found(at=1)
    newer = found(FAIL, at=5, trials=4, successes=1, passed=3, total=12, harness=OTHER_HARNESS)
    undecided = found(INCONCLUSIVE, at=9)
    theirs = found(prover=ALICE, at=10)
    expected = Standing(OTHER_HARNESS, 4, 1, 0.25, wilson_lower_bound(1, 4), FAIL, "refuted")
    for order in ([old, newer, undecided, theirs], [theirs, undecided, newer, old], [newer, old, theirs, undecided]):
        assert standing(order, ME) == expected
    assert standing([newer, structs.replace(old, at=6)], ME) == PROVED


def test_a_run_without_counted_checks_has_no_score() -> None:
    assert standing([found(FAIL, passed=0, total=0)], ME).verification_score == 0.0


evidence_of_others = st.lists(findings_by(st.sampled_from([ALICE, BOB, CAROL]), SHOUT.id), max_size=6)
evidence_of_mine = st.lists(findings_by(st.just(ME), SHOUT.id), max_size=4, unique_by=lambda one: one.at)


@given(evidence_of_mine, evidence_of_others)
def test_what_others_found_never_changes_the_numbers(mine: list[Evidence], theirs: list[Evidence]) -> None:
    assert standing([*theirs, *mine], ME) == standing(mine, ME)


@given(evidence_of_mine, st.integers(0, 2_000))
def test_an_inconclusive_run_never_changes_anything(mine: list[Evidence], at: int) -> None:
    after = [*mine, found(INCONCLUSIVE, at=at)]
    assert standing(after, ME) == standing(mine, ME)
    assert level(after, ME, True, 2) == level(mine, ME, True, 2)


# ---- levels


@pytest.mark.parametrize(
    ("evidence", "signed", "expected"),
    [
        ([], False, Level.E0),
        ([], True, Level.E1),
        ([found(INCONCLUSIVE)], True, Level.E1),
        ([found(FAIL)], True, Level.E1),
        ([found(FAIL)], False, Level.E0),
        ([found(prover=ALICE), found(prover=BOB), found(prover=CAROL)], True, Level.E1),
        ([found(prover=ALICE), found(prover=BOB), found(prover=CAROL)], False, Level.E0),
        ([found()], True, Level.E2),
        ([found()], False, Level.E2),
        ([found(), found(prover=ALICE)], True, Level.E2),
        ([found(), found(prover=ALICE, at=1), found(prover=ALICE, at=2, harness=OTHER_HARNESS)], True, Level.E2),
        ([found(), found(FAIL, prover=ALICE), found(INCONCLUSIVE, prover=BOB)], True, Level.E2),
        ([found(), found(prover=ALICE), found(prover=BOB)], True, Level.E3),
        ([found(FAIL, at=9), found(at=1), found(prover=ALICE), found(prover=BOB)], True, Level.E1),
        ([found(at=1), found(at=2, harness=OTHER_HARNESS)], True, Level.E4),
        ([found(at=1), found(FAIL, at=2, harness=OTHER_HARNESS)], True, Level.E1),
        ([found(FAIL, at=1, harness=OTHER_HARNESS), found(at=2)], True, Level.E2),
        ([found(at=1), found(INCONCLUSIVE, at=2, harness=OTHER_HARNESS)], True, Level.E2),
        ([found(at=1), found(at=2)], True, Level.E2),
    ],
)
def test_levels(evidence: list[Evidence], signed: bool, expected: Level) -> None:
    assert level(evidence, ME, signed, witnesses=2) is expected
    assert level(evidence[::-1], ME, signed, witnesses=2) is expected


@pytest.mark.parametrize(("witnesses", "expected"), [(1, Level.E3), (2, Level.E3), (3, Level.E2)])
def test_how_many_witnesses_are_needed_is_a_parameter(witnesses: int, expected: Level) -> None:
    evidence = [found(), found(prover=ALICE), found(prover=BOB)]
    assert level(evidence, ME, True, witnesses) is expected


@given(evidence_of_mine, evidence_of_others, st.booleans(), st.integers(1, 3))
def test_others_lift_only_what_is_proved_here(
    mine: list[Evidence], theirs: list[Evidence], signed: bool, witnesses: int
) -> None:
    alone = level(mine, ME, signed, witnesses)
    together = level([*mine, *theirs], ME, signed, witnesses)
    if alone is Level.E2:
        assert together in (Level.E2, Level.E3)
    else:
        assert together is alone


def test_a_pass_that_failed_later_under_the_same_harness_does_not_count_for_e4() -> None:
    evidence = [found(at=1), found(FAIL, at=2), found(at=3, harness=OTHER_HARNESS)]
    assert level(evidence, ME, True, witnesses=2) is Level.E2


def test_a_witness_that_has_changed_its_mind_is_none() -> None:
    evidence = [found(), found(prover=ALICE, at=1), found(FAIL, prover=ALICE, at=2), found(prover=BOB)]
    assert level(evidence, ME, True, witnesses=2) is Level.E2


# ---- publish gates


def shut(skill: Skill, numbers: Standing, params: Params | None = None) -> list[Reason]:
    return [gate.reason for gate in publish_gates(skill, numbers, params or Params()) if gate.reason]


def test_a_good_skill_finds_every_gate_open() -> None:
    assert shut(SHOUT, PROVED) == []
    assert all(isinstance(gate, Gate) and gate.asked and gate.found for gate in publish_gates(SHOUT, PROVED, Params()))


KEY = "-----BEGIN PRIVATE KEY-----"
Break = Callable[[Skill, Standing], tuple[Skill, Standing]]
BREAKS: list[tuple[Reason, Break]] = [
    (Reason.NO_REASONING, lambda skill, numbers: (changed(skill, reasoning_path=()), numbers)),
    (Reason.NO_CHECKS, lambda skill, numbers: (changed(skill, checks=()), numbers)),
    (Reason.LOW_SCORE, lambda skill, numbers: (skill, replace(numbers, verification_score=0.949))),
    (Reason.LOW_CONFIDENCE, lambda skill, numbers: (skill, replace(numbers, confidence=0.9))),
    (Reason.SECRET, lambda skill, numbers: (changed(skill, intent=f"shout {KEY}"), numbers)),
    (Reason.NO_LICENSE, lambda skill, numbers: (changed(skill, license=""), numbers)),
]


@pytest.mark.parametrize(("reason", "broken"), BREAKS, ids=[reason.code for reason, _ in BREAKS])
def test_every_gate_shuts_alone(reason: Reason, broken: Break) -> None:
    assert shut(*broken(SHOUT, PROVED)) == [reason]


@given(st.sets(st.integers(0, len(BREAKS) - 1)))
def test_gates_do_not_hide_each_other(which: set[int]) -> None:
    skill, numbers = SHOUT, PROVED
    for number in which:
        skill, numbers = BREAKS[number][1](skill, numbers)
    assert set(shut(skill, numbers)) == {BREAKS[number][0] for number in which}


@pytest.mark.parametrize(
    ("numbers", "reasons"),
    [
        (replace(PROVED, verification_score=0.95), []),
        (replace(PROVED, confidence=0.9), [Reason.LOW_CONFIDENCE]),
        (replace(PROVED, confidence=0.900001), []),
        (Standing(""), [Reason.LOW_SCORE, Reason.LOW_CONFIDENCE]),
    ],
)
def test_the_score_may_equal_its_bound_and_confidence_must_exceed_it(numbers: Standing, reasons: list[Reason]) -> None:
    assert shut(SHOUT, numbers) == reasons


def test_gates_follow_the_parameters() -> None:
    strict = Params(min_confidence=0.99, min_verification_score=0.999)
    assert shut(SHOUT, replace(PROVED, verification_score=0.99), strict) == [Reason.LOW_SCORE, Reason.LOW_CONFIDENCE]


def test_the_finding_of_the_secret_gate_names_no_secret() -> None:
    gates = publish_gates(changed(SHOUT, intent=KEY), PROVED, Params())
    assert all(KEY not in f"{gate.found}{gate.asked}" for gate in gates)


@given(evidence_of_mine)
def test_a_skill_whose_last_run_failed_every_trial_stays_in(mine: list[Evidence]) -> None:
    assume(mine)
    last = found(FAIL, at=5_000)
    assert Reason.LOW_CONFIDENCE in shut(SHOUT, standing([*mine, last], ME))


@pytest.mark.parametrize(
    "good",
    [0, 1, 59],
)
def test_what_the_sandbox_refused_is_not_published_even_when_every_check_passed(good: int) -> None:
    reaching = trial(("'A!'", "'!'"), (StepStatus.OK,), TrialEnd.COMPLETED, "file")
    finding = judge(SHOUT, report(*[trial()] * good, *[reaching] * max(1, 35 - good)))
    assert (finding.outcome, finding.reason) == (FAIL, Reason.SANDBOX_FILE)
    evidence = found(
        FAIL,
        trials=finding.trials,
        successes=finding.successes,
        passed=finding.passed,
        total=finding.total,
        reason=Reason.SANDBOX_FILE.code,
    )
    assert shut(SHOUT, standing([evidence], ME))
